"""Questions that somebody asks."""

from __future__ import annotations

import pytest

from meds3.answers.kinds import Choice
from meds3.errors import InputError
from meds3.problems.asked import KINDS, asked_problem


def test_options_get_letters_in_order() -> None:
    problem = asked_problem("Which?", ["naloxone", "morphine"])
    assert problem.options == {"A": "naloxone", "B": "morphine"}
    assert isinstance(problem.answer, Choice)


def test_letters_that_are_given_are_kept() -> None:
    assert asked_problem("Which?", {"C": "x", "D": "y"}).options == {"C": "x", "D": "y"}


@pytest.mark.parametrize("kind", KINDS)
def test_without_options_the_kind_tells(kind: str) -> None:
    assert asked_problem("How much?", kind=kind).answer.kind == kind


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["only one"], "at least two"),
        (["a", " A "], "twice"),
        (["a", " "], "empty"),
        ([str(i) for i in range(27)], "at most 26"),
        ({"AB": "x", "C": "y"}, "letter 'AB'"),
        ({"a": "x", "b": "y"}, "letter 'a'"),
        ({"": "x", "b": "y"}, "letter ''"),
    ],
)
def test_options_that_cannot_be_are_refused(options: list[str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        asked_problem("Which?", options)


def test_nothing_asked_is_refused() -> None:
    with pytest.raises(InputError, match="no question"):
        asked_problem("  ")
    with pytest.raises(InputError, match="kind 'essay'"):
        asked_problem("Why?", kind="essay")
