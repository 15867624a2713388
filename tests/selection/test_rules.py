"""Votes worked by hand, and what must hold for any votes."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds3.answers.verdict import Extraction, Verdict
from meds3.chains.chain import chain_of
from meds3.errors import InputError
from meds3.selection.candidate import Candidate
from meds3.selection.rules import STRATEGIES, canonical, needs_scores, select


def made(key: str | None, *scores: float, text: str = "") -> Candidate:
    steps = [f"{text or key} {i}" for i in range(max(len(scores), 1))]
    problem = Verdict.UNPARSABLE if key is None else None
    return Candidate(chain_of(*steps), Extraction(key, "", problem), 10, scores)


# A twice with weak ends, B once with a strong end, C thrice and worthless; one unparsable.
FIVE = [
    made("A", 0.9, 0.5),
    made("A", 0.2, 0.4, text="second A"),
    made("B", 0.5, 0.8),
    made("C", 0.1, 0.1),
    made("C", 0.1, 0.1),
    made("C", 0.3, 0.1),
    made(None, 1.0, 1.0),
]

GOLDEN = [
    # strategy, votes of A, B, C
    ("majority", 2, 1, 3),
    ("vote-sum/last", 0.5 + 0.4, 0.8, 0.3),
    ("pvs", 0.9, 0.8, 0.3),
    ("vote-sum/min", 0.5 + 0.2, 0.5, 0.3),
    ("vote-sum/mean", 0.7 + 0.3, 0.65, 0.1 + 0.1 + 0.2),
    ("vote-sum/product", 0.45 + 0.08, 0.4, 0.01 + 0.01 + 0.03),
    ("vote-sum^4/last", 0.0625 + 0.0256, 0.4096, 3e-4),
    ("vote-sum^4/min", 0.0625 + 0.0016, 0.0625, 3e-4),
    ("vote-sum^4/mean", 0.2401 + 0.0081, 0.17850625, 1e-4 + 1e-4 + 0.0016),
    ("vote-sum^4/product", 0.45**4 + 0.08**4, 0.0256, 1e-8 + 1e-8 + 0.03**4),
    ("vote-mean/last", 0.45, 0.8, 0.1),
    ("vote-mean/min", 0.35, 0.5, 0.1),
    ("vote-mean/mean", 0.5, 0.65, 0.4 / 3),
    ("vote-mean/product", 0.265, 0.4, 0.05 / 3),
    ("best-of-n/last", 0.5, 0.8, 0.1),
    ("best-of-n/min", 0.5, 0.5, 0.1),
    ("best-of-n/mean", 0.7, 0.65, 0.2),
    ("best-of-n/product", 0.45, 0.4, 0.03),
]


@pytest.mark.parametrize(("strategy", "a", "b", "c"), GOLDEN)
def test_votes_worked_by_hand(strategy: str, a: float, b: float, c: float) -> None:
    selection = select(FIVE, strategy)
    assert selection.votes == pytest.approx({"A": a, "B": b, "C": c})
    best = max((a, "A"), (b, "B"), (c, "C"))[0]
    # best-of-n/min ties A and B at 0.5 with equal single scores: text order gives A
    assert selection.answer == next(k for k, v in zip("ABC", (a, b, c), strict=True) if v == best)
    assert selection.confidence == pytest.approx(best / (a + b + c))


def test_every_strategy_has_a_golden_vote() -> None:
    assert {row[0] for row in GOLDEN} | {"greedy"} == set(STRATEGIES)


def test_a_tied_vote_goes_to_the_best_single_score() -> None:
    tied = [made("A", 0.5), made("A", 0.25), made("B", 0.75)]
    assert select(tied, "pvs").answer == "B"


def test_majority_does_not_look_at_scores_even_in_a_tie() -> None:
    tied = [made("B", 1.0), made("A", 0.0)]
    assert select(tied, "majority").answer == "A"


def test_the_winner_is_the_best_chain_of_the_answer() -> None:
    assert select(FIVE, "pvs").winner == FIVE[0]
    assert select(FIVE, "best-of-n/last").winner == FIVE[2]


@pytest.mark.parametrize("strategy", sorted(set(STRATEGIES) - {"greedy"}))
def test_nobody_who_votes_means_no_answer(strategy: str) -> None:
    for candidates in ([], [made(None), made(None, 1.0)]):
        selection = select(candidates, strategy)
        assert (selection.winner, selection.answer, selection.confidence) == (None, None, 0.0)


@pytest.mark.parametrize("rule", ["last", "min", "mean", "product"])
def test_one_step_scores_its_own_score_under_every_rule(rule: str) -> None:
    assert select([made("A", 0.3)], f"vote-sum/{rule}").votes == {"A": 0.3}


@pytest.mark.parametrize("strategy", sorted(s for s in STRATEGIES if needs_scores(s)))
def test_a_voter_without_scores_is_an_error_not_a_full_score(strategy: str) -> None:
    with pytest.raises(InputError, match="needs step scores"):
        select([made("A", 0.9), made("B")], strategy)


@pytest.mark.parametrize("bad", [math.nan, -0.1, 1.1, math.inf])
def test_scores_outside_zero_to_one_are_an_error(bad: float) -> None:
    with pytest.raises(InputError, match="from 0 to 1"):
        select([made("A", 0.5, bad)], "pvs")


def test_greedy_takes_exactly_one() -> None:
    assert select([made("A")], "greedy").answer == "A"
    assert select([made(None)], "greedy").winner is None
    with pytest.raises(InputError, match="found 7"):
        select(FIVE, "greedy")


def test_all_mass_zero_is_an_answer_without_confidence() -> None:
    selection = select([made("B", 0.0), made("A", 0.0)], "pvs")
    assert (selection.answer, selection.confidence) == ("A", 0.0)


def test_unknown_strategies_are_named() -> None:
    with pytest.raises(InputError, match="'best' is unknown"):
        select(FIVE, "best")
    assert canonical("pvs") == "vote-sum/last"


scored = st.builds(
    made,
    st.sampled_from(["A", "B", "C", None]),
    *[st.floats(0, 1)] * 3,
    text=st.sampled_from(["x", "y"]),
)


@given(
    st.lists(scored, max_size=12),
    st.sampled_from(sorted(set(STRATEGIES) - {"greedy"})),
    st.randoms(use_true_random=False),
)
def test_order_never_matters(candidates: list[Candidate], name: str, r: random.Random) -> None:
    shuffled = candidates.copy()
    r.shuffle(shuffled)
    assert select(shuffled, name) == select(candidates, name)


@given(st.lists(scored, max_size=12), st.sampled_from(sorted(set(STRATEGIES) - {"greedy"})))
def test_shares_are_shares(candidates: list[Candidate], name: str) -> None:
    selection = select(candidates, name)
    assert 0.0 <= selection.confidence <= 1.0 + 1e-12
    assert set(selection.votes) == {c.extraction.key for c in candidates if c.votes}
    if selection.winner is not None:
        assert selection.winner.extraction.key == selection.answer
        assert selection.votes[selection.answer or ""] == max(selection.votes.values())


@given(st.lists(scored, max_size=12), st.sampled_from(sorted(set(STRATEGIES) - {"greedy"})))
def test_unparsable_candidates_change_nothing(candidates: list[Candidate], name: str) -> None:
    assert select([*candidates, made(None), made(None, 1.0)], name) == select(candidates, name)
