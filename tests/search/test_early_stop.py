"""When a value counts as decided, against full enumeration."""

from __future__ import annotations

import itertools
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds3.search.early_stop import decided
from tests.search.worlds import Script, config, grown

GATES = (0.0, 0.9)


@pytest.mark.parametrize(
    ("correct", "done", "stops"),
    [
        (0, 9, False),  # the tenth may still lift it above 0
        (1, 2, False),  # the rest right: 9 of 10 passes the gate
        (1, 3, True),  # above 0 for certain, and 8 of 10 at most
        (0, 10, True),
        (9, 9, True),  # 9 of 10 already
        (8, 8, False),
        (8, 10, True),
    ],
)
def test_the_exact_rule_by_hand(correct: int, done: int, stops: bool) -> None:
    assert decided(correct, done, 10, "exact", GATES, 0.0) is stops


def test_the_sequential_rule_by_hand() -> None:
    # 5 of 5 wrong, 1 to come: Jeffreys' prediction of a right one is 0.5 / 6 = 0.083.
    assert decided(0, 5, 6, "sequential", (0.0,), 0.09)
    assert not decided(0, 5, 6, "sequential", (0.0,), 0.08)


@given(
    total=st.integers(1, 9),
    data=st.data(),
)
def test_exact_means_that_no_ending_changes_a_side(total: int, data: st.DataObject) -> None:
    done = data.draw(st.integers(1, total))
    correct = data.draw(st.integers(0, done))
    gates = data.draw(st.lists(st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]), min_size=1))
    sides = {
        tuple(count > 0 if gate == 0 else count / total >= gate - 1e-12 for gate in gates)
        for count in (
            correct + sum(ends) for ends in itertools.product((0, 1), repeat=total - done)
        )
    }
    assert decided(correct, done, total, "exact", gates, 0.0) == (len(sides) == 1)
    # What is certain is certain for the test too.
    if len(sides) == 1:
        assert decided(correct, done, total, "sequential", gates, 0.01)


def hits(*which: int) -> Script:
    """Rollouts of a node are right in these places, counted over all its waves."""
    seen: dict[str, itertools.count[int]] = {}

    def script(prompt, sampling, index):  # type: ignore[no-untyped-def]
        if sampling.stop:
            return " Think.\n\nStep 2:"
        at = next(seen.setdefault(prompt, itertools.count()))
        return f" The answer is {'B' if at in which else 'C'}."

    return script


@pytest.mark.parametrize(
    ("rule", "which", "rollouts", "value"),
    [
        ("none", (0, 3), 10, 0.2),
        ("exact", (0, 3), 4, 0.5),  # one wave of 4 decides: above 0, and below 0.9
        ("exact", (), 10, 0.0),
        ("sequential", (), 8, 0.0),  # after two waves of nothing, the last two hardly matter
    ],
)
async def test_rollouts_come_in_waves_until_the_value_is_decided(
    rule: Literal["none", "exact", "sequential"],
    which: tuple[int, ...],
    rollouts: int,
    value: float,
) -> None:
    chosen = config(
        early_stop=rule,
        early_stop_error=0.15,
        rollout_wave=4,
        max_children=1,
        max_nodes=2,
        finish_share=0.0,
        correct_finishes=1,
    )
    tree = await grown(hits(*which), chosen)
    assert len(tree.nodes[1].rollouts) == rollouts
    assert tree.nodes[1].own_value == value
