"""Intervals and paired tests, each with its source."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from meds3.errors import InputError
from meds3.evaluation.statistics.resampling import Estimate, Resamples, Vector, with_interval

RESAMPLES = 10_000


def bootstrap_mean(
    values: Sequence[float] | Vector,
    clusters: Sequence[Hashable] | None = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    confidence: float = 0.95,
) -> Estimate:
    """Percentile bootstrap interval of a mean; whole clusters are resampled.

    `values` has shape (n,), `clusters` one label per value (None: each value its own). With
    singletons this is `scipy.stats.bootstrap(method="percentile")`; scipy resamples no
    clusters, hence `resampling`.

    Where all values are equal the interval is a point: read `wilson` beside it.
    Raises `InputError` for no values or another number of clusters.
    """
    x = np.asarray(values, dtype=np.float64)
    labels = range(x.size) if clusters is None else clusters
    if len(labels) != x.size:
        raise InputError(f"bootstrap: {x.size} values but {len(labels)} cluster labels")
    sums = Resamples(labels, seed=seed, resamples=resamples).totals(
        np.stack([x, np.ones_like(x)], axis=1)
    )
    return with_interval(float(x.mean()), sums[:, 0] / sums[:, 1], confidence)


def wilson(successes: int, n: int, confidence: float = 0.95) -> Estimate:
    """Wilson score interval of a proportion, as scipy computes it.

    Source: Wilson (1927), JASA 22:209–212.
    """
    if n < 1:
        raise InputError("wilson: no trials", "evaluate on at least one question")
    interval = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    return Estimate(successes / n, float(interval.low), float(interval.high))


@dataclass(frozen=True)
class Paired:
    """Two systems on the same questions: `difference` is a − b.

    `only_a` and `only_b` count the discordant questions (one right, the other not).
    """

    n: int
    difference: float
    low: float
    high: float
    p_mcnemar: float
    only_a: int
    only_b: int


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided McNemar p: is the split of the discordant pairs a fair coin's?

    1.0 when no pair is discordant. Source: McNemar (1947), Psychometrika 12:153–157, with the
    exact binomial in place of the χ² (`scipy.stats.binomtest`).
    """
    discordant = only_a + only_b
    return float(stats.binomtest(only_a, discordant, 0.5).pvalue) if discordant else 1.0


def paired(
    a: Sequence[bool],
    b: Sequence[bool],
    clusters: Sequence[Hashable] | None = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Paired:
    """Paired difference in accuracy: clustered bootstrap interval and exact McNemar p.

    `a[i]` and `b[i]` are the two systems on question i. The McNemar p takes questions for
    independent; where many questions are duplicates trust the interval.
    Raises `InputError` when the two are not the same questions.
    """
    if len(a) != len(b):
        raise InputError(f"paired test: {len(a)} against {len(b)} questions, expected the same")
    gains = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    estimate = bootstrap_mean(gains, clusters, seed=seed, resamples=resamples)
    only_a, only_b = int((gains > 0).sum()), int((gains < 0).sum())
    return Paired(
        n=len(a),
        difference=estimate.value,
        low=estimate.low,
        high=estimate.high,
        p_mcnemar=mcnemar(only_a, only_b),
        only_a=only_a,
        only_b=only_b,
    )


def pass_at_k(n: int, correct: int, k: int) -> float:
    """Unbiased chance that at least one of `k` samples is right, from `correct` of `n`.

    1 − C(n−c, k) / C(n, k), as a product. Source: Chen et al. (2021), arXiv 2107.03374, §2.1.
    """
    if not (0 <= correct <= n and 1 <= k <= n):
        raise InputError(
            f"pass@{k} with {correct} correct of {n}: expected 0 <= correct <= n and 1 <= k <= n"
        )
    if n - correct < k:
        return 1.0
    return float(1.0 - np.prod(1.0 - k / np.arange(n - correct + 1, n + 1)))


def standard_error(
    values: Sequence[float] | Vector, clusters: Sequence[Hashable] | None = None
) -> float | None:
    """Standard error of a mean whose values stand in clusters (duplicate questions).

    √(G/(G−1) · Σ_g (Σ_{i∈g} (x_i − x̄))²) / n over G clusters; with singletons it is s/√n. None
    with fewer than two clusters. Source: Liang & Zeger (1986), Biometrika 73:13–22; for model
    evaluations Miller (2024), arXiv 2411.00640 §2.2 (there without G/(G−1)).
    """
    x = np.asarray(values, dtype=np.float64)
    labels = range(x.size) if clusters is None else clusters
    if len(labels) != x.size:
        raise InputError(f"standard error: {x.size} values but {len(labels)} cluster labels")
    numbers: dict[Hashable, int] = {}
    index = np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.intp)
    count = len(numbers)
    if count < 2:
        return None
    sums = np.bincount(index, weights=x - x.mean(), minlength=count)
    return float(np.sqrt(count / (count - 1) * np.square(sums).sum()) / x.size)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number, in the order given; the family-wise error is kept.

    The i-th smallest of m is multiplied by m − i + 1, is never below a smaller one's and never
    above 1. Source: Holm (1979), Scandinavian Journal of Statistics 6:65–70. Valid whatever the
    dependence among the tests.
    """
    if any(not 0 <= p <= 1 for p in p_values):
        raise InputError(f"holm: expected p-values from 0 to 1, found {list(p_values)}")
    found, least = [1.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[place]))
        found[place] = least
    return found
