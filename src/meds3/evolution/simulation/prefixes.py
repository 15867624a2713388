"""What an engine has computed before: how much of a prompt it need not read again."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterable

_PROBLEMS = 128  # that a replica's cache holds


class Prefixes:
    """Texts that have been computed, by problem; the oldest problem is forgotten first.

    What two problems share, such as a worked example, is shared; copies of one problem stand for
    different problems, so that their question is read for each.
    """

    def __init__(self) -> None:
        self._problems: OrderedDict[str, list[str]] = OrderedDict()
        self._firsts: list[str] = []  # the first prompts of problems, each once

    def known(self, problem: str, prompt: str) -> int:
        """Characters of the prompt's start that are computed."""
        if texts := self._problems.get(problem):
            return _shared(texts, prompt)
        others = [text for text in _around(self._firsts, prompt) if not prompt.startswith(text)]
        return _shared(others, prompt)

    def add(self, problem: str, prompt: str, completions: Iterable[str]) -> None:
        """From now on the prompt is known with what was generated after it."""
        if problem not in self._problems:
            self._problems[problem] = []
            at = bisect_left(self._firsts, prompt)
            if self._firsts[at : at + 1] != [prompt]:
                self._firsts.insert(at, prompt)
            if len(self._problems) > _PROBLEMS:
                self._problems.popitem(last=False)
        self._problems.move_to_end(problem)
        for text in completions:
            insort(self._problems[problem], prompt + text)


def _around(texts: list[str], prompt: str) -> list[str]:
    """The neighbours of a prompt in a sorted list: one of them shares most with it."""
    at = bisect_left(texts, prompt)
    return texts[max(at - 1, 0) : at + 2]


def _shared(texts: list[str], prompt: str) -> int:
    return max((_common(text, prompt) for text in _around(texts, prompt)), default=0)


def _common(one: str, other: str) -> int:
    """Characters with which both begin."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
