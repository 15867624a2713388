"""From the words of a request to the question that is asked."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds3.answering.config import AnsweringConfig
from meds3.serving.config import ServingConfig
from meds3.serving.questions import Question, question_of, split_options
from meds3.serving.schemas import ChatRequest


def question(text: str, **fields: object) -> Question:
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **fields}
    request = ChatRequest.model_validate(body)
    return question_of(request, AnsweringConfig(), ServingConfig(), "ans-1")


@pytest.mark.parametrize(
    ("text", "stem", "options"),
    [
        ("Which?\nA. x\nB. y", "Which?", ["x", "y"]),
        ("Which?\n\n(A) x y\n(B) z\n", "Which?", ["x y", "z"]),
        ("Which?\nA) x\n\nB) y\nC) z", "Which?", ["x", "y", "z"]),
        ("Two lines.\nWhich?\nA: x\nB: y", "Two lines.\nWhich?", ["x", "y"]),
        ("A. Smith was ill. Why?", "A. Smith was ill. Why?", []),
        ("Which?\nA. only one", "Which?\nA. only one", []),
        ("Which?\nA. x\nC. y", "Which?\nA. x\nC. y", []),
        ("Which?\nB. x\nC. y", "Which?\nB. x\nC. y", []),
        ("A. x\nB. y", "A. x\nB. y", []),
        ("Which?\nA. x\nB. y\nAnd why?", "Which?\nA. x\nB. y\nAnd why?", []),
        ("", "", []),
    ],
)
def test_options_at_the_end_are_found(text: str, stem: str, options: list[str]) -> None:
    assert split_options(text) == (stem, options)


@given(
    st.text(st.characters(codec="ascii", categories=("L", "N", "Zs", "Po")), min_size=1).filter(
        str.strip
    ),
    st.lists(
        st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1),
        min_size=2,
        max_size=26,
    ),
)
def test_what_is_put_together_is_taken_apart(stem: str, options: list[str]) -> None:
    lines = [
        f"{letter}. {text}" for letter, text in zip(string.ascii_uppercase, options, strict=False)
    ]
    stem = f"Q: {stem.strip()}"
    assert split_options("\n".join([stem, *lines])) == (stem, options)


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    stem, options = split_options(text)
    assert options or stem == text


def test_what_has_no_effect_is_said() -> None:
    request = ChatRequest.model_validate(
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "First?"},
                {"role": "assistant", "content": "Yes."},
                {"role": "user", "content": [{"type": "text", "text": "Second?"}]},
            ],
        }
    )
    asked = question_of(request, AnsweringConfig(), ServingConfig(), "ans-1")
    assert asked.problem.question == "Second?"
    assert len(asked.warnings) == 2


def test_no_request_takes_longer_than_the_server_allows() -> None:
    assert question("Why?").budget.seconds == 300.0
    assert question("Why?", max_seconds=5).budget.seconds == 5.0
    assert question("Why?", max_seconds=9e9).budget.seconds == 300.0


def test_the_kind_of_a_free_answer() -> None:
    assert question("How much?", kind="number").problem.answer.kind == "number"
    assert question("Who?").problem.answer.kind == "span"


def test_a_strategy_that_does_not_add_up_is_drawn_in_full() -> None:
    request = ChatRequest.model_validate(
        {
            "model": "m",
            "messages": [{"role": "user", "content": "Why?"}],
            "strategy": "vote-mean/min",
        }
    )
    defaults = AnsweringConfig(adaptive="exact")
    assert question_of(request, defaults, ServingConfig(), "ans-1").settings.adaptive == "off"
