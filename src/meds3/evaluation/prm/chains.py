"""The answering chains of every held-out question, as tables that statistics read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from meds3.answers.verdict import Verdict
from meds3.evaluation.outcome import CandidateRow, SystemEvaluation
from meds3.evaluation.results_parts import Measured
from meds3.evaluation.statistics.ranking import wins
from meds3.evaluation.statistics.resampling import Estimate, Resamples, Vector
from meds3.selection.rules import CHAIN_SCORES


@dataclass(frozen=True)
class Chains:
    """The answering chains of every question, with the bootstrap over the questions."""

    evaluation: SystemEvaluation
    questions: list[list[CandidateRow]]
    resamples: Resamples

    @cached_property
    def right(self) -> list[list[bool]]:
        return [[row.verdict is Verdict.CORRECT for row in rows] for rows in self.questions]

    @cached_property
    def random(self) -> Vector:
        """Per question the share of its answering chains that are right; 0 without any."""
        return np.array([sum(right) / max(len(right), 1) for right in self.right])

    @cached_property
    def any_right(self) -> Vector:
        return np.array([float(any(right)) for right in self.right])

    def scores(self, rule: str) -> list[list[float]]:
        return [[CHAIN_SCORES[rule](row.scores) for row in rows] for rows in self.questions]

    def correct(self, strategy: str) -> Vector:
        return np.array([float(right) for right in self.evaluation.correct(strategy).values()])

    def mean(self, values: Vector, chosen: Vector | None = None) -> Measured:
        """The mean of a value per question, over all or the `chosen` (1, else 0) questions."""
        weight = np.ones_like(values) if chosen is None else chosen
        found = self.resamples.ratio(values * weight, weight)
        return _required(found)

    def wins(self, rule: str) -> tuple[Vector, Vector]:
        pairs = zip(self.scores(rule), self.right, strict=True)
        counted = np.array([wins(scores, right) for scores, right in pairs], dtype=np.float64)
        return counted[:, 0], counted[:, 1]


def measured(found: Estimate | None) -> Measured | None:
    if found is None:
        return None
    return Measured(value=found.value, low=found.low, high=found.high)


def _required(found: Estimate | None) -> Measured:
    there = measured(found)
    if there is None:
        raise ValueError("a mean over no question")
    return there
