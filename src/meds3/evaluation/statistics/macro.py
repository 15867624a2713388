"""Macro averages: every dataset counts the same, whatever its number of questions."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

import numpy as np

from meds3.evaluation.results_parts import Macro, MacroDifference
from meds3.evaluation.statistics.resampling import Resamples, Vector, with_interval

LARGE = 100  # questions: a dataset below that has an interval of ±10 points by itself
_FLIPS, _AT_ONCE = 10_000, 500


def macro_mean(
    values: Sequence[float],
    datasets: Sequence[str],
    clusters: Sequence[Hashable],
    *,
    least: int = 0,
    seed: int = 0,
    resamples: int,
) -> Macro | None:
    """The unweighted mean of the means of the datasets that have at least `least` values.

    `values`, `datasets` and `clusters` have one entry a question. The interval is a percentile
    bootstrap that draws the clusters of each dataset by themselves: the datasets are what was
    chosen, the questions of each a sample. None for fewer than two datasets.
    """
    parts = list(_parts(values, datasets, clusters, least))
    if len(parts) < 2:
        return None
    found = _averaged(parts, seed, resamples)
    return Macro(datasets=len(parts), accuracy=found[0], low=found[1], high=found[2])


def macro_difference(
    gains: Sequence[float],
    datasets: Sequence[str],
    clusters: Sequence[Hashable],
    *,
    least: int = 0,
    seed: int = 0,
    resamples: int,
) -> MacroDifference | None:
    """`macro_mean` of paired differences, with the p of a randomisation test.

    If the two systems were alike, the sign of a cluster's differences would be a coin's: p is the
    share of 10,000 random signs that give a mean as far from 0, the one observed counted in, so
    it is never below 1/10,001. Source: Fisher (1935), The Design of Experiments, §21.
    """
    parts = list(_parts(gains, datasets, clusters, least))
    if len(parts) < 2:
        return None
    mean, low, high = _averaged(parts, seed, resamples)
    summed: dict[Hashable, float] = {}
    for values, labels in parts:
        for value, label in zip(values, labels, strict=True):
            share = value / (len(values) * len(parts))
            summed[label] = summed.get(label, 0.0) + share
    weights = np.array([weight for weight in summed.values() if weight])
    rng, as_far = np.random.default_rng(seed), 0
    for _ in range(_FLIPS // _AT_ONCE):
        signs = rng.integers(0, 2, (_AT_ONCE, len(weights)), dtype=np.int8)
        by_chance = np.abs((2.0 * signs - 1.0) @ weights)
        as_far += int((by_chance >= abs(mean) - 1e-12).sum())
    p = (as_far + 1) / (_FLIPS + 1)
    return MacroDifference(datasets=len(parts), difference=mean, low=low, high=high, p_value=p)


def _parts(
    values: Sequence[float],
    datasets: Sequence[str],
    clusters: Sequence[Hashable],
    least: int,
) -> Iterator[tuple[Vector, list[Hashable]]]:
    """Per dataset its values and their clusters, by name."""
    for name in sorted(set(datasets)):
        here = [i for i, dataset in enumerate(datasets) if dataset == name]
        if len(here) >= least:
            yield np.array([values[i] for i in here]), [clusters[i] for i in here]


def _averaged(
    parts: Sequence[tuple[Vector, list[Hashable]]], seed: int, resamples: int
) -> tuple[float, float, float]:
    draws = np.zeros(resamples)
    for place, (values, labels) in enumerate(parts):
        # Another seed each: datasets of one size must not be drawn alike.
        drawn = Resamples(labels, seed=seed + place, resamples=resamples)
        sums = drawn.totals(np.stack([values, np.ones_like(values)], axis=1))
        draws += sums[:, 0] / sums[:, 1] / len(parts)
    mean = float(np.mean([values.mean() for values, _ in parts]))
    found = with_interval(mean, draws)
    return found.value, found.low, found.high
