"""Seconds of an evaluation, over all the processes that it took."""

from __future__ import annotations

from collections.abc import Iterable

from meds3.evaluation.outcome import SystemEvaluation
from meds3.runs.journal import Journal


def timed(
    evaluation: SystemEvaluation, journal: Journal, purpose: str, *, scoring: bool = False
) -> SystemEvaluation:
    """The evaluation with the seconds that its calls took, also those before a kill.

    The wall time of a resumed process knows nothing of the calls it found in the journal.
    """
    seconds = busy_seconds(journal, purpose)
    if scoring:
        changed = {"score_seconds": seconds}
    else:
        greedy = sum(outcome.greedy.tokens for outcome in evaluation.outcomes)
        many = sum(row.tokens for outcome in evaluation.outcomes for row in outcome.samples)
        share = greedy / max(greedy + many, 1)
        changed = {"greedy_seconds": share * seconds, "sample_seconds": (1 - share) * seconds}
    header = evaluation.header.model_copy(update=changed)
    return SystemEvaluation(header=header, outcomes=evaluation.outcomes)


def busy_seconds(journal: Journal, purpose: str) -> float:
    """How long at least one call of `purpose` was under way, in seconds of wall time."""
    rows = journal.rows("SELECT at - seconds AS began, at FROM calls WHERE purpose=?", purpose)
    return covered((row["began"], row["at"]) for row in rows)


def covered(intervals: Iterable[tuple[float, float]]) -> float:
    """The length of the union of intervals (began, ended)."""
    total, until = 0.0, float("-inf")
    for began, ended in sorted(intervals):
        if ended > until:
            total += ended - max(began, until)
            until = ended
    return total
