"""Statistics against scipy and against values worked by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from meds3.errors import InputError
from meds3.evaluation.statistics.inference import bootstrap_mean, mcnemar, paired, pass_at_k, wilson


def test_singletons_agree_with_scipy() -> None:
    x = np.array([1.0] * 37 + [0.0] * 63)
    ours = bootstrap_mean(x, seed=1)
    theirs = stats.bootstrap((x,), np.mean, method="percentile", n_resamples=10_000, rng=2)
    assert ours.value == 0.37
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.011)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.011)


def test_duplicates_widen_the_interval_as_if_asked_once() -> None:
    once = [1.0, 0.0] * 25
    twice = [value for value in once for _ in range(4)]
    labels = [i // 4 for i in range(200)]
    clustered = bootstrap_mean(twice, labels, seed=3)
    plain = bootstrap_mean(once, seed=3)
    assert (clustered.low, clustered.high) == pytest.approx((plain.low, plain.high), abs=1e-12)
    naive = bootstrap_mean(twice, seed=3)
    assert clustered.high - clustered.low == pytest.approx(2 * (naive.high - naive.low), rel=0.15)


def test_the_same_seed_gives_the_same_interval() -> None:
    x = [1.0, 0.0, 0.0, 1.0, 1.0]
    assert bootstrap_mean(x, seed=5) == bootstrap_mean(x, seed=5)


def test_no_values_or_mismatched_clusters_are_errors() -> None:
    with pytest.raises(InputError, match="no values"):
        bootstrap_mean([])
    with pytest.raises(InputError, match="2 values but 1 cluster"):
        bootstrap_mean([1.0, 0.0], ["a"])


def test_wilson_by_hand() -> None:
    # 8 of 10, z = 1.95996: centre (0.8 + z²/20) / (1 + z²/10), half-width by the formula
    estimate = wilson(8, 10)
    assert (estimate.low, estimate.high) == pytest.approx((0.49016, 0.94331), abs=1e-4)
    assert wilson(0, 20).low == 0.0


def test_mcnemar_by_hand() -> None:
    # 1 against 9: 2 · (C(10,0) + C(10,1)) / 2^10 = 22/1024
    assert mcnemar(1, 9) == pytest.approx(22 / 1024)
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(4, 4) == 1.0


def test_paired_counts_and_signs() -> None:
    a = [True] * 9 + [False] + [True] * 10
    b = [False] * 9 + [True] + [True] * 10
    found = paired(a, b)
    assert (found.n, found.only_a, found.only_b) == (20, 9, 1)
    assert found.difference == pytest.approx(0.4)
    assert found.low < 0.4 < found.high
    assert found.p_mcnemar == pytest.approx(22 / 1024)
    mirrored = paired(b, a)
    assert mirrored.difference == -found.difference
    assert mirrored.p_mcnemar == found.p_mcnemar
    with pytest.raises(InputError, match="20 against 1"):
        paired(a, [True])


@pytest.mark.parametrize(("n", "c", "k"), [(5, 2, 1), (5, 2, 3), (6, 0, 2), (6, 6, 1), (7, 3, 7)])
def test_pass_at_k_counts_the_subsets(n: int, c: int, k: int) -> None:
    subsets = list(combinations(range(n), k))
    hits = sum(any(i < c for i in subset) for subset in subsets)
    assert pass_at_k(n, c, k) == pytest.approx(hits / len(subsets))


def test_pass_at_k_refuses_more_than_was_sampled() -> None:
    with pytest.raises(InputError, match="pass@6"):
        pass_at_k(5, 2, 6)


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_an_interval_lies_in_the_range_and_holds_the_value(x: list[bool]) -> None:
    estimate = bootstrap_mean([float(v) for v in x], resamples=1000)
    assert 0.0 <= estimate.low <= estimate.value + 1e-12
    assert estimate.value - 1e-12 <= estimate.high <= 1.0
