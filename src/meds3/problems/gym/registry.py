"""The gym's tasks: which generator, which domain, which levels."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from meds3.errors import InputError
from meds3.problems.gym import calculator, dose, note, pharmacology, trial
from meds3.problems.gym.draft import Draft, Generate, Split
from meds3.problems.problem import Domain, Problem

_REDRAWS = 500


@dataclass(frozen=True)
class GymTask:
    """`generate(rng, level, split)` is deterministic in the state of `rng`."""

    name: str
    domain: Domain
    generate: Generate
    levels: tuple[int, ...] = (1, 2)


TASKS: dict[str, GymTask] = {
    task.name: task
    for task in (
        GymTask("dose", Domain.BIOMEDICAL_QA, dose.generate),
        GymTask("trial", Domain.MEDICAL_NLI, trial.generate),
        GymTask("note", Domain.LONG_CONTEXT_QA, note.generate),
        GymTask("calculator", Domain.CLINICAL_REASONING, calculator.generate),
        GymTask("pharmacology", Domain.KNOWLEDGE_QA, pharmacology.generate),
    )
}


def make(task: GymTask, level: int, split: Split, seed: int, count: int) -> list[Problem]:
    """The first `count` problems of a stream, all with different texts.

    Problem `i` depends on the seed and the ones before it only: asking for more keeps the
    first. Raises `InputError` when the generator runs out of new questions.
    """
    found: list[Problem] = []
    seen: set[tuple[str, str | None]] = set()
    mark = f"-s{seed}" if seed else ""
    for index in range(count):
        rng = random.Random(f"{seed}/{task.name}/{level}/{split}/{index}")
        draft = _new(partial(task.generate, rng, level, split), seen)
        if draft is None:
            raise InputError(
                f"gym task {task.name} level {level} has only about {index} {split} questions, "
                f"{count} were asked for",
                "ask for fewer, or for more tasks or levels",
            )
        found.append(
            Problem(
                id=f"gym-{task.name}-{level}-{split}{mark}-{index}",
                dataset=f"gym-{task.name}",
                domain=task.domain,
                question=draft.question,
                context=draft.context,
                options=draft.options,
                answer=draft.answer,
                meta={**draft.meta, "level": level, "split": split},
            )
        )
    return found


def _new(draw: Callable[[], Draft], seen: set[tuple[str, str | None]]) -> Draft | None:
    for _ in range(_REDRAWS):
        draft = draw()
        key = (draft.question, draft.context)
        if key not in seen:
            seen.add(key)
            return draft
    return None
