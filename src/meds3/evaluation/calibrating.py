"""Fit how votes and step scores become a probability, and measure what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.outcome import SystemEvaluation
from meds3.evaluation.results_measures import Reliability
from meds3.evaluation.statistics.reliability import (
    auc,
    brier,
    calibration_error,
    risk_area,
    risk_coverage,
)
from meds3.selection.confidence import Calibration, Method, features, vote_confidence
from meds3.selection.rules import canonical, needs_scores
from meds3.selection.stopping import Stopping

METHODS: tuple[Method, ...] = ("platt", "isotonic")
_FEATURES = ("share", "support", "usable")
_FOLDS = 5
_LEAST = 10  # questions answered right, and wrong; fewer fit a curve to luck
_PENALTY = 10.0  # scikit-learn's C: weak, four features and some hundred questions
_RESAMPLES = 2_000

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Answers:
    """Questions of an evaluation under one strategy. `told`: those that got an answer."""

    strategy: str
    names: tuple[str, ...]
    values: Matrix  # (told questions, features)
    told: npt.NDArray[np.intp]
    right: npt.NDArray[np.bool_]  # of all questions
    share: npt.NDArray[np.float64]
    clusters: tuple[str, ...]


def calibrate(
    evaluation: SystemEvaluation, strategy: str, *, seed: int = 0, stopping: Stopping = "off"
) -> tuple[Calibration | None, list[Reliability]]:
    """The better curve for `strategy`, and what the plain vote share and each curve are worth.

    Each curve is measured by cross-fitting: every question's confidence comes from a curve fitted
    without it and without its duplicates, in five folds. The one with the lower Brier score is
    fitted on all questions and returned; `stopping` is the rule by which its candidates are fewer
    than all (`adaptive.as_stopped`). None when under ten different questions are answered
    right, or wrong.
    """
    answers = _answers(evaluation, strategy)
    config = EvaluationConfig(seed=seed)
    found = [_measured(evaluation, answers, "votes", answers.share, config)]
    told_right = answers.right[answers.told]
    groups = [
        {answers.clusters[i] for i in answers.told if answers.right[i] == right}
        for right in (True, False)
    ]
    if min(map(len, groups)) < _LEAST:
        return None, found
    curves = []
    for method in METHODS:
        confidences = _cross_fitted(answers, method, seed)
        found.append(_measured(evaluation, answers, method, confidences, config))
        curves.append((found[-1].brier, METHODS.index(method), method))
    best = min(curves)[2]
    curve = _fitted(answers, best, answers.values, told_right, evaluation.header.n_samples)
    drawn = {"stopping": stopping, "forced": evaluation.header.forced}
    return curve.model_copy(update=drawn), found


def _answers(evaluation: SystemEvaluation, strategy: str) -> _Answers:
    names = (*_FEATURES, "steps") if needs_scores(strategy) else _FEATURES
    values, told, share = [], [], []
    for place, outcome in enumerate(evaluation.outcomes):
        selection, _ = outcome.decide(strategy)
        candidates = [row.candidate() for row in outcome.rows(strategy)]
        share.append(vote_confidence(candidates, selection))
        if selection.answer is not None:
            values.append(features(candidates, selection, names))
            told.append(place)
    return _Answers(
        strategy=canonical(strategy),
        names=names,
        values=np.array(values, dtype=np.float64).reshape(-1, len(names)),
        told=np.array(told, dtype=np.intp),
        right=np.array(list(evaluation.correct(strategy).values()), dtype=np.bool_),
        share=np.array(share, dtype=np.float64),
        clusters=evaluation.clusters,
    )


def _cross_fitted(answers: _Answers, method: Method, seed: int) -> npt.NDArray[np.float64]:
    """A confidence per question, of a curve that has not seen it; 0 without an answer."""
    from sklearn.model_selection import StratifiedGroupKFold

    right = answers.right[answers.told]
    groups = [answers.clusters[place] for place in answers.told]
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
    found = np.zeros(len(answers.right))
    for train, test in folds.split(answers.values, right, groups):
        curve = _fitted(answers, method, answers.values[train], right[train], 1)
        found[answers.told[test]] = [curve.probability(row) for row in answers.values[test]]
    return found


def _fitted(
    answers: _Answers,
    method: Method,
    values: Matrix,
    right: npt.NDArray[np.bool_],
    n_samples: int,
) -> Calibration:
    fields = {"strategy": answers.strategy, "n_samples": n_samples, "n_questions": len(right)}
    if method == "platt":
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=_PENALTY, max_iter=1000).fit(values, right)
        shape = {"weights": tuple(model.coef_[0].tolist()), "bias": float(model.intercept_[0])}
        names = answers.names
    else:
        from sklearn.isotonic import IsotonicRegression

        curve = IsotonicRegression(y_min=0.0, y_max=1.0, increasing=True).fit(values[:, 0], right)
        knots = zip(curve.X_thresholds_.tolist(), curve.y_thresholds_.tolist(), strict=True)
        shape, names = {"knots": tuple(knots)}, answers.names[:1]
    return Calibration.model_validate(fields | shape | {"method": method, "features": names})


def _measured(
    evaluation: SystemEvaluation,
    answers: _Answers,
    kind: str,
    confidences: Sequence[float] | npt.NDArray[np.float64],
    config: EvaluationConfig,
) -> Reliability:
    told, right = [float(c) for c in confidences], answers.right.tolist()
    error, bins = calibration_error(
        told, right, answers.clusters, seed=config.seed, resamples=_RESAMPLES
    )
    return Reliability(
        system=evaluation.name,
        strategy=answers.strategy,
        confidence=kind,
        n_questions=len(right),
        accuracy=sum(right) / len(right),
        ece=error.value,
        ece_low=error.low,
        ece_high=error.high,
        brier=brier(told, right),
        auc=auc(told, right),
        aurc=risk_area(told, right),
        aurc_best=risk_area([float(one) for one in right], right),
        bins=bins,
        risk_coverage=risk_coverage(told, right),
    )
