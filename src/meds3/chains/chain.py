"""The step format of the paper: `Step k: …` paragraphs, the last one stating the answer.

Step 0: Let's break down this problem step by step.

Step 1: …

Step 2: … The answer is B.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

STEP_ZERO = "Step 0: Let's break down this problem step by step."
STEP_SEPARATOR = "\n\n"
ANSWER_PHRASE = "The answer is"

_STEP_HEAD = re.compile(r"(?:^|\n)[ \t]*\**Step (\d{1,3})\**:\**[ \t]*")
_STATES_ANSWER = re.compile(r"\b(?:the|final) answer (?:is|:)|\\boxed\{|final answer\s*:", re.I)


@dataclass(frozen=True)
class Step:
    """One step: its number and its text without the `Step k:` head."""

    index: int
    text: str

    def __str__(self) -> str:
        return f"Step {self.index}: {self.text}"

    @property
    def states_answer(self) -> bool:
        return _STATES_ANSWER.search(self.text) is not None


@dataclass(frozen=True)
class Chain:
    """Ordered steps, Step 0 first. `complete` when the last step states an answer."""

    steps: tuple[Step, ...]

    @property
    def text(self) -> str:
        return STEP_SEPARATOR.join(str(step) for step in self.steps)

    @property
    def complete(self) -> bool:
        return len(self.steps) > 1 and self.steps[-1].states_answer


def parse_steps(text: str, first_index: int = 1) -> tuple[Step, ...]:
    """Split generated text into steps, numbered from `first_index` whatever the model wrote.

    Text before the first `Step k:` head counts as a step of its own, because a
    continuation is generated with the head already in the prompt. Empty steps vanish;
    a later step after one that states an answer is dropped, so that what was verified
    is what is kept. Blank lines inside a step are folded to single newlines: the
    separator must mean one thing.
    """
    steps: list[Step] = []
    for piece in _STEP_HEAD.split(text)[::2]:
        body = piece.strip()
        if not body:
            continue
        if "\n" in body or "\r" in body:  # most steps are one line
            body = "\n".join(line.strip() for line in body.splitlines() if line.strip())
        steps.append(Step(first_index + len(steps), body))
        if steps[-1].states_answer:
            break
    return tuple(steps)


def chain_of(*step_texts: str) -> Chain:
    """The chain with Step 0 and the given step texts."""
    zero = Step(0, STEP_ZERO.removeprefix("Step 0: "))
    return Chain((zero, *(Step(i, text) for i, text in enumerate(step_texts, 1))))


def parse_chain(text: str) -> Chain:
    """A chain from the whole assistant turn, with or without its Step 0 line."""
    return chain_of(*(step.text for step in parse_steps(text.strip().removeprefix(STEP_ZERO))))
