"""Votes are counted by what an answer means: worked by hand, from texts to the vote."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meds3.answers.extract import extract
from meds3.answers.judge import judge
from meds3.answers.kinds import Answer, Choice, Label, Number, Span
from meds3.answers.verdict import Extraction, Verdict
from meds3.chains.chain import chain_of
from meds3.selection.candidate import Candidate, closeness
from meds3.selection.rules import select
from meds3.selection.stopping import ADDED_UP, enough, next_wave, settled, tally


def read(like: Answer, *answers: str, scores: tuple[float, ...] = ()) -> list[Candidate]:
    """A chain per answer, read as `like`; with `scores`, one a chain."""
    found = []
    for i, text in enumerate(answers):
        chain = chain_of("I think.", f"The answer is {text}.")
        one = (scores[i],) * 2 if scores else ()
        found.append(Candidate(chain, extract(chain.text, like), 10, one, within=closeness(like)))
    return found


CHOICE = Choice(letter="B", options={"A": "aspirin", "B": "paracetamol", "C": "Both drugs"})


@pytest.mark.parametrize(
    ("like", "answers", "votes"),
    [
        # The letter, the text and both are one answer; "Both drugs" is not B.
        (CHOICE, ("B", "paracetamol", "(B) paracetamol", "Both drugs"), {"B": 3, "C": 1}),
        (CHOICE, ("A or B", "D", "A"), {"A": 1}),  # ambiguous, no such option
        (Label(label="no", labels=("yes", "no")), ("Yes", "yes", "no"), {"yes": 2, "no": 1}),
        (Span(text="x"), ("the Factor V", "factor v", "factor X"), {"factor v": 2, "factor x": 1}),
        # 0.5 g is 500 mg; without a tolerance 501 is another answer.
        (Number(value=500, unit="mg"), ("500 mg", "0.5 g", "501 mg"), {"500": 2, "501": 1}),
    ],
)  # fmt: skip
def test_one_meaning_is_one_answer(
    like: Answer, answers: tuple[str, ...], votes: dict[str, int]
) -> None:
    assert select(read(like, *answers), "majority").votes == votes


def test_the_aliases_of_the_gold_answer_do_not_help_it() -> None:
    gold = Span(text="paracetamol", aliases=("acetaminophen",))
    found = select(read(gold, "acetaminophen", "paracetamol", "aspirin", "aspirin"), "majority")
    assert found.votes == {"acetaminophen": 1, "paracetamol": 1, "aspirin": 2}


TOLERANT = Number(value=23.4, tolerance=0.1)


def test_numbers_within_tolerance_vote_together() -> None:
    found = select(read(TOLERANT, "23.4", "23.45", "23.4", "25", "25", "23.35"), "majority")
    assert found.votes == {"23.4": 4, "25": 2}
    assert found.chains == {"23.4": 4, "25": 2}
    assert (found.answer, found.own) == ("23.4", 2)
    assert found.winner is not None
    assert judge(found.winner.extraction, TOLERANT).verdict is Verdict.CORRECT


def test_no_value_is_carried_from_neighbour_to_neighbour() -> None:
    # 1.0 has most votes and takes 1.1; 1.2 is too far from it, though not from 1.1.
    like = Number(value=1, tolerance=0.1)
    found = select(read(like, "1.0", "1.0", "1.1", "1.2", "1.2", "1.3"), "majority")
    assert found.votes == {"1": 3, "1.2": 3}
    assert found.answer == "1"


def test_the_heaviest_number_gathers_the_others_by_its_scores() -> None:
    like = Number(value=1, tolerance=0.1)
    found = select(read(like, "1.0", "1.0", "1.1", "1.2", scores=(0.1, 0.1, 0.9, 0.1)), "pvs")
    assert found.votes == pytest.approx({"1.1": 1.2})
    assert found.own == pytest.approx(0.9)


def test_bounds_say_how_close_is_close() -> None:
    assert Number(value=10, lower=9.5, upper=10.5).within == 0.5
    assert Number(value=10, lower=9.5).within == 0.0
    assert closeness(CHOICE) == 0.0


def test_a_number_in_another_unit_stays_by_itself() -> None:
    like = Number(value=95, tolerance=5, unit="mmHg")
    found = select(read(like, "95 mmHg", "97 mmHg", "96 kg"), "majority")
    assert sorted(found.votes.values()) == [1, 2]


numbers = st.builds(
    lambda tenth, score: Candidate(
        chain_of("a"), Extraction(f"{tenth / 10:g}", "", None), 1, (score,), within=0.1
    ),
    st.integers(0, 6),
    st.sampled_from([0.1, 0.5, 0.9, 1.0]),
)


@settings(max_examples=400)
@given(
    st.lists(numbers, min_size=1, max_size=14),
    st.sampled_from(sorted(ADDED_UP)),
    st.integers(1, 3),
)
def test_the_exact_rule_changes_no_answer_of_close_numbers(
    drawn: list[Candidate], strategy: str, least: int
) -> None:
    used, test = 0, enough("exact", 0.95)
    votes = tally([], select([], strategy), len(drawn))
    while size := next_wave(votes, test, least):
        used += size
        votes = tally(drawn[:used], select(drawn[:used], strategy), len(drawn))
    assert select(drawn[:used], strategy).answer == select(drawn, strategy).answer


@settings(max_examples=400)
@given(
    st.lists(numbers, min_size=1, max_size=5),
    st.lists(numbers, max_size=5),
    st.integers(0, 9),
    st.sampled_from(sorted(ADDED_UP)),
)
def test_nothing_that_comes_overturns_a_settled_number(
    drawn: list[Candidate], more: list[Candidate], extra: int, strategy: str
) -> None:
    """The first number leads by up to nine further chains, so that many votes are settled."""
    whole = [drawn[0]] * extra + drawn
    now = select(whole, strategy)
    if settled(tally(whole, now, len(whole) + len(more))):
        assert select([*whole, *more], strategy).answer == now.answer
