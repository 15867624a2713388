"""How likely an answer is right: from the votes and the step scores, by a curve that was fitted on
questions whose answers are known."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from meds3.selection.candidate import Candidate
from meds3.selection.rules import Selection, canonical
from meds3.selection.stopping import Stopping

Method = Literal["platt", "isotonic"]
_FAR = 60.0  # logits beyond are certainty, and `exp` must not overflow
Feature = Callable[[Sequence[Candidate], Selection], float]


def _support(candidates: Sequence[Candidate], selection: Selection) -> float:
    return selection.votes[selection.answer or ""] / len(candidates)


def _usable(candidates: Sequence[Candidate], selection: Selection) -> float:
    return math.fsum(candidate.votes for candidate in candidates) / len(candidates)


def _steps(candidates: Sequence[Candidate], selection: Selection) -> float:
    scores = selection.winner.scores if selection.winner else ()
    return math.fsum(scores) / len(scores) if scores else 1.0


# All in [0, 1]. For rules that add votes up; `support` of a mean or a best score says less.
FEATURES: dict[str, Feature] = {
    "share": lambda candidates, selection: selection.confidence,  # of all mass, the winner's
    "support": _support,  # the winner's mass per chain drawn
    "usable": _usable,  # share of the chains that state an answer
    "steps": _steps,  # mean step score of the winning chain
}


def vote_confidence(candidates: Sequence[Candidate], selection: Selection) -> float:
    """What stands in where no curve was fitted: the winner's share of the votes, times the share
    of the chains that vote. One readable chain of four is a quarter, not certainty."""
    return selection.confidence * _usable(candidates, selection) if candidates else 0.0


def features(
    candidates: Sequence[Candidate], selection: Selection, names: Sequence[str]
) -> list[float]:
    """The named features of an answered question, each in [0, 1]."""
    return [FEATURES[name](candidates, selection) for name in names]


class Calibration(BaseModel):
    """A fitted curve from features to the probability that the answer is right.

    `platt`: sigmoid(bias + Σ weights·features) (Platt 1999, here over several features).
    `isotonic`: the first feature alone, linear between `knots` (Zadrozny & Elkan 2002). An answer
    that nobody gave has confidence 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    strategy: str = Field(description="the full name, vote-sum/last for pvs")
    n_samples: int = Field(ge=1, description="chains per question it was fitted with")
    n_questions: int = Field(ge=1, description="fitted on")
    stopping: Stopping = Field(
        "off", description="the rule that drawing stopped by: early votes look surer than they are"
    )
    forced: bool = Field(False, description="chains were made to state an answer")
    method: Method
    features: tuple[str, ...] = Field(min_length=1)
    weights: tuple[float, ...] = ()
    bias: float = 0.0
    knots: tuple[tuple[float, float], ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Calibration:
        if unknown := [name for name in self.features if name not in FEATURES]:
            raise ValueError(f"features: unknown {unknown}; known: {', '.join(FEATURES)}")
        if self.method == "platt" and len(self.weights) != len(self.features):
            raise ValueError(f"weights: expected {len(self.features)}, one per feature")
        if self.method == "isotonic" and (not self.knots or list(self.knots) != sorted(self.knots)):
            raise ValueError("knots: expected rising pairs of feature and probability")
        return self

    def is_of(self, strategy: str) -> bool:
        """Whether it was fitted on answers that `strategy` chose."""
        return self.strategy == canonical(strategy)

    def holds_for(self, stopping: Stopping, *, forced: bool = False) -> bool:
        """Whether it was fitted on chains that ended so, and votes. Of `exact` and `off` either
        curve serves: the answer is the same one. The shares are not quite: the curve of all chains
        is off by 6 to 12% on `exact` votes (docs/benchmarks.md, adaptive_votes), so that a run's
        own curve is of `exact` ones, which is how it is asked."""
        return (self.stopping == "likely", self.forced) == (stopping == "likely", forced)

    def confidence(self, candidates: Sequence[Candidate], selection: Selection) -> float:
        """The probability in [0, 1] that `selection.answer` is right."""
        if selection.answer is None:
            return 0.0
        return self.probability(features(candidates, selection, self.features))

    def probability(self, values: Sequence[float]) -> float:
        """The probability for the values of `self.features`."""
        if self.method == "platt":
            products = (w * v for w, v in zip(self.weights, values, strict=True))
            logit = math.fsum([self.bias, *products])
            return 1 / (1 + math.exp(-max(-_FAR, min(_FAR, logit))))
        return _between(self.knots, values[0])


def _between(knots: Sequence[tuple[float, float]], x: float) -> float:
    """Linear between the knots, flat outside."""
    place = bisect.bisect_right(knots, (x, math.inf))
    if place in (0, len(knots)):
        return knots[min(place, len(knots) - 1)][1]
    (x0, y0), (x1, y1) = knots[place - 1], knots[place]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
