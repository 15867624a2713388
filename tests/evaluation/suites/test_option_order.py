"""The same question with its options in another order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds3.answers.kinds import Choice
from meds3.evaluation.suites.option_order import option_order, original_id, permutable, permuted
from meds3.problems.problem import Domain, Problem
from tests.evaluation.test_measure import CONFIG, MUTE, RIGHT, WRONG, small


def problem(*texts: str, gold: str = "B") -> Problem:
    options = dict(zip("ABCDEFGHIJ", texts, strict=False))
    return Problem(
        id="q1",
        dataset="made",
        domain=Domain.KNOWLEDGE_QA,
        question="Which one?",
        options=options,
        answer=Choice(letter=gold, options=options),
    )


@given(st.integers(2, 8), st.integers(1, 6), st.integers(0, 99))
def test_the_gold_text_moves_with_its_letter(n: int, order: int, seed: int) -> None:
    asked = problem(*(f"drug {i}" for i in range(n)))
    other = permuted(asked, order, seed)
    assert isinstance(other.answer, Choice)
    assert other.options == other.answer.options
    assert sorted(other.answer.options.values()) == sorted((asked.options or {}).values())
    assert other.answer.options[other.answer.letter] == "drug 1"
    assert other.options != asked.options
    assert original_id(other.id) == asked.id
    assert other == permuted(asked, order, seed)


def test_orders_differ_until_all_are_used() -> None:
    asked = problem("x", "y", "z")
    seen = [tuple((permuted(asked, k).options or {}).values()) for k in range(1, 6)]
    assert len(set(seen)) == 5
    assert tuple((permuted(asked, 6).options or {}).values()) == seen[0]


@pytest.mark.parametrize(
    "text",
    ["All of the above", "None of these", "Both A and B", "A and C", "B, D", "neither of these"],
)
def test_options_that_speak_of_their_place_are_not_permuted(text: str) -> None:
    assert not permutable(problem("iron", text))
    assert permutable(problem("vitamin A", "both kidneys", "none"))


def test_agreement_by_hand() -> None:
    # Question 1 gets B = the gold in the first order, A in the second, where A is the gold.
    # Question 2 is not answered in the second order; question 3 keeps its letter, not its option.
    first = small("m", (RIGHT, RIGHT), (RIGHT, RIGHT), (RIGHT, RIGHT))
    asked, texts = {}, {"A": "iron", "B": "lead"}
    swapped = {"A": "lead", "B": "iron"}
    outcomes = []
    for outcome, row in zip(first.outcomes, (WRONG, MUTE, RIGHT), strict=True):
        name = f"{outcome.problem_id}~order-1"
        base = problem(*texts.values())
        asked[outcome.problem_id] = base
        asked[name] = base.model_copy(
            update={"options": swapped, "answer": Choice(letter="A", options=swapped)}
        )
        outcomes.append(
            outcome.model_copy(
                update={"problem_id": name, "greedy": row, "samples": (row,), "dataset": "made"}
            )
        )
    here = tuple(o.model_copy(update={"dataset": "made"}) for o in first.outcomes)
    second = first.model_copy(update={"outcomes": tuple(outcomes)})
    config = CONFIG.model_copy(update={"strategies": ("greedy",)})
    (found,) = option_order(first.model_copy(update={"outcomes": here}), [second], asked, config)
    assert (found.n_questions, found.orders) == (3, 2)
    assert found.agreement == pytest.approx(1 / 3)
    assert found.always_same == pytest.approx(1 / 3)
