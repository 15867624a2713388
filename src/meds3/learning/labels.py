"""From the values of a chain's steps to the labels the PRM learns."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from meds3.learning.config import LabelVariant


def step_labels(
    values: Sequence[float | None], variant: LabelVariant, beta: float = 1.0
) -> list[float | None]:
    """Labels in [0, 1] of the steps after Step 0 (arXiv 2501.12051: v2 §3.3, v4 §3.4).

    With v_i the value of step i:

    soft       v_i
    hard       1 if v_i > 0 else 0
    dual-soft  max(0, v_i − β·max(0, v_{i−1} − v_{i+1}))
    dual-hard  ⌈dual-soft⌉

    The border steps have one neighbour; the missing one counts as v_i: v_{i+1} of the last
    step (the paper's), and v_0 of the first, because Step 0 is the same fixed sentence in
    every chain and its value says only how hard the problem is. A step without a value (None,
    never simulated) has no label, and as a neighbour counts as missing.
    """
    neighbours = [None, *values, None]
    labels: list[float | None] = []
    for before, value, after in zip(neighbours, values, neighbours[2:], strict=False):
        if value is None:
            labels.append(None)
            continue
        drop = (value if before is None else before) - (value if after is None else after)
        labels.append(_LABELS[variant](value, beta * max(0.0, drop)))
    return labels


def _dual(value: float, penalty: float) -> float:
    # Values are shares of a few rollouts; rounding keeps 0.3 - 0.1 - 0.2 from being above 0.
    return max(0.0, round(value - penalty, 9))


_LABELS: dict[LabelVariant, Callable[[float, float], float]] = {
    "soft": lambda value, _: value,
    "hard": lambda value, _: float(value > 0),
    "dual-soft": _dual,
    "dual-hard": lambda value, penalty: float(math.ceil(_dual(value, penalty))),
}
