"""Early stopping: bounds worked by hand, and that the exact rule changes no answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meds3.errors import InputError
from meds3.selection.candidate import Candidate
from meds3.selection.rules import STRATEGIES, select
from meds3.selection.stopping import (
    ADDED_UP,
    Tally,
    check_adds_up,
    enough,
    next_wave,
    settled,
    tally,
    win_probability,
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
    assert settled(Tally(leader, runner_up, 9, 9, 18, remaining)) is expected


def votes(
    leader: int, runner_up: int, neither: int, remaining: int, *, wins_tie: bool = False
) -> Tally:
    """A vote by majority."""
    drawn = leader + runner_up + neither
    return Tally(leader, runner_up, leader, runner_up, drawn, remaining, wins_tie)


def test_a_tie_that_text_order_wins_is_settled() -> None:
    # Eight A and one B of sixteen: seven more B make a tie, and A comes first.
    nine = [*[made("A")] * 8, made("B")]
    now = tally(nine, select(nine, "majority"), 16)
    assert now.wins_tie
    assert settled(now)
    assert win_probability(now) == pytest.approx(1.0)
    # The same the other way round is open.
    other = [*[made("B")] * 8, made("A")]
    assert not settled(tally(other, select(other, "majority"), 16))
    # All of the strongest others must come after the leader.
    three = [*[made("B")] * 5, made("A"), made("C")]
    assert not tally(three, select(three, "majority"), 16).wins_tie
    # An answer that nobody has given yet may come before the leader.
    alone = [made("A")] * 8
    assert not settled(tally(alone, select(alone, "majority"), 16))
    # Weighted votes: the best single chain decides a tie first, and it may be yet to come.
    scored = [*[made("A", 0.9)] * 8, made("B", 0.2)]
    assert not tally(scored, select(scored, "pvs"), 16).wins_tie


def test_the_chance_to_win_by_hand() -> None:
    # One chain to come after 2 : 1. Its chances are (2+1, 1+1, 0+1)/6; a tie is lost.
    assert win_probability(votes(2, 1, 0, 1)) == pytest.approx(4 / 6)
    # Two to come after 1 : 0, chances by Laplace's rule: lost when both go to the runner-up
    # (1/4 · 2/5) or one does and one to neither (2 · 1/4 · 1/5).
    assert win_probability(votes(1, 0, 0, 2)) == pytest.approx(1 - 1 / 10 - 1 / 10)
    # A runner-up whose chains weigh .1 cannot catch up with one more.
    assert win_probability(Tally(0.8, 0.1, 1, 1, 2, 1)) == pytest.approx(1.0)
    assert win_probability(votes(3, 3, 0, 0)) == 0.0
    assert win_probability(votes(4, 3, 0, 0)) == pytest.approx(1.0)


def test_for_many_chains_it_is_the_beta_rule() -> None:
    # P(p1 > p2) after k : 0 is 1 - (1/2)^(k+1), whatever went to neither.
    assert win_probability(votes(4, 0, 0, 400)) == pytest.approx(1 - 2**-5, abs=0.01)
    assert win_probability(votes(4, 0, 9, 400)) == pytest.approx(1 - 2**-5, abs=0.01)


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 8), st.integers(0, 12), st.booleans())
def test_what_is_settled_is_certain(a: int, b: int, c: int, remaining: int, wins_tie: bool) -> None:
    now = votes(max(a, b), min(a, b), c, remaining, wins_tie=wins_tie)
    chance = win_probability(now)
    assert -1e-9 <= chance <= 1 + 1e-9
    assert (chance >= 1 - 1e-9) == settled(now)


def test_the_chance_is_what_a_simulation_says() -> None:
    rng = np.random.default_rng(0)
    chances = rng.dirichlet([5 + 1, 2 + 1, 1 + 1], size=40_000)
    drawn = np.array([rng.multinomial(8, chance) for chance in chances])
    won = (5 + drawn[:, 0] > 2 + drawn[:, 1]).mean()
    assert win_probability(votes(5, 2, 1, 8)) == pytest.approx(won, abs=0.01)


def test_the_first_wave_is_the_fewest_that_could_do() -> None:
    exact, likely = enough("exact", 0.95), enough("likely", 0.95)
    nothing = votes(0, 0, 0, 16)
    assert next_wave(nothing, exact, least=1) == 9
    first = next_wave(nothing, likely, least=1)
    assert win_probability(votes(first, 0, 0, 16 - first)) >= 0.95
    assert win_probability(votes(first - 1, 0, 0, 17 - first)) < 0.95
    assert next_wave(votes(8, 1, 0, 7), exact, least=1) == 1
    assert next_wave(votes(8, 1, 0, 7), exact, least=4) == 4
    assert next_wave(votes(8, 1, 0, 3), exact, least=4) == 0
    assert next_wave(votes(1, 1, 0, 2), exact, least=1) == 2


def test_votes_without_mass_are_never_enough() -> None:
    assert next_wave(votes(0, 0, 0, 1), enough("likely", 0.6), least=1) == 1
    assert next_wave(Tally(0.0, 0.0, 1, 0, 1, 3), enough("likely", 0.6), least=1) > 0


def test_the_tally_by_hand() -> None:
    four = [made("B", 0.5), made("A", 0.5), made("A", 0.25), made(None, 0.9), made("C", 0.1)]
    assert tally(four, select(four, "pvs"), 16) == Tally(0.75, 0.5, 2, 1, 5, 11)
    tied = [made("B", 0.5), made("A", 0.5)]
    assert tally(tied, select(tied, "pvs"), 4) == Tally(0.5, 0.5, 1, 1, 2, 2)
    assert tally([], select([], "pvs"), 4) == Tally(0.0, 0.0, 0, 0, 0, 4)


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
    votes = tally([], select([], strategy), len(drawn))
    while size := next_wave(votes, test, least):
        used += size
        votes = tally(drawn[:used], select(drawn[:used], strategy), len(drawn))
    assert used <= len(drawn)
    assert select(drawn[:used], strategy).answer == select(drawn, strategy).answer


few_scores = st.sampled_from([0.0, 0.1, 0.5, 1.0])
voters = st.builds(made, st.sampled_from(["A", "B", "C", "D", None]), few_scores)


@settings(max_examples=500)
@given(
    st.lists(voters, min_size=1, max_size=12),
    st.lists(voters, max_size=12),
    st.sampled_from(sorted(ADDED_UP)),
)
def test_whatever_comes_after_a_settled_vote_changes_nothing(
    drawn: list[Candidate], more: list[Candidate], strategy: str
) -> None:
    """Few different scores, so that ties and full votes are common; and the worst on purpose."""
    now = select(drawn, strategy)
    if now.answer is None or not settled(tally(drawn, now, len(drawn) + len(more))):
        return
    assert select([*drawn, *more], strategy).answer == now.answer
    for rival in "ABCDE!":  # the last two have not been seen
        worst = [made(rival, 1.0)] * len(more)
        assert select([*drawn, *worst], strategy).answer == now.answer
