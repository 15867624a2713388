"""Holm's correction and clustered standard errors, by hand and against statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds3.errors import InputError
from meds3.evaluation.statistics.inference import holm, standard_error

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_holm_by_hand() -> None:
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1: 0.02, 0.03, 0.06, and 0.04 raised to 0.06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.8]) == [0.8]
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


@given(P_VALUES)
def test_holm_only_raises_and_keeps_the_order(p: list[float]) -> None:
    found = holm(p)
    assert all(before <= after <= 1 for before, after in zip(p, found, strict=True))
    assert all(f <= min(1.0, len(p) * one) + 1e-12 for one, f in zip(p, found, strict=True))
    ranked = [found[i] for i in np.argsort(p, kind="stable")]
    assert ranked == sorted(ranked)


@given(P_VALUES)
def test_holm_is_that_of_statsmodels(p: list[float]) -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    theirs = multitest.multipletests(p, method="holm")[1]
    assert holm(p) == pytest.approx(list(theirs), abs=1e-12)


def test_holm_refuses_what_is_no_p_value() -> None:
    with pytest.raises(InputError, match="0 to 1"):
        holm([0.5, 1.2])
    with pytest.raises(InputError, match="0 to 1"):
        holm([math.nan])


def test_standard_error_of_drug_dose() -> None:
    # 23 questions, 16 right: sqrt(p (1 - p) / 22), which the paper's macro counts as 1/11.
    values = [1.0] * 16 + [0.0] * 7
    assert standard_error(values) == pytest.approx(math.sqrt(16 / 23 * 7 / 23 / 22))
    assert 0.09 < (standard_error(values) or 0) < 0.1


def test_duplicates_count_once() -> None:
    once = [1.0, 0.0, 1.0, 1.0, 0.0]
    twice = [value for value in once for _ in range(3)]
    labels = [i // 3 for i in range(15)]
    assert standard_error(twice, labels) == pytest.approx(standard_error(once))
    assert (standard_error(twice) or 0) < (standard_error(once) or 0)


def test_one_cluster_has_no_standard_error() -> None:
    assert standard_error([1.0]) is None
    assert standard_error([1.0, 0.0], ["same", "same"]) is None
    with pytest.raises(InputError, match="2 values but 1"):
        standard_error([1.0, 0.0], ["a"])


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=4, max_size=30))
def test_standard_error_is_that_of_statsmodels(rows: list[tuple[int, bool]]) -> None:
    api = pytest.importorskip("statsmodels.api")
    values = np.array([float(right) for _, right in rows])
    labels = [cluster for cluster, _ in rows]
    if len(set(labels)) < 2:
        return
    fitted = api.OLS(values, np.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": np.unique(labels, return_inverse=True)[1]}
    )
    assert standard_error(values, labels) == pytest.approx(float(fitted.bse[0]), abs=1e-9)
