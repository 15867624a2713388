"""Where a text states its answer."""

from __future__ import annotations

import re

from meds3.answers.fold import plain
from meds3.answers.numbers import unlatex

TAIL = 4_000  # characters: an answer is stated at the end, and reading stays bounded

_BE = r"(?:is|was|are|would\s+be|must\s+be|should\s+be)\b"
_ADJECTIVE = r"(?:final|correct|best|right|most\s+likely|likely|most\s+appropriate|overall)"
_MARKER = (
    rf"\b(?:the|my|our)\s+(?:{_ADJECTIVE}\s+){{0,2}}(?:answer|option|choice)s?"
    rf"(?:\s+(?:to|for)\s+(?:the|this)\s+(?:question|problem))?\s+(?:here\s+)?{_BE}\s*:?"
    rf"|\b(?:{_ADJECTIVE}\s+)(?:answer|option|choice|response|diagnosis)\s*[:=]"
    r"|\bans(?:wer)?[\"']?\s*(?:is\b\s*)?[:=]"
    r"|\banswer\s+(?:is\b|-(?=\s))"
    r"|\bi(?:'d|\s+would|\s+will|'ll)?\s+(?:choose|select|pick|go\s+with)\b"
    r"|<answer>"
    r"|\\boxed\s?(?=\{)"
    r"|\\boxed\s?\\text(?=\{)"
)
_LOWER_MARKER, _ANY_MARKER = re.compile(_MARKER), re.compile(_MARKER, re.I)
_WORDS = (
    "ans",
    "option",
    "choice",
    "boxed",
    "response",
    "diagnosis",
    "choose",
    "select",
    "pick",
    "go with",
)  # every marker holds one of them
_BEFORE = 60  # characters a marker may begin before its word
_BOXED = re.compile(r"\\boxed\s?(?:\\text)?\{((?:[^{}]|\{[^{}]{0,100}\}){0,300})\}")
_EMPHASIS = re.compile(r"\*\*|__|`|\$|(?<!\w)[*_](?=\w)|(?<=[\w.)])[*_](?!\w)")
_DRESSED = re.compile(r"[*_`$#]")
_HEADING = re.compile(r"^#{1,6}\s+", re.M)
_NEXT_STEP = re.compile(r"\n\s*step [0-9]|^\s*step [0-9]", re.I)
_ABBREVIATED = r"(?<!\b\w)(?<!\bSt)(?<!\bDr)(?<!\bvs)(?<!\bspp)(?<!\bsp)(?<!\bapprox)"
_SENTENCE_END = re.compile(rf"{_ABBREVIATED}[.!?](?:\s+(?=[A-Z(\[])|\s*$)")
_REFUSAL = re.compile(
    r"\b(?:i|we)(?:\s+am|'m|\s+are)?\s+"
    r"(?:cannot|can\s?not|can't|could\s+not|unable\s+to|not\s+able\s+to|won't|will\s+not)\s+"
    r"(?:\w+\s+){0,2}?(?:answer|provide|determine|give|assist|help|diagnose|say|tell|offer)"
    r"|\b(?:cannot|can\s?not|can't)\s+be\s+(?:determined|answered)\b"
    r"|\b(?:not\s+enough|insufficient)\s+information\b"
    r"|\bas\s+an\s+ai\b",
    re.I,
)


def readable_tail(text: str) -> str:
    """The last `TAIL` characters without hidden thought, markdown emphasis and LaTeX dressing.

    What stands before the last `</think>` is thought, not an answer; so is everything after a
    `<think>` that never closes (the text was cut off).
    """
    tail = plain(text[-TAIL:])[-TAIL:]
    tail = tail.rpartition("</think>")[2].partition("<think>")[0]
    if _DRESSED.search(tail):
        tail = _HEADING.sub("", _EMPHASIS.sub("", tail))
    return unlatex(tail)


def statements(tail: str) -> list[str]:
    """What follows each answer marker, in order: to the next marker or step, never empty.

    A nested marker (`The answer is \\boxed{B}`) counts once, by its innermost form.
    """
    marks = _marks(tail)
    found = []
    for i, mark in enumerate(marks):
        end = marks[i + 1].start() if i + 1 < len(marks) else len(tail)
        payload = _payload(mark, tail, end)
        if payload.strip(" .,:;!?*_-\"'()[]{}"):
            found.append(payload)
    return found


def _marks(tail: str) -> list[re.Match[str]]:
    """Every marker; the text before the first word that markers are made of is not tried.

    They are found in the text in lower case, which is quicker than without regard to case; their
    places are the same.
    """
    lowered = tail.lower()
    if len(lowered) != len(tail):  # a few characters grow in lower case, and places move
        return list(_ANY_MARKER.finditer(tail))
    places = [place for word in _WORDS if (place := lowered.find(word)) >= 0]
    if not places:
        return []
    return list(_LOWER_MARKER.finditer(lowered, max(0, min(places) - _BEFORE)))


def _payload(mark: re.Match[str], tail: str, end: int) -> str:
    if mark[0].startswith("\\"):
        boxed = _BOXED.match(tail, mark.start())
        return boxed[1].strip() if boxed else ""
    rest = tail[mark.end() : end].lstrip(" \t\r\n:")
    if mark[0].startswith("<"):
        rest = rest.partition("</")[0]
    step = _NEXT_STEP.search(rest)
    return (rest[: step.start()] if step else rest).strip()


def states_empty(tail: str) -> bool:
    """Whether a marker stands at the very end, with no answer after it: a text cut off."""
    ends = [mark.end() for mark in _marks(tail)]
    return bool(ends) and not tail[ends[-1] :].strip(" \t\r\n.:\"'([{")


def first_line(block: str) -> str:
    """The first line of a statement."""
    return block.partition("\n")[0].strip()


def last_line(tail: str) -> str:
    """The last line that is not blank."""
    return tail.rstrip().rpartition("\n")[2].strip()


def first_sentence(payload: str) -> str:
    """Up to a full stop before a capital or the end; `0.5 mg` and `E. coli` are not cut."""
    end = _SENTENCE_END.search(payload)
    return payload[: end.start()] if end else payload


def is_refusal(text: str) -> bool:
    """Whether the text declines to answer."""
    return _REFUSAL.search(text) is not None
