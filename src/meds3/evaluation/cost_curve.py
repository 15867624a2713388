"""Accuracy over the number of chains, from the candidates that were kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from meds3.answers.verdict import Verdict
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.outcome import CandidateRow, SystemEvaluation
from meds3.evaluation.results_measures import CurvePoint
from meds3.evaluation.statistics.inference import bootstrap_mean
from meds3.selection.rules import needs_scores, select

# Beside the configured ones: what a vote must beat at equal tokens.
_ALWAYS = ("greedy", "majority", "best-of-n/last")


def cost_curve(evaluation: SystemEvaluation, config: EvaluationConfig) -> list[CurvePoint]:
    """Every strategy at 1, 2, 4, … chains and at all of them.

    At m chains the samples are cut into blocks of m in the order they were drawn, a rest that
    fills no block is left out, and a question counts with the mean over its blocks: each block is
    a fair draw of m chains, and the whole is cheaper and steadier than drawing subsets. The
    interval is the clustered bootstrap over questions. Greedy has one point.
    """
    asked = dict.fromkeys((*_ALWAYS, *config.strategies))
    found = []
    for strategy in evaluation.measurable(list(asked)):
        sizes = [1] if strategy == "greedy" else _sizes(evaluation.header.n_samples)
        found += [_point(evaluation, strategy, size, config) for size in sizes]
    return found


def _sizes(n: int) -> list[int]:
    powers = [1 << k for k in range(n.bit_length()) if 1 << k < n]
    return [*powers, n]


def _point(
    evaluation: SystemEvaluation, strategy: str, size: int, config: EvaluationConfig
) -> CurvePoint:
    shares, tokens = right_of_blocks(evaluation, strategy, size)
    estimate = bootstrap_mean(
        shares, evaluation.clusters, seed=config.seed, resamples=config.resamples
    )
    return CurvePoint(
        system=evaluation.name,
        strategy=strategy,
        n_samples=size,
        accuracy=estimate.value,
        low=estimate.low,
        high=estimate.high,
        tokens=fmean(tokens),
        seconds=_seconds(evaluation, strategy, size),
    )


def right_of_blocks(
    evaluation: SystemEvaluation, strategy: str, size: int
) -> tuple[list[float], list[float]]:
    """Per question the share of its blocks of `size` chains that answer right, and their tokens."""
    shares, tokens = [], []
    for outcome in evaluation.outcomes:
        parts = list(blocks(outcome.rows(strategy), size))
        shares.append(fmean(_right(strategy, part) for part in parts))
        tokens.append(fmean(sum(row.tokens for row in part) for part in parts))
    return shares, tokens


def blocks(rows: Sequence[CandidateRow], size: int) -> Iterator[Sequence[CandidateRow]]:
    """Blocks of `size` rows one after the other; a rest is left out."""
    for start in range(0, len(rows) - size + 1, size):
        yield rows[start : start + size]


def _right(strategy: str, part: Sequence[CandidateRow]) -> bool:
    candidates = [row.candidate() for row in part]
    winner = select(candidates, strategy).winner
    return winner is not None and part[candidates.index(winner)].verdict is Verdict.CORRECT


def _seconds(evaluation: SystemEvaluation, strategy: str, size: int) -> float:
    """Per question; of sampled chains the share that `size` of them have in all."""
    header, questions = evaluation.header, len(evaluation.outcomes)
    if strategy == "greedy":
        return header.greedy_seconds / questions
    scoring = header.score_seconds if needs_scores(strategy) else 0.0
    return (header.sample_seconds + scoring) * size / header.n_samples / questions
