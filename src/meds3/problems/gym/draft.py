"""What a generator returns, before it has an id and a dataset."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from meds3.answers.kinds import Answer, Choice

Split = Literal["train", "test"]


@dataclass(frozen=True)
class Draft:
    """One generated question; `options` come with a `Choice` answer."""

    question: str
    answer: Answer
    context: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def options(self) -> dict[str, str] | None:
        return self.answer.options if isinstance(self.answer, Choice) else None


Generate = Callable[[random.Random, int, Split], Draft]


def side(*parts: object) -> Split:
    """The split that owns these numbers, by hash: one third belongs to `test`.

    A generator redraws until its numbers belong to the asked split, so the two can never
    share a question, whatever the seeds.
    """
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return "test" if digest[0] % 3 == 0 else "train"


def lettered(rng: random.Random, right: str, wrong: Iterable[str]) -> Choice:
    """A `Choice` with the options shuffled."""
    texts = [right, *wrong]
    rng.shuffle(texts)
    options = {chr(65 + i): text for i, text in enumerate(texts)}
    return Choice(letter=chr(65 + texts.index(right)), options=options)
