"""Two runs on the same questions, by hand."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from meds3.errors import InputError
from meds3.evaluation.comparing import compare_runs
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.outcome import SystemEvaluation
from meds3.evaluation.report.runs_table import comparison_of_runs_table
from tests.evaluation.made_up import evaluation

CONFIG = EvaluationConfig(resamples=300)
WEAK, STRONG = evaluation("weak", 0.3), evaluation("strong", 0.7)


def only(one: SystemEvaluation, start: int, end: int) -> SystemEvaluation:
    return one.only({outcome.problem_id for outcome in one.outcomes[start:end]})


def test_the_difference_is_counted_question_by_question() -> None:
    found = compare_runs(STRONG, WEAK, ("majority", "majority"), config=CONFIG)
    a, b = STRONG.correct("majority"), WEAK.correct("majority")
    assert found.overall.only_a == sum(a[i] and not b[i] for i in a)
    assert found.overall.only_b == sum(b[i] and not a[i] for i in a)
    assert found.overall.difference == pytest.approx((sum(a.values()) - sum(b.values())) / 100)
    assert {d.dataset for d in found.datasets} == set(STRONG.datasets)
    assert sum(d.comparison.n for d in found.datasets) == 100


def test_p_values_of_the_datasets_are_corrected_for_their_number() -> None:
    found = compare_runs(STRONG, WEAK, config=CONFIG)
    raw = sorted(d.comparison.p_mcnemar for d in found.datasets)
    corrected = sorted(d.p_holm for d in found.datasets)
    assert corrected[0] == pytest.approx(min(1.0, 5 * raw[0]))
    assert all(p >= q for p, q in zip(corrected, raw, strict=True))


def test_a_run_against_itself_is_no_difference() -> None:
    found = compare_runs(WEAK, WEAK, config=CONFIG)
    assert (found.overall.difference, found.overall.p_mcnemar) == (0.0, 1.0)
    assert all(d.p_holm == 1.0 for d in found.datasets)


def test_other_questions_are_refused_unless_the_common_ones_are_wanted() -> None:
    with pytest.raises(InputError, match="20 only a was asked, 30 only b, 50 are common"):
        compare_runs(only(STRONG, 0, 70), only(WEAK, 20, 100), names=("a", "b"), config=CONFIG)
    found = compare_runs(only(STRONG, 0, 70), only(WEAK, 20, 100), intersection=True, config=CONFIG)
    assert (found.overall.n, found.left_out_a, found.left_out_b) == (50, 20, 30)
    with pytest.raises(InputError, match="no question in common"):
        compare_runs(only(STRONG, 0, 10), only(WEAK, 20, 30), intersection=True, config=CONFIG)


def test_one_id_for_two_questions_is_refused() -> None:
    first = WEAK.outcomes[0].model_copy(update={"gold": "C. codeine"})
    other = SystemEvaluation(header=WEAK.header, outcomes=(first, *WEAK.outcomes[1:]))
    with pytest.raises(InputError, match="another question"):
        compare_runs(STRONG, other, config=CONFIG)


def test_without_step_scores_the_majority_is_compared() -> None:
    plain = evaluation("plain", 0.5, scorer=None)
    assert compare_runs(plain, WEAK, config=CONFIG).overall.a.strategy == "majority"
    assert compare_runs(STRONG, WEAK, config=CONFIG).overall.a.strategy == "pvs"
    with pytest.raises(InputError, match="needs step scores"):
        compare_runs(plain, WEAK, ("pvs", "pvs"), config=CONFIG)


def test_the_table_says_it_all() -> None:
    console = Console(file=io.StringIO(), width=140)
    console.print(comparison_of_runs_table(compare_runs(STRONG, WEAK, config=CONFIG)))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "all questions" in text
    assert "macro" in text
    assert "p (Holm)" in text
