"""What a run will cost, before it is paid: calls, tokens and minutes from stated rates."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table

from meds3.chains.prompt import question_text
from meds3.engines.models import RECORDS
from meds3.evolution.base_systems import base_systems
from meds3.evolution.config import RunConfig
from meds3.evolution.missing import missing_model, missing_problems
from meds3.evolution.overlap import checked_problems
from meds3.evolution.step_rollouts import stage_name
from meds3.search.config import SearchConfig

# Measured on 2 AVX2 cores (157 GFLOP/s fp32) with the embedded 135M model: generated tokens/s
# of the search, tokens/s of LoRA training and of step scoring. Elsewhere they are only a scale.
GENERATED_PER_S = 230.0
TRAINED_PER_S = 300.0
SCORED_PER_S = 500.0
LOAD_S = 12.0
# Share of a token limit that chains use on average (measured on the gym with the base model).
_FILL = 0.55
_WORDS_TO_TOKENS = 1.5
# Tokens of a prompt where the problems are not here to be read. By the estimate above the means of
# eight public datasets lie between 104 (HEAD-QA) and 448 (DDXPlus).
ASSUMED_PROMPT = 300


@dataclass(frozen=True)
class PlannedStage:
    """One stage; `calls` and `tokens` are upper estimates. `seconds` at the rates above."""

    name: str
    calls: int
    tokens: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """The stages of a run; `missing` is what they need and this machine does not have.

    `assumed`: the prompts' length is not measured, for not all problems are here. `rated`: the
    rates above were measured with this very model.
    """

    stages: list[PlannedStage]
    missing: list[str]
    assumed: bool
    rated: bool


@dataclass(frozen=True)
class _Size:
    """How many problems, the seeds by round from the first, and the tokens of a prompt."""

    seeds: list[int]
    heldout: int
    prompt: int


def plan(config: RunConfig) -> Plan:
    """What a run is expected to cost. Reads the problems if all are here, runs nothing.

    Raises `InputError` for faulty problems, as the run would.
    """
    lacking = missing_problems(config)
    if lacking:
        sources = config.problems.sources
        seeds = [
            sum(s.seeds for s in sources if s.searched_in(number)) for number in _rounds(config)
        ]
        size = _Size(seeds, sum(s.heldout for s in sources), ASSUMED_PROMPT)
    else:
        size = _measured(config)
    return Plan(
        stages=_stages(config, size),
        missing=[*missing_model(config), *lacking],
        assumed=bool(lacking),
        rated=config.model in RECORDS,
    )


def _measured(config: RunConfig) -> _Size:
    problems = checked_problems(config.problems)
    words = [len(question_text(p).split()) for p in (*problems.seeds, *problems.heldout)]
    prompt = int(_WORDS_TO_TOKENS * sum(words) / max(len(words), 1)) + 40
    seeds = [len(problems.seeds_of(number)) for number in _rounds(config)]
    return _Size(seeds, len(problems.heldout), prompt)


def _rounds(config: RunConfig) -> range:
    return range(1, config.rounds + 1)


def _stages(config: RunConfig, size: _Size) -> list[PlannedStage]:
    heldout, prompt = size.heldout, size.prompt
    chain = int(_FILL * config.answering.max_tokens)
    samples = config.answering.n
    asked = heldout * (samples + 1) * chain
    scored = heldout * (prompt + samples * chain)
    stages = [
        PlannedStage(f"eval/{name}", 2 * heldout, asked, asked / GENERATED_PER_S + LOAD_S)
        for name in base_systems(config.evaluation.baselines)
    ]
    calls, tokens = _tree(config.search)
    for number, seeds in zip(_rounds(config), size.seeds, strict=True):
        sft = int(seeds * (prompt + _sft_chains(config) * chain) * config.sft.epochs)
        prm_chains = config.prm.per_problem or calls
        learned = sum(size.seeds[:number]) if config.fresh else seeds
        prm = int(learned * (prompt + prm_chains * chain) * config.prm.epochs)
        generated = seeds * tokens
        stages += [
            PlannedStage(
                f"round-{number}/search", seeds * calls, generated, generated / GENERATED_PER_S
            ),
            PlannedStage(f"round-{number}/sft", 0, sft, sft / TRAINED_PER_S + LOAD_S),
        ]
        if config.dpo is not None:
            pairs = int(seeds * config.dpo.per_problem * 2 * (prompt + chain) * config.dpo.epochs)
            stages.append(PlannedStage(f"round-{number}/dpo", 0, pairs, 2 * pairs / TRAINED_PER_S))
        if config.fresh is not None:
            written = learned * config.fresh.chains * chain
            seconds = written / GENERATED_PER_S + LOAD_S
            stages.append(PlannedStage(f"round-{number}/fresh", learned, written, seconds))
        stages += [
            PlannedStage(f"round-{number}/prm", 0, prm, prm / TRAINED_PER_S + LOAD_S),
            PlannedStage(
                f"eval/round-{number}", 2 * heldout, asked, asked / GENERATED_PER_S + LOAD_S
            ),
            PlannedStage(f"eval/…@prm-{number}", 0, 2 * scored, 2 * scored / SCORED_PER_S),
        ]
        if steps := config.evaluation.step_rollouts:
            rolled = steps * config.evaluation.rollouts_per_step * chain
            seconds = rolled / GENERATED_PER_S + LOAD_S
            stages.append(PlannedStage(stage_name(number), steps, rolled, seconds))
    return stages


def _tree(config: SearchConfig) -> tuple[int, int]:
    """Calls and generated tokens of a tree that grows to `max_nodes`: an upper estimate."""
    nodes = config.max_nodes
    if config.give_up_after is not None:
        nodes = min(nodes, max(config.give_up_after // config.rollouts_at(2), 2))
    rollouts = nodes * config.rollouts_at(2)
    rollout_tokens = int(_FILL * config.max_rollout_tokens)
    step_tokens = int(_FILL * config.max_step_tokens)
    expansions = nodes // config.max_children + 1
    return nodes + 2 * expansions, rollouts * rollout_tokens + nodes * step_tokens


def _sft_chains(config: RunConfig) -> int:
    """Chains of one problem that the policy learns from, at most."""
    if config.sft.choose != "all":
        return config.sft.per_problem
    return _tree(config.search)[0] if config.sft.kept_rollouts else config.search.correct_finishes


def plan_table(planned: Plan) -> Table:
    """The plan for the console; without minutes where no rate is known."""
    table = Table("stage", title="plan (upper estimate)", title_justify="left")
    for heading in ("engine calls", "tokens", *(["minutes"] if planned.rated else [])):
        table.add_column(heading, justify="right")
    stages = planned.stages
    whole = PlannedStage(
        "all",
        sum(s.calls for s in stages),
        sum(s.tokens for s in stages),
        sum(s.seconds for s in stages),
    )
    for s in (*stages, whole):
        if s is whole:
            table.add_section()
        minutes = [f"{s.seconds / 60:.1f}"] if planned.rated else []
        table.add_row(s.name, f"{s.calls:,}", f"{s.tokens:,}", *minutes)
    table.caption = "; ".join(_footnotes(planned))
    return table


def _footnotes(planned: Plan) -> list[str]:
    rates = (
        f"at {GENERATED_PER_S:.0f} generated, {TRAINED_PER_S:.0f} trained and "
        f"{SCORED_PER_S:.0f} scored tokens/s: 2 AVX2 cores and the embedded 135M model"
        if planned.rated
        else "no minutes: rates were measured with the embedded model only"
    )
    assumed = f"prompts of {ASSUMED_PROMPT} tokens are assumed: not all problems are here"
    return [rates, assumed] if planned.assumed else [rates]
