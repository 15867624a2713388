"""A question that somebody asks: nobody knows its answer, only of which kind it is."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from meds3.answers.kinds import Answer
from meds3.errors import InputError
from meds3.problems.problem import Domain, Problem

# What stands in for the gold answer, by its kind. It tells the kind and is never read.
_STANDS_IN: dict[str, dict[str, Any]] = {
    "span": {"text": "?"},
    "number": {"value": 0.0},
    "date": {"day": "2000-01-01"},
}
KINDS = tuple(_STANDS_IN)


def asked_problem(
    question: str,
    options: Sequence[str] | Mapping[str, str] = (),
    context: str | None = None,
    kind: str = "span",
    *,
    id: str = "ask",
) -> Problem:
    """The question as a `Problem`. With `options` the answer is one of them, whatever `kind`.

    Options without letters get them in order. Raises `InputError` for an empty question or option,
    an option given twice, a letter that is none, an unknown kind.
    """
    if not question.strip():
        raise InputError("no question given", "ask something")
    lettered = _lettered(options)
    if lettered:
        gold: dict[str, Any] = {
            "kind": "choice",
            "letter": next(iter(lettered)),
            "options": lettered,
        }
    elif kind in _STANDS_IN:
        gold = {"kind": kind, **_STANDS_IN[kind]}
    else:
        raise InputError(f"kind {kind!r}: expected {', '.join(KINDS)}")
    try:
        answer = TypeAdapter[Answer](Answer).validate_python(gold)
    except ValidationError as error:
        raise InputError(f"options: {error.errors()[0]['msg']}") from error
    return Problem(
        id=id,
        dataset="ask",
        domain=Domain.KNOWLEDGE_QA,
        question=question,
        context=context or None,
        options=lettered or None,
        answer=answer,
    )


def _lettered(options: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    if isinstance(options, Mapping):
        lettered = dict(options)
    else:
        if len(options) > len(string.ascii_uppercase):
            raise InputError(f"options: {len(options)} given, expected at most 26, A to Z")
        lettered = dict(zip(string.ascii_uppercase, options, strict=False))
    if len(lettered) == 1:
        raise InputError("options: one given, expected none or at least two")
    for letter, text in lettered.items():
        if letter not in string.ascii_uppercase or len(letter) != 1:
            raise InputError(f"options: letter {letter!r}, expected A to Z")
        if not text.strip():
            raise InputError(f"options: {letter} is empty")
    texts = [" ".join(text.split()).casefold() for text in lettered.values()]
    if twice := next((text for text in texts if texts.count(text) > 1), None):
        raise InputError(f"options: {twice!r} is given twice")
    return lettered
