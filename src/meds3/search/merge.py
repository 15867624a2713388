"""Whether two sibling steps say the same."""

from __future__ import annotations

import difflib
import re
from typing import Literal

Merge = Literal["none", "exact", "near"]

_WORD = re.compile(r"[^\W_]+(?:[.,/%'-][^\W_]+)*%?")
# Words that may differ between two steps that say the same.
_IDLE = frozenset(
    ("a", "an", "the", "so", "then", "thus", "now", "and", "also", "of", "to", "that")
)
# Words that turn a statement over, wherever else the two agree.
_TURN = frozenset(("no", "not", "never", "without", "none", "neither", "nor", "cannot", "yes"))
NEAR_RATIO = 0.9


def same_step(one: str, other: str, merge: Merge) -> bool:
    """`exact`: the same words, whatever the case and the blanks.

    `near`: once articles and the like are left out, at least 0.9 of the words agree in order
    (Ratcliff-Obershelp ratio), with the same numbers, the same negations, and the same single
    letters (an option).
    """
    if merge == "none":
        return False
    if one.casefold().split() == other.casefold().split():
        return True
    if merge == "exact":
        return False
    a, b = _words(one), _words(other)
    if _must_agree(a) != _must_agree(b):
        return False
    return difflib.SequenceMatcher(None, a, b, autojunk=False).ratio() >= NEAR_RATIO


def _words(text: str) -> list[str]:
    words = _WORD.findall(text)
    return [w.casefold() for w in words if w.isupper() or w.casefold() not in _IDLE]


def _must_agree(words: list[str]) -> list[str]:
    return [
        word
        for word in words
        if len(word) == 1
        or word in _TURN
        or word.endswith("n't")
        or any(character.isdigit() for character in word)
    ]
