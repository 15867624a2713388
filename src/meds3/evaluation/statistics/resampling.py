"""The bootstrap that all intervals share: whole clusters are drawn, many sums at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from meds3.errors import InputError

_CHUNK = 500  # resamples drawn at once: keeps the counts matrix small
_KEPT = 20_000_000  # counts: up to here draws are kept for the next statistic of the same size

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Counts = npt.NDArray[np.uint16]
Statistic = Callable[[Matrix], Vector]  # sums of shape (m, k) to m values, NaN where undefined


@dataclass(frozen=True)
class Estimate:
    """A statistic and its interval, in the unit of the values."""

    value: float
    low: float
    high: float


class Resamples:
    """Bootstrap draws of the clusters of n values: how often each cluster is in each resample.

    Statistics that share one object are seen under the same draws. Source: Efron & Tibshirani
    (1993), An Introduction to the Bootstrap, ch. 13; clusters: Davison & Hinkley (1997), §3.8.
    Raises `InputError` for no values.
    """

    def __init__(self, clusters: Sequence[Hashable], *, seed: int = 0, resamples: int) -> None:
        if not len(clusters):
            raise InputError("bootstrap: no values", "evaluate on at least one question")
        numbers: dict[Hashable, int] = {}
        self.index = np.array([numbers.setdefault(label, len(numbers)) for label in clusters])
        self.count = len(numbers)
        self._seed, self._resamples = seed, resamples

    def picks(self) -> Iterator[Counts]:
        """Chunks of shape (resamples, clusters)."""
        if self.count * self._resamples > _KEPT:
            yield from _draw(self.count, self._seed, self._resamples)
            return
        kept = _drawn(self.count, self._seed, self._resamples)
        for start in range(0, self._resamples, _CHUNK):
            yield kept[start : start + _CHUNK]

    def totals(self, columns: Matrix) -> Matrix:
        """Column sums of `columns` (n, k) under every resample: (resamples, k)."""
        sums = np.zeros((self.count, columns.shape[1]))
        np.add.at(sums, self.index, columns)
        return np.concatenate([chunk @ sums for chunk in self.picks()])

    def estimate(self, columns: Sequence[Vector], statistic: Statistic) -> Estimate | None:
        """A function of column sums with its 95% percentile interval.

        `columns` are k vectors of shape (n,). None where the statistic is undefined; resamples in
        which it is undefined are left out.
        """
        matrix = np.stack(columns, axis=1).astype(np.float64)
        value = float(statistic(matrix.sum(axis=0, keepdims=True))[0])
        return None if np.isnan(value) else with_interval(value, statistic(self.totals(matrix)))

    def ratio(self, above: Vector, below: Vector) -> Estimate | None:
        """Σ above / Σ below with its interval; None where nothing is below."""
        return self.estimate((above, below), lambda sums: divided(sums[:, 0], sums[:, 1]))


def with_interval(value: float, draws: Vector, confidence: float = 0.95) -> Estimate:
    """`value` with the percentile interval of `draws`, NaN left out; without any, a point."""
    draws = draws[~np.isnan(draws)]
    if not draws.size:
        return Estimate(value, value, value)
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return Estimate(value, float(low), float(high))


def divided(above: Vector, below: Vector) -> Vector:
    """above / below; NaN where `below` is 0."""
    found: Vector = np.full(above.shape, np.nan)
    np.divide(above, below, out=found, where=below != 0)
    return found


def _draw(count: int, seed: int, resamples: int) -> Iterator[Counts]:
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, _CHUNK):
        rows = min(_CHUNK, resamples - start)
        yield rng.multinomial(count, np.full(count, 1 / count), size=rows).astype(np.uint16)


@lru_cache(maxsize=24)
def _drawn(count: int, seed: int, resamples: int) -> Counts:
    return np.concatenate(list(_draw(count, seed, resamples)))
