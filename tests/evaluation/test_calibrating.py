"""Calibration on candidates whose chances are known."""

from __future__ import annotations

import numpy as np
import pytest

from meds3.evaluation.adaptive import as_stopped
from meds3.evaluation.calibrating import calibrate
from meds3.evaluation.outcome import SystemEvaluation
from tests.evaluation.made_up import evaluation


@pytest.fixture(scope="module")
def asked() -> SystemEvaluation:
    """Four times the made-up questions: enough to fit on."""
    parts = [evaluation(f"round-{k}", 0.55) for k in range(4)]
    outcomes = [
        o.model_copy(update={"problem_id": f"{k}-{o.problem_id}", "cluster": f"{k}-{o.cluster}"})
        for k, part in enumerate(parts)
        for o in part.outcomes
    ]
    return SystemEvaluation(header=parts[0].header, outcomes=tuple(outcomes))


@pytest.mark.parametrize("strategy", ["pvs", "majority", "best-of-n/min"])
def test_a_fitted_confidence_is_nearer_the_truth(asked: SystemEvaluation, strategy: str) -> None:
    curve, found = calibrate(asked, strategy)
    assert curve is not None
    by = {one.confidence: one for one in found}
    assert set(by) == {"votes", "platt", "isotonic"}
    assert by[curve.method].brier == min(by["platt"].brier, by["isotonic"].brier)
    assert by[curve.method].brier < by["votes"].brier
    assert by[curve.method].ece < 0.12
    assert (curve.n_samples, curve.features[0]) == (8, "share")
    assert ("steps" in curve.features or curve.method == "isotonic") == (strategy != "majority")


def test_confidence_rises_with_the_share_of_the_votes(asked: SystemEvaluation) -> None:
    curve, _ = calibrate(asked, "majority")
    assert curve is not None
    told = []
    for outcome in asked.outcomes:
        selection, _ = outcome.decide("majority")
        rows = [row.candidate() for row in outcome.samples]
        told.append((selection.confidence, curve.confidence(rows, selection)))
    shares, confidences = np.array(told).T
    assert np.corrcoef(shares, confidences)[0, 1] > 0.7


def test_copies_of_few_questions_fit_nothing() -> None:
    few = evaluation("few", 0.5)
    copies = [o.model_copy(update={"cluster": str(i // 9)}) for i, o in enumerate(few.outcomes)]
    curve, found = calibrate(few.model_copy(update={"outcomes": tuple(copies[:72])}), "majority")
    assert curve is None
    assert len(found) == 1


def test_too_few_right_answers_fit_nothing() -> None:
    curve, found = calibrate(evaluation("hopeless", 0.02), "majority")
    assert curve is None
    assert [one.confidence for one in found] == ["votes"]


def test_the_same_seed_gives_the_same_curve(asked: SystemEvaluation) -> None:
    assert calibrate(asked, "pvs") == calibrate(asked, "pvs")


def test_a_curve_of_early_votes_is_right_about_early_votes(asked: SystemEvaluation) -> None:
    early = as_stopped(asked, "majority", "likely", sure=0.8)
    drawn = [len(outcome.samples) for outcome in early.outcomes]
    assert min(drawn) < 8
    assert as_stopped(asked, "majority", "off") is asked
    own, found = calibrate(early, "majority", stopping="likely")
    assert own is not None
    assert own.stopping == "likely"
    assert own.holds_for("likely")
    assert not own.holds_for("off")
    assert min(found[1:], key=lambda one: one.brier).ece < 0.12
