"""Early stopping: bounds worked by hand, and that the exact rule changes no answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meds3.errors import InputError
from meds3.selection.candidate import Candidate
from meds3.selection.rules import STRATEGIES, select
from meds3.selection.stopping import (
    ADDED_UP,
    check_adds_up,
    enough,
    lead_probability,
    next_wave,
    settled,
)
from tests.selection.test_rules import made


@pytest.mark.parametrize(
    ("leader", "runner_up", "remaining", "expected"),
    [
        (9, 0, 7, True),  # seven more for another answer are too few
        (8, 0, 8, False),  # a tie could be lost
        (9, 2, 7, False),
        (2.5, 0.4, 2, True),  # 0.4 + 2 = 2.4 < 2.5
        (2.4, 0.4, 2, False),
        (0.1 + 0.2 + 3, 0.3, 3, False),  # equal but for the rounding of 0.1 + 0.2
    ],
)
def test_settled_by_hand(leader: float, runner_up: float, remaining: int, expected: bool) -> None:
    assert settled(leader, runner_up, remaining) is expected


def test_the_posterior_by_hand() -> None:
    # One answer k times and no other: 1 - (1/2)^(k+1). Two against one: Beta(3, 2) lies above 1/2
    # as often as 4 throws of a coin show at most 2 heads.
    assert lead_probability(4, 0) == pytest.approx(1 - 2**-5)
    assert lead_probability(2, 1) == pytest.approx((1 + 4 + 6) / 16)
    assert lead_probability(3, 3) == pytest.approx(0.5)


def test_the_first_wave_is_the_fewest_that_could_do() -> None:
    assert next_wave({}, 16, enough("exact", 0.95), least=1) == 9
    assert next_wave({}, 16, enough("likely", 0.95), least=1) == 4
    assert next_wave({"A": 8, "B": 1}, 7, enough("exact", 0.95), least=1) == 1
    assert next_wave({"A": 8, "B": 1}, 7, enough("exact", 0.95), least=4) == 4
    assert next_wave({"A": 8, "B": 1}, 3, enough("exact", 0.95), least=4) == 0
    assert next_wave({"A": 1, "B": 1}, 2, enough("exact", 0.95), least=1) == 2


def test_votes_without_mass_are_never_enough() -> None:
    assert next_wave({}, 1, enough("likely", 0.5), least=1) == 1
    assert next_wave({"A": 0.0}, 3, enough("likely", 0.5), least=1) > 0


@pytest.mark.parametrize("strategy", sorted(set(STRATEGIES) - ADDED_UP - {"pvs"}))
def test_rules_that_do_not_add_up_are_refused(strategy: str) -> None:
    with pytest.raises(InputError, match="do not add up"):
        check_adds_up(strategy)


candidates = st.lists(
    st.builds(
        lambda key, scores, i: made(key, *scores, text=f"{key}{i}"),
        st.sampled_from(["A", "B", "C", None]),
        st.lists(st.floats(0, 1), min_size=1, max_size=3),
        st.integers(0, 99),
    ),
    min_size=1,
    max_size=16,
)


@settings(max_examples=300)
@given(candidates, st.sampled_from(sorted(ADDED_UP)), st.integers(1, 5))
def test_the_exact_rule_changes_no_answer(
    drawn: list[Candidate], strategy: str, least: int
) -> None:
    test, used = enough("exact", 1.0), 0
    while size := next_wave(select(drawn[:used], strategy).votes, len(drawn) - used, test, least):
        used += size
    assert used <= len(drawn)
    assert select(drawn[:used], strategy).answer == select(drawn, strategy).answer
