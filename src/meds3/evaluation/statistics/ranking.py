"""How well a score ranks: areas under the ROC curve and rank correlations, by sums per question.

Everything is a function of sums over questions, so that a bootstrap over questions needs no
second look at the chains.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from meds3.evaluation.statistics.resampling import (
    Estimate,
    Matrix,
    Resamples,
    Vector,
    divided,
    with_interval,
)

_CELLS = 4_000_000  # of the matrices held at once

Flags = npt.NDArray[np.bool_]


def wins(scores: Sequence[float], right: Sequence[bool]) -> tuple[float, int]:
    """Pairs of a right and a wrong chain in which the right one scores higher, and all pairs.

    A tie is half a win: wins / pairs is the area under the ROC curve (Hanley & McNeil 1982).
    """
    x, good = np.asarray(scores, dtype=np.float64), np.asarray(right, dtype=np.bool_)
    gaps = x[good][:, None] - x[~good][None, :]
    return float((gaps > 0).sum() + 0.5 * (gaps == 0).sum()), gaps.size


def pooled_auc(
    scores: Sequence[float], right: Sequence[bool], question: Sequence[int], resamples: Resamples
) -> Estimate | None:
    """The area under the ROC curve over all pairs of chains, also of different questions.

    Chain i is one of question `question[i]`, whose clusters are what `resamples` draws. None
    without a pair.
    """
    good = np.asarray(right, dtype=np.bool_)
    if not good.any() or good.all():
        return None
    levels, level = np.unique(np.asarray(scores, dtype=np.float64), return_inverse=True)
    cluster = resamples.index[np.asarray(question)]
    shape = (resamples.count, len(levels))

    def counted(chosen: Flags) -> sparse.csr_array:
        cells = (np.ones(int(chosen.sum())), (cluster[chosen], level[chosen]))
        return sparse.csr_array(cells, shape=shape)

    rights, wrongs = counted(good), counted(~good)
    rows = max(1, _CELLS // len(levels))
    draws: list[Vector] = []
    for chunk in resamples.picks():
        for start in range(0, len(chunk), rows):
            weights = chunk[start : start + rows].astype(np.float64)
            draws.append(_auc((rights.T @ weights.T).T, (wrongs.T @ weights.T).T))
    once = np.ones((1, resamples.count))
    value = float(_auc((rights.T @ once.T).T, (wrongs.T @ once.T).T)[0])
    return with_interval(value, np.concatenate(draws))


def _auc(rights: Matrix, wrongs: Matrix) -> Vector:
    """AUC per row, from how many right and wrong chains are at each level of the score."""
    below = np.cumsum(wrongs, axis=1) - wrongs
    won = (rights * (below + 0.5 * wrongs)).sum(axis=1)
    return divided(won, rights.sum(axis=1) * wrongs.sum(axis=1))


def rank_sums(x: Sequence[float], y: Sequence[float]) -> tuple[float, float, float]:
    """Σ ab, Σ a², Σ b² of the centred ranks a of `x` and b of `y`, over (number + 1).

    Sums over many small groups give a rank correlation within groups, Σ ab / √(Σ a² Σ b²), in
    which every group weighs by its size, as in van Elteren's test (1960): the ranks of m values
    are divided by m + 1. For one group it is Spearman's. A group whose `y` (the length) is
    constant says nothing and gives zeros.
    """
    if len(x) < 2:
        return 0.0, 0.0, 0.0
    a, b = (_centred_ranks(v) / (len(x) + 1) for v in (x, y))
    if not b.any():
        return 0.0, 0.0, 0.0
    return float(a @ b), float(a @ a), float(b @ b)


def _centred_ranks(values: Sequence[float]) -> Vector:
    """Ranks less their mean, ties at their mean: half of (how many are below − above).

    For the few chains of a question, a tenth of the time of `scipy.stats.rankdata`.
    """
    x = np.asarray(values, dtype=np.float64)
    ranks: Vector = np.sign(x[:, None] - x[None, :]).sum(axis=1) / 2
    return ranks


def correlation(sums: Matrix) -> Vector:
    """Rows of (Σ ab, Σ a², Σ b²) to Σ ab / √(Σ a² Σ b²); NaN where one side is constant."""
    return divided(sums[:, 0], np.sqrt(np.maximum(sums[:, 1] * sums[:, 2], 0.0)))
