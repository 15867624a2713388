"""Which steps are rolled out, and what score against value means."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from meds3.answers.verdict import Verdict
from meds3.evaluation.outcome import CandidateRow, SystemEvaluation
from meds3.evaluation.prm.step_agreement import (
    OpenStep,
    RolledStep,
    agreement,
    open_steps,
    sample_steps,
)
from meds3.evaluation.results_parts import StepAgreement
from tests.evaluation.made_up import evaluation


def chain(steps: Sequence[str], scores: Sequence[float]) -> CandidateRow:
    return CandidateRow(
        answer="B", verdict=Verdict.CORRECT, tokens=9, scores=tuple(scores), steps=tuple(steps)
    )


def rolled(i: int, score: float, correct: int, rollouts: int = 4) -> RolledStep:
    return RolledStep(
        problem_id=f"p{i}",
        cluster=f"c{i}",
        steps=(f"Step {i}.",),
        score=score,
        rollouts=rollouts,
        correct=correct,
        tokens=50,
    )


def agreed(*steps: RolledStep) -> StepAgreement:
    found = agreement(steps, seed=0, resamples=300)
    assert found is not None
    return found


def test_steps_that_another_follows_each_prefix_once() -> None:
    made = evaluation("round-1", 0.5)
    samples = (
        chain(("a", "b", "The answer is B."), (0.1, 0.2, 0.9)),
        chain(("a", "c", "The answer is B."), (0.1, 0.3, 0.8)),
        chain(("a", "b", "The answer is A."), (0.1, 0.2, 0.4)),
        chain(("The answer is B.",), (0.7,)),
        CandidateRow(answer=None, verdict=Verdict.UNPARSABLE, tokens=1),
    )
    one = made.outcomes[0].model_copy(update={"samples": samples})
    other = made.outcomes[1].model_copy(update={"samples": samples[:1]})
    found = open_steps(SystemEvaluation(header=made.header, outcomes=(one, other)))
    assert [(s.problem_id, s.texts, s.score) for s in found] == [
        (one.problem_id, ("a",), 0.1),
        (one.problem_id, ("a", "b"), 0.2),
        (one.problem_id, ("a", "c"), 0.3),
        (other.problem_id, ("a",), 0.1),
        (other.problem_id, ("a", "b"), 0.2),
    ]


STEPS = [OpenStep(f"p{i:03}", f"c{i}", ("x",), i / 100) for i in range(100)]


@given(st.integers(0, 120), st.integers(0, 5))
def test_one_step_from_each_equal_part_of_the_scores(count: int, seed: int) -> None:
    found = sample_steps(STEPS[::-1], count, seed)
    assert len(found) == len(set(found)) == min(count, 100)
    assert found == sample_steps(STEPS, count, seed)
    for i, step in enumerate(found):
        low, high = round(i * 100 / len(found)), round((i + 1) * 100 / len(found))
        assert low <= round(100 * step.score) < high


def test_seeds_draw_other_steps() -> None:
    assert sample_steps(STEPS, 10, 0) != sample_steps(STEPS, 10, 1)
    assert sample_steps([], 10, 0) == []


def test_figures_worked_by_hand() -> None:
    # scores .5 .5, values 1 and 0: right on average, wrong each time
    found = agreed(rolled(1, 0.5, 4), rolled(2, 0.5, 0))
    assert (found.steps, found.questions, found.rollouts_per_step, found.tokens) == (2, 2, 4, 100)
    assert (found.mean_score, found.mean_value, found.error.value) == (0.5, 0.5, 0.0)
    assert found.ece == 0.0
    assert (found.brier, found.brier_constant) == (0.25, 0.25)
    assert found.rho is None  # the scores do not differ
    # scores .2 .9, values .25 .75
    found = agreed(rolled(1, 0.2, 1), rolled(2, 0.9, 3))
    assert found.error.value == pytest.approx((-0.05 + 0.15) / 2)
    brier = (0.25 * 0.64 + 0.75 * 0.04 + 0.75 * 0.01 + 0.25 * 0.81) / 2
    assert found.brier == pytest.approx(brier)
    assert found.brier_constant == pytest.approx(0.25)
    assert found.ece == pytest.approx(0.05)  # one bin: .55 against .5
    assert found.rho is not None
    assert found.rho.value == pytest.approx(1.0)


def test_nothing_rolled_out_is_nothing_known() -> None:
    assert agreement([], seed=0, resamples=100) is None


def test_bins_are_of_equal_size_and_in_order() -> None:
    found = agreed(*(rolled(i, i / 24, 4 if i >= 12 else 0) for i in range(24)))
    assert [b.steps for b in found.bins] == [6, 6, 6, 6]
    assert [b.value.value for b in found.bins] == [0.0, 0.0, 1.0, 1.0]
    assert [b.score for b in found.bins] == sorted(b.score for b in found.bins)
    means = [(2.5 + 6 * i) / 24 for i in range(4)]
    assert found.ece == pytest.approx((means[0] + means[1] + 2 - means[2] - means[3]) / 4)


def test_the_rank_correlation_is_spearmans() -> None:
    steps = [rolled(i, math.sin(i) / 2 + 0.5, i % 5) for i in range(20)]
    found = agreed(*steps).rho
    assert found is not None
    reference = stats.spearmanr([s.score for s in steps], [s.value for s in steps]).statistic
    assert found.value == pytest.approx(reference)
    assert found.low < found.value < found.high


def test_a_perfect_prm_has_no_error_and_a_too_hopeful_one_is_told() -> None:
    perfect = agreed(*(rolled(i, (i % 5) / 4, i % 5) for i in range(30)))
    assert perfect.error.value == 0.0
    assert perfect.brier < perfect.brier_constant
    hopeful = agreed(*(rolled(i, 0.9, i % 3) for i in range(30)))
    assert hopeful.error.low > 0.4
    assert hopeful.brier > hopeful.brier_constant
    assert hopeful.ece == pytest.approx(hopeful.error.value, abs=0.01)
