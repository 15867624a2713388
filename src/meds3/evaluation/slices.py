"""Accuracy on parts of the questions: by domain, answer, options, length, level and type."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.measure import by_group
from meds3.evaluation.outcome import SystemEvaluation
from meds3.evaluation.results_measures import SliceRow
from meds3.problems.problem import Problem

_MOST_GROUPS = 12  # a key with more values names questions, not kinds of questions


def slice_rows(
    evaluation: SystemEvaluation, problems: Mapping[str, Problem], config: EvaluationConfig
) -> list[SliceRow]:
    """A line per respect, group and strategy; a respect with a single group says nothing new.

    `problems` by id; a question without its problem is in no slice.
    """
    asked = [problems.get(outcome.problem_id) for outcome in evaluation.outcomes]
    found = []
    for by, label_of in _respects([p for p in asked if p is not None]).items():
        labels = [label_of(problem) if problem else None for problem in asked]
        if 2 <= len({label for label in labels if label is not None}) <= _MOST_GROUPS:
            rows = by_group(evaluation, labels, config)
            found += [SliceRow(by=by, **row.model_dump()) for row in rows]
    return found


def _respects(problems: list[Problem]) -> dict[str, Callable[[Problem], str | None]]:
    return {
        "domain": lambda p: p.domain.value,
        "kind": lambda p: p.answer.kind,
        "options": lambda p: f"{len(p.options)} options" if p.options else "no options",
        "length": _length(problems),
        "level": _meta("level", "difficulty"),
        "type": _meta("question_type", "type"),
    }


def _meta(*keys: str) -> Callable[[Problem], str | None]:
    def label(problem: Problem) -> str | None:
        found = (problem.meta.get(key) for key in keys)
        return next((str(value) for value in found if isinstance(value, str | int)), None)

    return label


def _length(problems: list[Problem]) -> Callable[[Problem], str]:
    """Thirds by the words of question and context; equal lengths stay together."""
    lengths = [_words(p) for p in problems] or [0]
    low, high = (int(edge) for edge in np.quantile(lengths, [1 / 3, 2 / 3], method="lower"))

    def label(problem: Problem) -> str:
        words = _words(problem)
        if words <= low:
            return f"1: to {low} words"
        return f"2: to {high} words" if words <= high else f"3: over {high} words"

    return label


def _words(problem: Problem) -> int:
    return len(f"{problem.question} {problem.context or ''}".split())
