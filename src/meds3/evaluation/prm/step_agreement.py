"""Step scores against fresh rollouts: which steps are asked, and what the figures mean.

A step's value is the chance that the policy, going on from it, ends right. The PRM was trained
on such shares, or on labels made from them; whether it still tells them on held-out problems is
measured here.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field
from scipy import stats

from meds3.evaluation.outcome import SystemEvaluation
from meds3.evaluation.results_parts import CalibrationBin, Measured, StepAgreement
from meds3.evaluation.statistics.inference import bootstrap_mean
from meds3.evaluation.statistics.resampling import Estimate, Resamples, Vector, with_interval
from meds3.runs.digest import derived_seed

_PER_BIN, _MOST_BINS = 6, 10


@dataclass(frozen=True)
class OpenStep:
    """A scored step of a held-out chain that another step follows.

    `texts` are the steps up to it, Step 0 left out.
    """

    problem_id: str
    cluster: str
    texts: tuple[str, ...]
    score: float


class RolledStep(BaseModel):
    """One sampled step: its score, and how many of its fresh rollouts were verified correct."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    problem_id: str
    cluster: str
    steps: tuple[str, ...] = Field(min_length=1, description="texts up to the step")
    score: float
    rollouts: int = Field(ge=1)
    correct: int = Field(ge=0)
    tokens: int

    @property
    def value(self) -> float:
        return self.correct / self.rollouts


def open_steps(evaluation: SystemEvaluation) -> list[OpenStep]:
    """The scored steps that have a next one; steps that chains of a question share count once.

    The last step of a chain is left out: what it is worth is its answer, and that is in the
    chain's verdict.
    """
    found: dict[tuple[str, tuple[str, ...]], OpenStep] = {}
    for outcome in evaluation.outcomes:
        for row in outcome.samples:
            for i, score in enumerate(row.scores[:-1], 1):
                texts = row.steps[:i]
                step = OpenStep(outcome.problem_id, outcome.cluster, texts, score)
                found.setdefault((outcome.problem_id, texts), step)
    return list(found.values())


def sample_steps(steps: Sequence[OpenStep], count: int, seed: int) -> list[OpenStep]:
    """At most `count` steps, spread evenly over the scores as they occur.

    The steps in order of their score are cut into `count` equal parts, and one is drawn from
    each: a stratified sample in which every step has the same chance.
    """
    ordered = sorted(steps, key=lambda step: (step.score, step.problem_id, step.texts))
    count = min(count, len(ordered))
    edges = [round(i * len(ordered) / count) for i in range(count + 1)] if count else []
    draw = random.Random(derived_seed(seed, "step rollouts"))
    return [ordered[draw.randrange(a, b)] for a, b in pairwise(edges)]


def agreement(rolled: Sequence[RolledStep], *, seed: int, resamples: int) -> StepAgreement | None:
    """Calibration, error and rank correlation of the scores; None without a step.

    Intervals are bootstraps over questions. `ece` is Σ n_bin/n |mean score − mean value| over
    bins of equal size (Naeini et al. 2015). `brier` is the mean over rollouts of
    (score − outcome)², outcome 1 or 0: v (1−s)² + (1−v) s² per step (Brier 1950).
    """
    if not rolled:
        return None
    ordered = sorted(rolled, key=lambda step: (step.score, step.problem_id, step.steps))
    score = np.array([step.score for step in ordered])
    value = np.array([step.value for step in ordered])
    clusters = [step.cluster for step in ordered]
    mean = float(value.mean())
    error = bootstrap_mean(score - value, clusters, seed=seed, resamples=resamples)
    bins = _bins(score, value, clusters, seed, resamples)
    rho = _spearman(score, value, Resamples(clusters, seed=seed, resamples=resamples))
    return StepAgreement(
        steps=len(ordered),
        questions=len(set(clusters)),
        rollouts_per_step=max(step.rollouts for step in ordered),
        tokens=sum(step.tokens for step in ordered),
        mean_score=float(score.mean()),
        mean_value=mean,
        error=_measured(error),
        ece=sum(b.steps * abs(b.score - b.value.value) for b in bins) / len(ordered),
        brier=float((value * (1 - score) ** 2 + (1 - value) * score**2).mean()),
        brier_constant=mean * (1 - mean),
        rho=None if rho is None else _measured(rho),
        bins=bins,
    )


def _bins(
    score: Vector, value: Vector, clusters: Sequence[str], seed: int, resamples: int
) -> list[CalibrationBin]:
    """Equal numbers of steps, in order of score: at least 6 each where there are as many."""
    count = min(_MOST_BINS, max(1, len(score) // _PER_BIN))
    found = []
    for here in np.array_split(np.arange(len(score)), count):
        labels = [clusters[i] for i in here]
        mean = bootstrap_mean(value[here], labels, seed=seed, resamples=resamples)
        found.append(
            CalibrationBin(steps=len(here), score=float(score[here].mean()), value=_measured(mean))
        )
    return found


def _spearman(x: Vector, y: Vector, resamples: Resamples) -> Estimate | None:
    """Spearman's rank correlation, its bootstrap over the clusters; None for a constant side."""

    def rho(index: npt.NDArray[np.intp]) -> float:
        a, b = (np.asarray(stats.rankdata(v[index])) for v in (x, y))
        a, b = a - a.mean(), b - b.mean()
        below = float(np.sqrt((a @ a) * (b @ b)))
        return float(a @ b) / below if below > 0 else float("nan")

    everyone = np.arange(len(x), dtype=np.intp)
    value = rho(everyone)
    if np.isnan(value):
        return None
    draws = [
        rho(np.repeat(everyone, counts[resamples.index]))
        for chunk in resamples.picks()
        for counts in chunk
    ]
    return with_interval(value, np.array(draws))


def _measured(found: Estimate) -> Measured:
    return Measured(value=found.value, low=found.low, high=found.high)
