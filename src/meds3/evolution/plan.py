"""What a run will cost, before it is paid: calls, tokens and minutes from stated rates."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table

from meds3.chains.prompt import question_text
from meds3.evolution.config import RunConfig
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


@dataclass(frozen=True)
class PlannedStage:
    """One stage; `calls` and `tokens` are upper estimates."""

    name: str
    calls: int
    tokens: int
    seconds: float


def plan(config: RunConfig) -> list[PlannedStage]:
    """The stages of a run with what each is expected to cost. Reads the problems, runs nothing."""
    problems = checked_problems(config.problems)
    seeds, heldout = len(problems.seeds), len(problems.heldout)
    chain = int(_FILL * config.answering.max_tokens)
    words = [len(question_text(p).split()) for p in (*problems.seeds, *problems.heldout)]
    prompt = int(_WORDS_TO_TOKENS * sum(words) / max(len(words), 1)) + 40
    samples = config.answering.n
    asked = heldout * (samples + 1) * chain
    scored = heldout * (prompt + samples * chain)
    evaluation = PlannedStage("eval/base", 2 * heldout, asked, asked / GENERATED_PER_S + LOAD_S)
    stages = [evaluation]
    calls, tokens = _tree(config.search)
    for number in range(1, config.rounds + 1):
        sft = int(seeds * (prompt + config.sft.per_problem * chain) * config.sft.epochs)
        prm_chains = config.prm.per_problem or calls
        prm = int(seeds * (prompt + prm_chains * chain) * config.prm.epochs)
        systems = min(number, 2) + 1
        generated = seeds * tokens
        stages += [
            PlannedStage(
                f"round-{number}/search", seeds * calls, generated, generated / GENERATED_PER_S
            ),
            PlannedStage(f"round-{number}/sft", 0, sft, sft / TRAINED_PER_S + LOAD_S),
            PlannedStage(f"round-{number}/prm", 0, prm, prm / TRAINED_PER_S + LOAD_S),
            PlannedStage(
                f"eval/round-{number}", 2 * heldout, asked, asked / GENERATED_PER_S + LOAD_S
            ),
            PlannedStage(
                f"eval/…@prm-{number}", 0, systems * scored, systems * scored / SCORED_PER_S
            ),
        ]
        if steps := config.evaluation.step_rollouts:
            rolled = steps * config.evaluation.rollouts_per_step * chain
            seconds = rolled / GENERATED_PER_S + LOAD_S
            stages.append(PlannedStage(stage_name(number), steps, rolled, seconds))
        if config.dpo is not None:
            pairs = int(seeds * config.dpo.per_problem * 2 * (prompt + chain) * config.dpo.epochs)
            stages.append(PlannedStage(f"round-{number}/dpo", 0, pairs, 2 * pairs / TRAINED_PER_S))
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


def plan_table(stages: list[PlannedStage]) -> Table:
    """The plan for the console."""
    table = Table("stage", title="plan (upper estimate)", title_justify="left")
    for heading in ("engine calls", "tokens", "minutes"):
        table.add_column(heading, justify="right")
    for s in stages:
        table.add_row(s.name, f"{s.calls:,}", f"{s.tokens:,}", f"{s.seconds / 60:.1f}")
    table.add_section()
    table.add_row(
        "all",
        f"{sum(s.calls for s in stages):,}",
        f"{sum(s.tokens for s in stages):,}",
        f"{sum(s.seconds for s in stages) / 60:.1f}",
    )
    table.caption = (
        f"at {GENERATED_PER_S:.0f} generated, {TRAINED_PER_S:.0f} trained and "
        f"{SCORED_PER_S:.0f} scored tokens/s: 2 AVX2 cores and the embedded 135M model"
    )
    return table
