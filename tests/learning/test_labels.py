"""Step labels: the golden cases of the design, and properties of every variant."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds3.learning.labels import step_labels

VALUES = st.lists(st.one_of(st.none(), st.integers(0, 20).map(lambda n: n / 20)), max_size=8)


@pytest.mark.parametrize(
    ("values", "variant", "expected"),
    [
        ([0.3, 0.8, 0.4, 0.3, 0.0], "dual-hard", [1, 1, 0, 0, 0]),
        ([0.5, 0.5, 0.2, 0.6, 1.0], "dual-hard", [1, 1, 1, 1, 1]),
        ([0.3, 0.8, 0.4, 0.3, 0.0], "dual-soft", [0.3, 0.8, 0, 0, 0]),
        ([0.5, 0.5, 0.2, 0.6, 1.0], "dual-soft", [0.5, 0.2, 0.2, 0.6, 1]),
        ([0.3, 0.8, 0.4, 0.3, 0.0], "soft", [0.3, 0.8, 0.4, 0.3, 0]),
        ([0.3, 0.8, 0.4, 0.3, 0.0], "hard", [1, 1, 1, 1, 0]),
        # 0.3 - (0.6 - 0.3) is 0, not 5e-17: the ceiling must not turn it into 1.
        ([0.6, 0.3, 0.3], "dual-hard", [1, 0, 1]),
        ([0.5, None, 1.0], "dual-soft", [0.5, None, 1.0]),
        ([1.0], "dual-hard", [1]),
        ([], "dual-soft", []),
    ],
)
def test_labels_worked_by_hand(values, variant, expected):
    assert step_labels(values, variant) == pytest.approx(expected)


@given(VALUES, st.floats(0, 2))
def test_labels_are_bounded_and_absent_where_the_value_is(values, beta):
    soft = step_labels(values, "soft", beta)
    dual = step_labels(values, "dual-soft", beta)
    hard = step_labels(values, "dual-hard", beta)
    assert soft == values
    for value, d, h in zip(values, dual, hard, strict=True):
        if value is None:
            assert d is None
            assert h is None
        else:
            assert d is not None
            assert 0 <= d <= value + 1e-9
            assert h == math.ceil(d)


@given(VALUES)
def test_dual_labels_without_beta_are_the_plain_ones(values):
    assert step_labels(values, "dual-soft", 0.0) == pytest.approx(step_labels(values, "soft"))
    assert step_labels(values, "dual-hard", 0.0) == step_labels(values, "hard")
