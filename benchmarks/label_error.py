"""What stopping simulations early would have done to values that were simulated in full."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from meds3.answers.verdict import Verdict
from meds3.search.tree import Rollout, Tree

# Whether `correct` of `done` rollouts settle what `total` would say: (correct, done, total).
Rule = Callable[[int, int, int], bool]


@dataclass(frozen=True)
class Stopped:
    """One node: after `done` of `total` rollouts (tokens alike) its value was called."""

    value: float
    full_value: float
    done: int
    total: int
    tokens: int
    full_tokens: int


def simulations(trees: Iterable[Tree]) -> list[list[Rollout]]:
    """The rollouts of every node that was simulated, in the order in which they were drawn."""
    return [node.rollouts for tree in trees for node in tree.nodes if node.rollouts]


def replayed(rollouts: Sequence[Rollout], rule: Rule, wave: int) -> Stopped:
    """Draw the rollouts again, `wave` at a time, and stop where the rule says so."""
    right = [rollout.verdict is Verdict.CORRECT for rollout in rollouts]
    total, done = len(right), 0
    while done < total and not (done and rule(sum(right[:done]), done, total)):
        done = min(done + wave, total)
    return Stopped(
        sum(right[:done]) / done,
        sum(right) / total,
        done,
        total,
        sum(rollout.tokens for rollout in rollouts[:done]),
        sum(rollout.tokens for rollout in rollouts),
    )


def label_error(
    nodes: Sequence[Sequence[Rollout]], rule: Rule, wave: int, finish_gate: float
) -> dict[str, Any]:
    """Errors of early values over all nodes, V being a node's own value (before back-propagation).

    Shares of all nodes; a hard label is V > 0, a gate decision V >= `finish_gate`. None where
    there is no node.
    """
    done = [replayed(rollouts, rule, wave) for rollouts in nodes]
    if not done:
        return dict.fromkeys(FIELDS)
    errors = [abs(node.value - node.full_value) for node in done]
    values = (
        len(done),
        sum(node.total for node in done),
        _share(node.done < node.total for node in done),
        1 - sum(node.done for node in done) / sum(node.total for node in done),
        1 - sum(node.tokens for node in done) / max(sum(node.full_tokens for node in done), 1),
        statistics.mean(errors),
        max(errors),
        _share((node.value > 0) != (node.full_value > 0) for node in done),
        _share((node.value >= finish_gate) != (node.full_value >= finish_gate) for node in done),
    )
    rounded = (round(value, 4) if isinstance(value, float) else value for value in values)
    return dict(zip(FIELDS, rounded, strict=True))


FIELDS = (
    "nodes",
    "rollouts",
    "nodes stopped",
    "rollouts saved",
    "tokens saved",
    "mean |dV|",
    "max |dV|",
    "hard labels flipped",
    "gates flipped",
)


def _share(hits: Iterable[bool]) -> float:
    return statistics.mean(map(float, hits))
