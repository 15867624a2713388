"""The ways in which a question is put, and how what is said back is read."""

from __future__ import annotations

import pytest

from meds3.answering.config import PromptStyle
from meds3.answering.prompting import candidate_of, open_prompt, stops
from meds3.answers.kinds import Choice, Span
from meds3.engines.protocol import Completion
from tests.answering.test_sample import PROBLEM, Template

SHOWN = {"A": "rises", "B": "falls"}
SHOTS = {
    PROBLEM.dataset: [
        PROBLEM.model_copy(update={"options": SHOWN, "answer": Choice(letter="B", options=SHOWN)}),
        PROBLEM.model_copy(update={"options": None, "answer": Span(text="30 mg")}),
    ]
}


@pytest.mark.parametrize(
    ("style", "shown", "end"),
    [
        ("direct-shots", ("The answer is B.", "The answer is 30 mg."), "The answer is"),
        ("option-shots", ("falls. The answer is B.", "The answer is 30 mg."), ""),
    ],
)
def test_shots_state_their_answers_as_asked_for(
    style: PromptStyle, shown: tuple[str, str], end: str
) -> None:
    template = Template()
    asked = open_prompt(template, PROBLEM, style, SHOTS)
    without = open_prompt(template, PROBLEM, style)
    assert asked.endswith(end)
    assert len(asked) > len(without)
    for said in shown:
        assert f"'content': '{said}'" in asked
    assert ("falls. The" in asked) == (style == "option-shots")


@pytest.mark.parametrize(
    ("style", "said"),
    [
        ("bare", " It is a beta blocker. The answer is B."),
        ("direct", " B."),
        ("direct-shots", " B."),
        ("option-shots", "propranolol. The answer is B."),
    ],
)
def test_an_answer_is_read_in_every_style(style: PromptStyle, said: str) -> None:
    found = candidate_of(Completion(said, 5, "stop"), PROBLEM, style)
    assert found.extraction.key == "B"
    assert stops(style) == (() if style == "bare" else ("\n",))
