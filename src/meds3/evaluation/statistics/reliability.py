"""What a confidence is worth: calibration error, ranking, risk and coverage."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from meds3.errors import InputError
from meds3.evaluation.results_measures import ReliabilityBin, RiskPoint
from meds3.evaluation.statistics.inference import wilson
from meds3.evaluation.statistics.ranking import wins
from meds3.evaluation.statistics.resampling import Estimate, Resamples, Vector, with_interval

BINS = 10
_COVERAGES = tuple(k / 20 for k in range(20, 0, -1))


def calibration_error(
    confidences: Sequence[float],
    right: Sequence[bool],
    clusters: Sequence[Hashable] | None = None,
    *,
    bins: int = BINS,
    seed: int = 0,
    resamples: int = 2_000,
) -> tuple[Estimate, list[ReliabilityBin]]:
    """Expected calibration error Σ_b n_b/n · |accuracy_b − mean confidence_b|, and its bins.

    The bins hold equal numbers of questions, equal confidences always together (Nixon et al.
    2019, arXiv 1904.01685); the interval is a percentile bootstrap over clusters with the bins
    kept. The error of few questions is too high: also a perfect confidence has some
    (Guo et al. 2017, arXiv 1706.04599, bins of equal width).
    """
    c, r = _arrays(confidences, right)
    member = _bins(c, bins)
    inside = member[:, None] == np.arange(member.max() + 1)[None]  # (n, bins)
    gaps = inside * (r - c)[:, None]
    labels = range(c.size) if clusters is None else clusters
    drawn = Resamples(labels, seed=seed, resamples=resamples)
    sums = drawn.totals(np.concatenate([gaps, np.ones((c.size, 1))], axis=1))
    errors = np.abs(sums[:, :-1]).sum(axis=1) / sums[:, -1]
    value = float(np.abs(gaps.sum(axis=0)).sum() / c.size)
    found = [
        ReliabilityBin(
            n_questions=int(here.sum()),
            low=float(c[here].min()),
            high=float(c[here].max()),
            confidence=float(c[here].mean()),
            accuracy=float(r[here].mean()),
        )
        for here in inside.T
    ]
    return with_interval(value, errors), found


def brier(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Mean squared difference of confidence and truth. Source: Brier (1950)."""
    c, r = _arrays(confidences, right)
    return float(np.square(c - r).mean())


def auc(confidences: Sequence[float], right: Sequence[bool]) -> float | None:
    """Chance that a right answer has the higher confidence; None when all or none are right."""
    won, pairs = wins(confidences, right)
    return won / pairs if pairs else None


def risk_coverage(confidences: Sequence[float], right: Sequence[bool]) -> list[RiskPoint]:
    """From all questions down to a twentieth: the least confident are left unanswered first.

    Questions of equal confidence are answered together or not at all, so that a point is one
    that a threshold reaches. Source: El-Yaniv & Wiener (2010), JMLR 11:1605–1641.
    """
    c, r = _arrays(confidences, right)
    found: dict[int, RiskPoint] = {}
    levels = np.unique(c)[::-1]
    answered_at = [int((c >= level).sum()) for level in levels]
    for wanted in _COVERAGES:
        # The strictest threshold that still answers so many.
        place = next(i for i, n in enumerate(answered_at) if n >= wanted * c.size)
        n = answered_at[place]
        if n not in found:
            interval = wilson(int(r[c >= levels[place]].sum()), n)
            found[n] = RiskPoint(
                threshold=float(levels[place]),
                n_answered=n,
                coverage=n / c.size,
                accuracy=interval.value,
                low=interval.low,
                high=interval.high,
            )
    return list(found.values())


def risk_area(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Area under the risk–coverage curve: the mean, over k, of the error of the k most confident.

    Errors among equal confidences are spread evenly. Source: Geifman et al. 2019, arXiv
    1805.08206 §2.
    """
    c, r = _arrays(confidences, right)
    order = np.argsort(-c, kind="stable")
    wrong, c = 1.0 - r[order], c[order]
    _, group = np.unique(-c, return_inverse=True)
    even = np.bincount(group, wrong) / np.bincount(group)
    return float((np.cumsum(even[group]) / np.arange(1, c.size + 1)).mean())


def _arrays(confidences: Sequence[float], right: Sequence[bool]) -> tuple[Vector, Vector]:
    c, r = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if c.size != r.size or not c.size:
        raise InputError(f"{c.size} confidences of {r.size} answers: expected one for each")
    if not ((c >= 0) & (c <= 1)).all():
        raise InputError("confidences: expected numbers from 0 to 1")
    return c, r


def _bins(c: Vector, bins: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The bin of each confidence, numbered from 0 without gaps."""
    edges = np.unique(np.quantile(c, np.arange(1, bins) / bins, method="lower"))
    _, member = np.unique(np.searchsorted(edges, c, side="left"), return_inverse=True)
    return member
