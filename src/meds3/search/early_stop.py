"""When a node has been simulated enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

# Jeffreys' prior of a share.
_PRIOR = 0.5


def decided(
    correct: int,
    done: int,
    total: int,
    rule: Literal["none", "exact", "sequential"],
    gates: Sequence[float],
    error: float,
) -> bool:
    """Whether `correct` of `done` rollouts settle on which side of every gate all `total` lie.

    A gate g > 0 asks whether the share of `total` is at least g; a gate of 0, whether it is above
    0. `exact`: no outcome of the rollouts left can change the side. `sequential`: one would with a
    chance of at most `error` per gate, by the beta-binomial prediction from what was seen under
    Jeffreys' prior (Bayesian stochastic curtailment).
    """
    if done >= total:
        return True
    if rule == "none" or done == 0:
        return False
    allowed = error if rule == "sequential" else 0.0
    return all(_doubt(correct, done, total, _needed(gate, total)) <= allowed for gate in gates)


def _needed(gate: float, total: int) -> int:
    """How many of `total` must be correct to pass `gate`."""
    # 0.9 · 10 is 9.000000000000002 in floating point.
    return max(1, math.ceil(gate * total - 1e-9))


@lru_cache(maxsize=4096)
def _doubt(correct: int, done: int, total: int, needed: int) -> float:
    """The chance that the rest puts the final count on the less likely side of `needed`."""
    left, missing = total - done, needed - correct
    if missing <= 0 or missing > left:
        return 0.0
    passes = sum(
        _beta_binomial(k, left, correct + _PRIOR, done - correct + _PRIOR)
        for k in range(missing, left + 1)
    )
    return min(passes, 1 - passes)


def _beta_binomial(k: int, n: int, a: float, b: float) -> float:
    """P(k of n) when the share has a Beta(a, b) distribution."""
    log = math.lgamma
    choose = log(n + 1) - log(k + 1) - log(n - k + 1)
    return math.exp(
        choose + log(k + a) + log(n - k + b) - log(n + a + b) + log(a + b) - log(a) - log(b)
    )
