"""Accuracy over the number of chains, with blocks counted by hand."""

from __future__ import annotations

import pytest

from meds3.evaluation.cost_curve import blocks, cost_curve
from meds3.evaluation.measure import row
from tests.evaluation.made_up import evaluation
from tests.evaluation.test_measure import CONFIG, MUTE, RIGHT, WRONG, small

# greedy, then four samples.
TWO = small(
    "round-1",
    (WRONG, RIGHT, WRONG, MUTE, RIGHT),
    (RIGHT, MUTE, MUTE, RIGHT, WRONG),
)


def test_every_chain_is_in_one_block() -> None:
    rows = TWO.outcomes[0].samples
    assert [len(part) for part in blocks(rows, 1)] == [1, 1, 1, 1]
    assert [len(part) for part in blocks(rows, 3)] == [3]  # a rest fills no block
    assert [one for part in blocks(rows, 2) for one in part] == list(rows)


def test_accuracy_at_one_two_and_all_chains() -> None:
    found = {(p.strategy, p.n_samples): p for p in cost_curve(TWO, CONFIG)}
    # One chain: 2 of 4 and 1 of 4 right.
    assert found["majority", 1].accuracy == pytest.approx((2 / 4 + 1 / 4) / 2)
    # Two: question 1 has blocks B/A (the tie goes to A) and mute/B; question 2 none and B/A.
    assert found["majority", 2].accuracy == pytest.approx((1 / 2 + 0) / 2)
    # P-VS trusts B (0.9) more than A (0.2).
    assert found["pvs", 2].accuracy == pytest.approx((2 / 2 + 1 / 2) / 2)
    assert found["pvs", 2].tokens == 20
    assert found["greedy", 1].accuracy == 0.5
    assert ("greedy", 4) not in found


def test_the_last_point_is_the_row_of_the_table() -> None:
    made = evaluation("round-1", 0.6)
    for point in cost_curve(made, CONFIG):
        if point.n_samples == made.header.n_samples or point.strategy == "greedy":
            line = row(made, point.strategy, CONFIG)
            assert point.accuracy == line.accuracy
            assert (point.low, point.high) == (line.low, line.high)
            assert point.tokens * line.n_questions == pytest.approx(line.tokens)
            assert point.seconds * line.n_questions == pytest.approx(line.seconds)


def test_without_scores_only_unscored_strategies() -> None:
    made = evaluation("base", 0.4, scorer=None)
    assert {p.strategy for p in cost_curve(made, CONFIG)} == {"greedy", "majority"}
    assert [p.n_samples for p in cost_curve(made, CONFIG) if p.strategy == "majority"] == [
        1, 2, 4, 8,
    ]  # fmt: skip
