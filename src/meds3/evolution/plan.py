"""What a run will cost, before it is paid: calls, tokens and minutes from stated rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.table import Table

from meds3.answering.prompting import ONE_LINE
from meds3.chains.prompt import question_text
from meds3.engines.models import RECORDS, cached_path
from meds3.evolution.base_systems import base_systems
from meds3.evolution.config import RunConfig
from meds3.evolution.gpus import Gpus, gpus_of
from meds3.evolution.missing import missing_engine, missing_model, missing_problems
from meds3.evolution.overlap import checked_problems
from meds3.evolution.rates import TWO_CORES, Rates
from meds3.evolution.step_rollouts import stage_name
from meds3.learning.verified import ALONE
from meds3.search.config import SearchConfig

LOAD_S = 12.0
# Share of a token limit that chains use on average (measured on the gym with the base model).
_FILL = 0.55
# Tokens of a chain that is an answer alone: of the embedded base on eight public datasets 8
# (`direct`) and 14 (`option-shots`), of a policy that learned such answers (`option`) 12.
_ANSWER_TOKENS = 12
_WORDS_TO_TOKENS = 1.5
_BYTES_A_TOKEN = 12  # of a journal: the text in a call and again in its tree, and their keys
# Tokens of a prompt where the problems are not here to be read. By the estimate above the means of
# eight public datasets lie between 104 (HEAD-QA) and 448 (DDXPlus).
ASSUMED_PROMPT = 300


@dataclass(frozen=True)
class PlannedStage:
    """One stage; `calls` and `tokens` are estimates from limits, `seconds` follow from the rates.

    `gpus` are those that work in it: the engine's, the training's, or the one that scores.
    """

    name: str
    calls: int
    tokens: int
    seconds: float
    gpus: int = 0

    @property
    def gpu_hours(self) -> float:
        return self.gpus * self.seconds / 3600


@dataclass(frozen=True)
class Plan:
    """The stages of a run; `missing` is what they need and this machine does not have.

    `assumed`: the prompts' length is not measured, for not all problems are here. `rated`: the
    rates were measured with this very model, and on GPUs if the plan is for GPUs. `disk_gib` is
    None where the model is not here to be weighed.
    """

    stages: list[PlannedStage]
    missing: list[str]
    assumed: bool
    rated: bool
    rates: Rates
    disk_gib: float | None


@dataclass(frozen=True)
class _Size:
    """How many problems, and the tokens of a prompt. `seeds` are those of each round, `firsts` the
    first round that searches each seed."""

    seeds: list[int]
    firsts: list[int]
    heldout: int
    prompt: int


def plan(config: RunConfig, rates: Rates = TWO_CORES) -> Plan:
    """What a run is expected to cost at `rates`. Reads the problems if all are here, runs nothing.

    Raises `InputError` for faulty problems, as the run would.
    """
    lacking = missing_problems(config)
    if lacking:
        sources = config.problems.sources
        seeds = [
            sum(s.seeds for s in sources if s.searched_in(number)) for number in _rounds(config)
        ]
        firsts = [min(s.rounds or (1,)) for s in sources for _ in range(s.seeds)]
        size = _Size(seeds, firsts, sum(s.heldout for s in sources), ASSUMED_PROMPT)
    else:
        size = _measured(config)
    gpus = gpus_of(config)
    fitting = _same_model(config.model, rates.model) and bool(gpus.asked) == bool(rates.gpus.asked)
    rates = rates.on(gpus)
    stages = _stages(config, size, rates)
    return Plan(
        stages=stages,
        missing=[*missing_model(config), *missing_engine(config), *lacking],
        assumed=bool(lacking),
        rated=fitting,
        rates=rates,
        disk_gib=_disk_gib(config, stages),
    )


def _same_model(one: str, other: str) -> bool:
    return one == other or (one in RECORDS and RECORDS.get(one) == RECORDS.get(other))


def _disk_gib(config: RunConfig, stages: Sequence[PlannedStage]) -> float | None:
    """The journal, and each round's policy (after SFT, too, where DPO follows) and PRM.

    A checkpoint of full training holds the weights and two moments in 32 bits.
    """
    path = cached_path(RECORDS[config.model]) if config.model in RECORDS else Path(config.model)
    if not path.exists():
        return None
    files = [path] if path.is_file() else [*path.glob("*.safetensors")]
    size = sum(file.stat().st_size for file in files)
    weights = 4 * size if path.suffix == ".gguf" else size  # about 4 bits a weight; else 16
    models = config.rounds * (2 + (config.dpo is not None)) * weights
    checkpoint = 6 * weights if config.sft.full else weights
    journal = sum(s.tokens for s in stages if s.calls) * _BYTES_A_TOKEN
    return (models + checkpoint + journal) / 2**30


def _measured(config: RunConfig) -> _Size:
    problems = checked_problems(config.problems)
    words = [len(question_text(p).split()) for p in (*problems.seeds, *problems.heldout)]
    prompt = int(_WORDS_TO_TOKENS * sum(words) / max(len(words), 1)) + 40
    seeds = [len(problems.seeds_of(number)) for number in _rounds(config)]
    firsts = [problems.first_round(seed) for seed in problems.seeds]
    return _Size(seeds, firsts, len(problems.heldout), prompt)


def _rounds(config: RunConfig) -> range:
    return range(1, config.rounds + 1)


def _judged(config: RunConfig, size: _Size, number: int) -> int:
    """The seeds whose chains the PRM of a round learns from."""
    if config.fresh is None:
        return size.seeds[number - 1]
    return sum(config.fresh.takes(first, number) for first in size.firsts)


def _stages(config: RunConfig, size: _Size, rates: Rates) -> list[PlannedStage]:
    heldout, prompt = size.heldout, size.prompt
    reasoned = int(_FILL * config.answering.max_tokens)
    samples = config.answering.n

    def measured(name: str, chain: int) -> PlannedStage:
        asked = heldout * (samples + 1) * chain
        seconds = asked / rates.generated_per_s + LOAD_S
        return PlannedStage(f"eval/{name}", 2 * heldout, asked, seconds)

    stages = [
        measured(name, _ANSWER_TOKENS if style in ONE_LINE else reasoned)
        for name, style in base_systems(config.evaluation.baselines).items()
    ]
    chain = _ANSWER_TOKENS if config.sft.reasons in ALONE else reasoned  # of the trained policy
    scored = heldout * (prompt + samples * chain)
    calls, tokens = _tree(config.search)
    for number, seeds in zip(_rounds(config), size.seeds, strict=True):
        sft = int(seeds * (prompt + _sft_chains(config) * chain) * config.sft.epochs)
        prm_chains = config.prm.per_problem or calls
        learned = _judged(config, size, number)
        prm = int(learned * (prompt + prm_chains * chain) * config.prm.epochs)
        generated = seeds * tokens
        stages += [
            PlannedStage(
                f"round-{number}/search",
                seeds * calls,
                generated,
                generated / rates.generated_per_s,
            ),
            PlannedStage(f"round-{number}/sft", 0, sft, sft / rates.trained_per_s + LOAD_S),
        ]
        if config.dpo is not None:
            pairs = int(seeds * config.dpo.per_problem * 2 * (prompt + chain) * config.dpo.epochs)
            stages.append(
                PlannedStage(f"round-{number}/dpo", 0, pairs, 2 * pairs / rates.trained_per_s)
            )
        if config.fresh is not None:
            written = learned * config.fresh.chains * chain
            seconds = written / rates.generated_per_s + LOAD_S
            stages.append(PlannedStage(f"round-{number}/fresh", learned, written, seconds))
        stages += [
            PlannedStage(f"round-{number}/prm", 0, prm, prm / rates.trained_per_s + LOAD_S),
            measured(f"round-{number}", chain),
            PlannedStage(f"eval/…@prm-{number}", 0, 2 * scored, 2 * scored / rates.scored_per_s),
        ]
        if steps := config.evaluation.step_rollouts:
            rolled = steps * config.evaluation.rollouts_per_step * chain
            seconds = rolled / rates.generated_per_s + LOAD_S
            stages.append(PlannedStage(stage_name(number), steps, rolled, seconds))
    return [replace(s, gpus=_gpus_in(s, rates.gpus)) for s in stages]


def _gpus_in(stage: PlannedStage, gpus: Gpus) -> int:
    if stage.calls:
        return gpus.asked
    return min(gpus.asked, 1) if stage.name.startswith("eval/") else gpus.trained


def _tree(config: SearchConfig) -> tuple[int, int]:
    """Calls and generated tokens of a tree that grows to `max_nodes`, as few do."""
    nodes = config.max_nodes
    if config.give_up_after is not None:
        nodes = min(nodes, max(config.give_up_after // config.rollouts_at(2), 2))
    shown = config.rationalize  # asked for in one more call, where no chain was right
    rollouts = nodes * config.rollouts_at(2) + shown
    rollout_tokens = int(_FILL * config.max_rollout_tokens)
    step_tokens = int(_FILL * config.max_step_tokens)
    expansions = nodes // config.max_children + 1
    return nodes + 2 * expansions + (shown > 0), rollouts * rollout_tokens + nodes * step_tokens


def _sft_chains(config: RunConfig) -> int:
    """Chains of one problem that the policy learns from, at most."""
    if config.sft.reasons in ALONE:
        return 1  # the answer, which is the same in all of them
    if config.sft.choose != "all":
        return config.sft.per_problem
    return _tree(config.search)[0] if config.sft.kept_rollouts else config.search.correct_finishes


def plan_table(planned: Plan) -> Table:
    """The plan for the console; without minutes where no rate is known."""
    table = Table("stage", title="plan (estimate)", title_justify="left")
    timed = [*(["minutes"] if planned.rated else [])]
    timed += ["GPU hours"] if planned.rated and planned.rates.gpus.asked else []
    for heading in ("engine calls", "tokens", *timed):
        table.add_column(heading, justify="right")
    stages = planned.stages
    whole = PlannedStage(
        "all",
        sum(s.calls for s in stages),
        sum(s.tokens for s in stages),
        sum(s.seconds for s in stages),
    )
    hours = [*(s.gpu_hours for s in stages), sum(s.gpu_hours for s in stages)]
    for s, gpu_hours in zip((*stages, whole), hours, strict=True):
        if s is whole:
            table.add_section()
        told = [f"{s.seconds / 60:.1f}", f"{gpu_hours:.1f}"][: len(timed)]
        table.add_row(s.name, f"{s.calls:,}", f"{s.tokens:,}", *told)
    table.caption = "; ".join(_footnotes(planned))
    return table


def _footnotes(planned: Plan) -> list[str]:
    rates, gpus = planned.rates, planned.rates.gpus
    on = f" on {gpus.asked} GPUs, {gpus.trained} for training" if gpus.asked else ""
    told = [
        f"at {rates.generated_per_s:.0f} generated, {rates.trained_per_s:.0f} trained and "
        f"{rates.scored_per_s:.0f} scored tokens/s{on}: {rates.measured}"
        if planned.rated
        else f"no minutes: {rates.measured} is all that was measured; --rates RUN takes yours"
    ]
    if planned.disk_gib is not None:
        told.append(f"about {planned.disk_gib:.1f} GiB of disk")
    if planned.assumed:
        told.append(f"prompts of {ASSUMED_PROMPT} tokens are assumed: not all problems are here")
    return told
