"""Every dataset counts the same: averages, intervals and the randomisation test by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds3.evaluation.statistics.inference import bootstrap_mean
from meds3.evaluation.statistics.macro import macro_difference, macro_mean


def test_a_mean_of_means() -> None:
    # big: 9 of 10; small: 0 of 2. By questions 9/12, by datasets .45
    values = [1.0] * 9 + [0.0] * 3
    datasets = ["big"] * 10 + ["small"] * 2
    found = macro_mean(values, datasets, range(12), resamples=2000)
    assert found is not None
    assert (found.datasets, found.accuracy) == (2, pytest.approx(0.45))
    assert found.low < 0.45 < found.high
    # Half the interval of the big one: the small one has nothing to vary.
    alone = bootstrap_mean(values[:10], seed=0, resamples=2000)
    assert found.high - found.low == pytest.approx((alone.high - alone.low) / 2, abs=0.03)


def test_fewer_than_two_datasets_have_no_macro_average() -> None:
    datasets = ["big"] * 10 + ["small"] * 2
    assert macro_mean([1.0] * 10, ["big"] * 10, range(10), resamples=100) is None
    assert macro_mean([1.0] * 12, datasets, range(12), least=5, resamples=100) is None
    assert macro_difference([1.0] * 12, datasets, range(12), least=5, resamples=100) is None
    found = macro_mean([1.0] * 12, datasets, range(12), least=2, resamples=100)
    assert found is not None
    assert found.datasets == 2


def test_equal_sizes_give_the_plain_mean() -> None:
    values = [1.0, 0.0, 1.0, 1.0]
    found = macro_mean(values, ["a", "b", "a", "b"], range(4), resamples=100)
    assert found is not None
    assert found.accuracy == np.mean(values)


def test_datasets_are_drawn_apart() -> None:
    """One of size n that is right half the time, twice: errors average out, not add up."""
    values = [float(i % 2) for i in range(200)]
    datasets = ["a"] * 100 + ["b"] * 100
    found = macro_mean(values, datasets, range(200), resamples=4000)
    alone = bootstrap_mean(values[:100], seed=0, resamples=4000)
    assert found is not None
    ratio = (found.high - found.low) / (alone.high - alone.low)
    assert ratio == pytest.approx(1 / np.sqrt(2), rel=0.1)


def test_duplicates_within_a_dataset_are_drawn_together() -> None:
    values = [float(i // 4 % 2) for i in range(80)]
    datasets = ["a"] * 40 + ["b"] * 40
    apart = macro_mean(values, datasets, range(80), resamples=4000)
    together = macro_mean(values, datasets, [i // 4 for i in range(80)], resamples=4000)
    assert apart is not None
    assert together is not None
    ratio = (together.high - together.low) / (apart.high - apart.low)
    assert ratio == pytest.approx(2.0, rel=0.15)


def test_the_randomisation_test_by_hand() -> None:
    # Six gains of one size, all for a: two of the 64 ways to sign them are as far from 0.
    found = macro_difference([1.0] * 6, ["a", "b"] * 3, range(6), resamples=100)
    assert found is not None
    assert found.difference == 1.0
    assert found.p_value == pytest.approx(2 / 64, abs=0.006)


def test_a_duplicate_is_one_coin_in_the_randomisation_test() -> None:
    found = macro_difference([1.0] * 6, ["a", "b"] * 3, [0, 1, 2, 0, 1, 2], resamples=100)
    assert found is not None
    assert found.p_value == pytest.approx(2 / 8, abs=0.02)


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=2, max_size=20))
def test_turned_round_it_is_the_same_test(gains: list[float]) -> None:
    datasets = ["a" if i % 2 else "b" for i in range(len(gains))]
    found = macro_difference(gains, datasets, range(len(gains)), resamples=100)
    turned = macro_difference([-g for g in gains], datasets, range(len(gains)), resamples=100)
    assert found is not None
    assert turned is not None
    assert turned.difference == -found.difference
    assert turned.p_value == found.p_value
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low), abs=0.02)
    assert 0 < found.p_value <= 1


def test_no_difference_is_no_evidence() -> None:
    found = macro_difference([0.0] * 10, ["a", "b"] * 5, range(10), resamples=100)
    assert found is not None
    assert (found.difference, found.p_value) == (0.0, 1.0)
