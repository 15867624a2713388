"""Where a text states its answer."""

from __future__ import annotations

import re

from meds3.answers.fold import plain
from meds3.answers.numbers import unlatex

TAIL = 4_000  # characters: an answer is stated at the end, and reading stays bounded

_MARKER = re.compile(
    r"\b(?:the|my|our)\s+(?:(?:final|correct|best|right|most likely|likely)\s+)?"
    r"(?:answer|option|choice)(?:\s+to\s+(?:the|this)\s+question)?\s+"
    r"(?:is|would\s+be|must\s+be|should\s+be)\b\s*:?"
    r"|\banswer\s*(?:is\b\s*)?:"
    r"|\bfinal\s+answer\s+is\b"
    r"|\\boxed\s?(?=\{)",
    re.I,
)
_BOXED = re.compile(r"\\boxed\s?\{((?:[^{}]|\{[^{}]{0,100}\}){0,300})\}")
_EMPHASIS = re.compile(r"\*\*|__|`|\$")
_NEXT_STEP = re.compile(r"step [0-9]", re.I)
_SENTENCE_END = re.compile(r"(?<!\b\w)[.!?](?:\s+(?=[A-Z(\[])|\s*$)")
_REFUSAL = re.compile(
    r"\b(?:i|we)(?:\s+am|'m|\s+are)?\s+"
    r"(?:cannot|can\s?not|can't|could\s+not|unable\s+to|not\s+able\s+to|won't|will\s+not)\s+"
    r"(?:\w+\s+){0,2}?(?:answer|provide|determine|give|assist|help|diagnose|say|tell|offer)"
    r"|\bcannot\s+be\s+(?:determined|answered)\b"
    r"|\b(?:not\s+enough|insufficient)\s+information\b"
    r"|\bas\s+an\s+ai\b",
    re.I,
)


def readable_tail(text: str) -> str:
    """The last `TAIL` characters without markdown emphasis and LaTeX dressing."""
    return unlatex(_EMPHASIS.sub("", plain(text[-TAIL:])[-TAIL:]))


def statements(tail: str) -> list[str]:
    """What follows each answer marker, in order: to the end of its line, never empty.

    A nested marker (`The answer is \\boxed{B}`) counts once, by its innermost form.
    """
    marks = list(_MARKER.finditer(tail))
    found = []
    for i, mark in enumerate(marks):
        end = marks[i + 1].start() if i + 1 < len(marks) else len(tail)
        if mark[0].startswith("\\"):
            boxed = _BOXED.match(tail, mark.start())
            payload = boxed[1] if boxed else ""
        else:
            rest = tail[mark.end() : end].lstrip(" \t\r\n:")
            payload = "" if _NEXT_STEP.match(rest) else rest.partition("\n")[0]
        payload = payload.strip()
        if payload.strip(" .,:;!?*_-\"'()[]"):
            found.append(payload)
    return found


def first_sentence(payload: str) -> str:
    """Up to a full stop before a capital or the end; `0.5 mg` and `E. coli` are not cut."""
    end = _SENTENCE_END.search(payload)
    return payload[: end.start()] if end else payload


def is_refusal(text: str) -> bool:
    """Whether the text declines to answer."""
    return _REFUSAL.search(text) is not None
