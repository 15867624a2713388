"""Confidence: features and curves worked by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from meds3.selection.confidence import FEATURES, Calibration, features, vote_confidence
from meds3.selection.rules import select
from tests.selection.test_rules import made

FOUR = [made("A", 0.9, 0.6), made("A", 0.2, 0.2, text="other"), made("B", 0.4), made(None, 0.9)]
BASE: dict[str, Any] = {"strategy": "vote-sum/last", "n_samples": 4, "n_questions": 100}


def test_features_by_hand() -> None:
    # A: .6 + .2 = .8 of 1.2; .8 over four chains; three of four state an answer; (.9 + .6) / 2
    found = features(FOUR, select(FOUR, "pvs"), list(FEATURES))
    assert found == pytest.approx([0.8 / 1.2, 0.2, 0.75, 0.75])


def test_platt_by_hand() -> None:
    curve = Calibration(
        **BASE, method="platt", features=("share", "usable"), weights=(2.0, -1.0), bias=0.5
    )
    expected = 1 / (1 + math.exp(-(0.5 + 2 * 0.8 / 1.2 - 0.75)))
    assert curve.confidence(FOUR, select(FOUR, "pvs")) == pytest.approx(expected)


def test_isotonic_by_hand() -> None:
    knots = ((0.2, 0.1), (0.4, 0.1), (0.8, 0.9))
    curve = Calibration(**BASE, method="isotonic", features=("share",), knots=knots)
    told = [curve.probability([x]) for x in (0.0, 0.2, 0.3, 0.6, 0.8, 1.0)]
    assert told == pytest.approx([0.1, 0.1, 0.1, 0.5, 0.9, 0.9])


def test_a_step_of_a_curve() -> None:
    knots = ((0.5, 0.1), (0.5, 0.7))
    curve = Calibration(**BASE, method="isotonic", features=("share",), knots=knots)
    assert [curve.probability([x]) for x in (0.4, 0.5, 0.6)] == [0.1, 0.7, 0.7]


def test_no_answer_has_no_confidence() -> None:
    curve = Calibration(**BASE, method="platt", features=("share",), weights=(0.0,), bias=5.0)
    nothing = [made(None)]
    assert curve.confidence(nothing, select(nothing, "pvs")) == 0.0


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.floats(0, 1))
def test_platt_is_a_probability_whatever_the_weights(w: float, b: float, x: float) -> None:
    curve = Calibration(**BASE, method="platt", features=("share",), weights=(w,), bias=b)
    assert 0.0 <= curve.probability([x]) <= 1.0


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"method": "platt", "features": ("mood",), "weights": (1.0,)}, "unknown"),
        ({"method": "platt", "features": ("share",)}, "one per feature"),
        ({"method": "isotonic", "features": ("share",)}, "rising"),
        (
            {"method": "isotonic", "features": ("share",), "knots": ((0.5, 0.1), (0.2, 0.3))},
            "rising",
        ),
    ],
)
def test_a_curve_that_cannot_be_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Calibration(**BASE, **fields)


def test_one_readable_chain_of_four_is_a_quarter() -> None:
    lone = [made("A"), made(None), made(None), made(None)]
    assert vote_confidence(lone, select(lone, "majority")) == 0.25
    # A has .8 of 1.2 in mass, three of four chains vote.
    assert vote_confidence(FOUR, select(FOUR, "pvs")) == pytest.approx(0.8 / 1.2 * 0.75)
    assert vote_confidence([], select([], "pvs")) == 0.0
