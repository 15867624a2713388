"""Calibration error, ranking, risk and coverage: by hand and beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds3.errors import InputError
from meds3.evaluation.statistics.reliability import (
    auc,
    brier,
    calibration_error,
    risk_area,
    risk_coverage,
)

# Two bins: (.2, .4) right once of twice, mean .3, gap .2; (.6, .8) right always, mean .7, gap .3.
CONFIDENCES = [0.2, 0.4, 0.6, 0.8]
RIGHT = [True, False, True, True]


def test_the_error_by_hand() -> None:
    error, bins = calibration_error(CONFIDENCES, RIGHT, bins=2)
    assert error.value == pytest.approx(0.5 * 0.2 + 0.5 * 0.3)
    assert [b.n_questions for b in bins] == [2, 2]
    assert [b.confidence for b in bins] == pytest.approx([0.3, 0.7])
    assert [b.accuracy for b in bins] == pytest.approx([0.5, 1.0])
    assert 0 <= error.low <= error.high <= 1


def test_equal_confidences_stay_together() -> None:
    _, bins = calibration_error([0.5] * 90 + [0.9] * 10, [True] * 100)
    assert [b.n_questions for b in bins] == [90, 10]


def test_bins_are_those_of_scikit_learn() -> None:
    from sklearn.calibration import calibration_curve

    rng = np.random.default_rng(0)
    told = rng.random(500)
    right = rng.random(500) < told**2
    _, bins = calibration_error(told.tolist(), right.tolist())
    accuracy, confidence = calibration_curve(right, told, n_bins=10, strategy="quantile")
    assert [b.accuracy for b in bins] == pytest.approx(accuracy.tolist(), abs=0.03)
    assert [b.confidence for b in bins] == pytest.approx(confidence.tolist(), abs=0.01)


def test_brier_and_auc_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import brier_score_loss, roc_auc_score

    rng = np.random.default_rng(1)
    told = rng.integers(0, 11, 300) / 10
    right = rng.random(300) < told
    assert brier(told.tolist(), right.tolist()) == pytest.approx(brier_score_loss(right, told))
    assert auc(told.tolist(), right.tolist()) == pytest.approx(roc_auc_score(right, told))
    assert auc([0.3, 0.4], [True, True]) is None


def test_a_perfect_confidence_has_little_error_and_its_interval_is_honest() -> None:
    rng = np.random.default_rng(2)
    told = rng.random(5000)
    right = rng.random(5000) < told
    error, _ = calibration_error(told.tolist(), right.tolist())
    assert error.value < 0.03


def test_risk_and_coverage_by_hand() -> None:
    points = risk_coverage(CONFIDENCES, RIGHT)
    told = [(p.threshold, p.coverage, p.accuracy) for p in points]
    assert told == [(0.2, 1.0, 0.75), (0.4, 0.75, 2 / 3), (0.6, 0.5, 1.0), (0.8, 0.25, 1.0)]
    # errors of the k most confident: 0, 0, 1/3, 1/4
    assert risk_area(CONFIDENCES, RIGHT) == pytest.approx((0 + 0 + 1 / 3 + 1 / 4) / 4)


def test_equal_confidences_are_answered_together() -> None:
    points = risk_coverage([0.5, 0.5, 0.5, 0.9], [True, False, True, True])
    assert [p.n_answered for p in points] == [4, 1]


def test_without_a_ranking_the_area_is_the_error() -> None:
    assert risk_area([0.5] * 4, RIGHT) == pytest.approx(0.25)


@given(
    st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=60),
)
def test_no_ranking_is_better_than_the_best(rows: list[tuple[int, bool]]) -> None:
    told, right = [k / 10 for k, _ in rows], [r for _, r in rows]
    assert risk_area([float(r) for r in right], right) <= risk_area(told, right) + 1e-12
    points = risk_coverage(told, right)
    assert points[0].n_answered == len(rows)
    assert [p.n_answered for p in points] == sorted((p.n_answered for p in points), reverse=True)


@pytest.mark.parametrize("bad", [[1.2], [-0.1], [float("nan")], []])
def test_what_is_no_confidence_is_refused(bad: list[float]) -> None:
    with pytest.raises(InputError):
        brier(bad, [True] * len(bad))
