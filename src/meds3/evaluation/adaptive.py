"""What adaptive drawing would have cost and said, from candidates that were all drawn."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from meds3.answers.verdict import Verdict
from meds3.evaluation.outcome import Outcome, SystemEvaluation
from meds3.selection.rules import select
from meds3.selection.stopping import Enough, Stopping, check_adds_up, enough, next_wave, tally


@dataclass(frozen=True)
class Stopped:
    """One question: how many chains were drawn, what they cost, what they said."""

    chains: int
    tokens: int
    answer: str | None
    verdict: Verdict


def stopped_early(
    evaluation: SystemEvaluation,
    strategy: str,
    rule: Stopping,
    *,
    sure: float = 0.95,
    least_wave: int = 2,
) -> list[Stopped]:
    """Every question with its first chains only, as many as `rule` asks for.

    The candidates of an evaluation are one draw; a prefix of it stands for the waves. Raises
    `InputError` for a strategy whose votes do not add up.
    """
    test = enough(rule, sure)
    check_adds_up(strategy)
    return [_one(outcome, strategy, test, least_wave) for outcome in evaluation.outcomes]


def as_stopped(
    evaluation: SystemEvaluation,
    strategy: str,
    rule: Stopping,
    *,
    sure: float = 0.95,
    least_wave: int = 2,
) -> SystemEvaluation:
    """The evaluation with the chains alone that `rule` would have drawn for each question."""
    if rule == "off":
        return evaluation
    stopped = stopped_early(evaluation, strategy, rule, sure=sure, least_wave=least_wave)
    outcomes = tuple(
        outcome.model_copy(update={"samples": outcome.samples[: one.chains]})
        for outcome, one in zip(evaluation.outcomes, stopped, strict=True)
    )
    return evaluation.model_copy(update={"outcomes": outcomes})


def _one(outcome: Outcome, strategy: str, test: Enough, least_wave: int) -> Stopped:
    rows, used = outcome.samples, 0
    candidates = [row.candidate() for row in rows]
    selection = select([], strategy)
    while size := next_wave(tally(candidates[:used], selection, len(rows)), test, least_wave):
        used += size
        selection = select(candidates[:used], strategy)
    if selection.winner is None:
        verdict = Counter(row.verdict for row in rows[:used]).most_common(1)[0][0]
    else:
        verdict = rows[candidates.index(selection.winner)].verdict
    return Stopped(used, sum(row.tokens for row in rows[:used]), selection.answer, verdict)
