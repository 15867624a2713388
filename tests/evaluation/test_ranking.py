"""Ranking statistics against hand-made tables, scipy and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from meds3.errors import InputError
from meds3.evaluation.statistics import resampling
from meds3.evaluation.statistics.ranking import correlation, pooled_auc, rank_sums, wins
from meds3.evaluation.statistics.resampling import Resamples, divided

CHAINS = st.lists(
    st.tuples(st.integers(0, 6).map(lambda i: i / 6), st.booleans(), st.integers(0, 3)),
    min_size=1,
    max_size=30,
)


def test_wins_counted_by_hand() -> None:
    # right .9 .4 against wrong .4 .1: .9 wins both, .4 ties one and wins one
    assert wins([0.9, 0.4, 0.4, 0.1], [True, True, False, False]) == (3.5, 4)
    assert wins([0.9, 0.4], [True, True]) == (0.0, 0)
    assert wins([], []) == (0.0, 0)


@given(CHAINS)
def test_the_area_is_that_of_the_mann_whitney_test(chains: list[tuple[float, bool, int]]) -> None:
    scores, right, question = zip(*chains, strict=True)
    found = pooled_auc(scores, right, question, Resamples(range(4), resamples=50))
    good = [s for s, r in zip(scores, right, strict=True) if r]
    bad = [s for s, r in zip(scores, right, strict=True) if not r]
    if not good or not bad:
        assert found is None
        return
    assert found is not None
    u = stats.mannwhitneyu(good, bad).statistic
    assert found.value == pytest.approx(u / (len(good) * len(bad)))
    assert 0 <= found.low <= found.high <= 1


@given(CHAINS)
def test_only_the_order_of_scores_counts(chains: list[tuple[float, bool, int]]) -> None:
    scores, right, question = zip(*chains, strict=True)
    drawn = Resamples(range(4), resamples=50)
    plain = pooled_auc(scores, right, question, drawn)
    assert pooled_auc([math.exp(3 * s) - 7 for s in scores], right, question, drawn) == plain
    turned = pooled_auc([-s for s in scores], right, question, drawn)
    if plain is not None and turned is not None:
        assert turned.value == pytest.approx(1 - plain.value)
        assert (turned.low, turned.high) == pytest.approx((1 - plain.high, 1 - plain.low))


def test_constant_scores_are_a_coin() -> None:
    found = pooled_auc(
        [0.3] * 6, [True, False] * 3, [0, 0, 1, 1, 2, 2], Resamples("abc", resamples=99)
    )
    assert found is not None
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_the_interval_is_that_of_resampled_questions() -> None:
    """The weighted computation is the plain one on the chains written out as often as drawn."""
    scores = [0.9, 0.2, 0.5, 0.5, 0.7, 0.1, 0.8]
    right = [True, False, True, False, False, True, False]
    question = [0, 0, 1, 1, 2, 2, 2]
    drawn = Resamples(["a", "b", "a"], seed=4, resamples=40)  # questions 0 and 2 are duplicates
    values = []
    for counts in np.concatenate(list(drawn.picks())):
        times = [int(counts[drawn.index[q]]) for q in question]
        chains = [(s, r) for s, r, n in zip(scores, right, times, strict=True) for _ in range(n)]
        won, pairs = wins([s for s, _ in chains], [r for _, r in chains])
        values.append(won / pairs)
    found = pooled_auc(scores, right, question, drawn)
    assert found is not None
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])))


def test_one_group_is_spearmans_correlation() -> None:
    x, y = [0.1, 0.9, 0.4, 0.4, 0.7], [10, 30, 20, 50, 20]
    sums = np.array([rank_sums(x, y)])
    assert correlation(sums)[0] == pytest.approx(stats.spearmanr(x, y).statistic)


def test_groups_are_not_mixed() -> None:
    # Within either question the longer chain scores lower; between them it is the other way.
    sums = np.array(rank_sums([0.2, 0.1], [10, 20])) + np.array(rank_sums([0.9, 0.8], [80, 90]))
    assert correlation(sums[None])[0] == pytest.approx(-1.0)


def test_a_question_weighs_by_its_chains_not_by_their_square() -> None:
    # Four chains all one way: centred ranks 1.5 .5 -.5 -1.5 over 5, squares 5/25; two chains the
    # other way: .5 -.5 over 3, squares .5/9.
    sums = np.array(rank_sums([1, 2, 3, 4], [1, 2, 3, 4])) + np.array(rank_sums([2, 1], [1, 2]))
    four, two = 5 / 25, 0.5 / 9
    assert correlation(sums[None])[0] == pytest.approx((four - two) / (four + two))


def test_a_group_of_one_length_says_nothing() -> None:
    assert rank_sums([0.1, 0.9], [5, 5]) == (0.0, 0.0, 0.0)
    assert rank_sums([0.1], [5]) == (0.0, 0.0, 0.0)
    # Equal scores for different lengths do say something: no preference.
    sums = np.array(rank_sums([0.5, 0.5], [5, 9])) + np.array(rank_sums([0.1, 0.2], [5, 9]))
    assert correlation(sums[None])[0] == pytest.approx(1 / math.sqrt(2))
    assert np.isnan(correlation(np.zeros((1, 3)))[0])


def test_ratios_are_of_sums_and_none_without_anything_below() -> None:
    drawn = Resamples("ab", seed=1, resamples=200)
    found = drawn.ratio(np.array([1.0, 0.0]), np.array([1.0, 3.0]))
    assert found is not None
    assert found.value == 0.25
    assert (found.low, found.high) == (0.0, 1.0)  # (b, b) and (a, a) are a quarter of the draws
    assert drawn.ratio(np.zeros(2), np.zeros(2)) is None
    assert np.isnan(divided(np.ones(1), np.zeros(1))[0])


def test_draws_in_which_a_ratio_is_undefined_are_left_out() -> None:
    drawn = Resamples("ab", seed=1, resamples=200)
    found = drawn.ratio(np.array([0.5, 0.0]), np.array([1.0, 0.0]))
    assert found is not None
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_draws_that_are_not_kept_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = np.arange(24.0).reshape(12, 2)
    kept = Resamples(range(12), seed=3, resamples=700).totals(columns)
    monkeypatch.setattr(resampling, "_KEPT", 0)
    assert (Resamples(range(12), seed=3, resamples=700).totals(columns) == kept).all()
    assert kept.shape == (700, 2)


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(InputError, match="no values"):
        Resamples([], resamples=10)
