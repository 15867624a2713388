"""From outcomes to numbers, with counts made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from meds3.answers.verdict import Verdict
from meds3.errors import InputError
from meds3.evaluation import measure
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.outcome import CandidateRow, SystemEvaluation, cluster_of, load_evaluation
from meds3.evaluation.statistics.inference import holm
from tests.evaluation.made_up import PROBLEMS, evaluation

CONFIG = EvaluationConfig(resamples=200, pass_k=(1, 2, 16))


def said(answer: str | None, verdict: Verdict, score: float) -> CandidateRow:
    return CandidateRow(
        answer=answer, verdict=verdict, tokens=10, scores=(score,), steps=(f"It is {answer}.",)
    )


RIGHT, WRONG = said("B", Verdict.CORRECT, 0.9), said("A", Verdict.WRONG, 0.2)
MUTE, REFUSED = said(None, Verdict.UNPARSABLE, 0.5), said(None, Verdict.REFUSED, 0.5)


def small(name: str, *questions: tuple[CandidateRow, ...]) -> SystemEvaluation:
    """The first candidate of each question is the greedy one, the others are samples."""
    made = evaluation(name, 0.5, n=len(questions[0]) - 1)
    outcomes = tuple(
        outcome.model_copy(update={"greedy": greedy, "samples": tuple(samples)})
        for outcome, (greedy, *samples) in zip(made.outcomes, questions, strict=False)
    )
    return made.model_copy(update={"outcomes": outcomes})


# Question: what each strategy makes of it.
#   1 greedy right; majority A (2 : 1), P-VS B (0.9 against 0.4)
#   2 greedy mute; everyone B
#   3 greedy wrong; nobody votes, two refuse and one is mute
THREE = small(
    "round-1",
    (RIGHT, RIGHT, WRONG, WRONG),
    (MUTE, RIGHT, RIGHT, MUTE),
    (WRONG, REFUSED, MUTE, REFUSED),
)


def test_verdicts_are_never_merged() -> None:
    assert THREE.verdicts("greedy") == [Verdict.CORRECT, Verdict.UNPARSABLE, Verdict.WRONG]
    assert THREE.verdicts("majority") == [Verdict.WRONG, Verdict.CORRECT, Verdict.REFUSED]
    assert THREE.verdicts("pvs") == [Verdict.CORRECT, Verdict.CORRECT, Verdict.REFUSED]


def test_a_row_counted_by_hand() -> None:
    row = measure.row(THREE, "pvs", CONFIG)
    assert (row.n_questions, row.n_samples) == (3, 3)
    assert row.accuracy == pytest.approx(2 / 3)
    assert row.verdicts == {
        Verdict.CORRECT: 2,
        Verdict.WRONG: 0,
        Verdict.UNPARSABLE: 0,
        Verdict.AMBIGUOUS: 0,
        Verdict.REFUSED: 1,
    }
    assert row.share_unparsable == 0.0
    assert row.share_candidates_unparsable == pytest.approx(2 / 9)
    assert measure.row(THREE, "greedy", CONFIG).share_unparsable == pytest.approx(1 / 3)


def test_only_scored_strategies_pay_for_the_scores() -> None:
    assert THREE.cost("greedy") == (30, 8.2)
    assert THREE.cost("majority") == (90, 51.0)
    assert THREE.cost("pvs") == (90, 60.5)


def test_pass_at_k_is_the_mean_over_questions() -> None:
    # 1, 2 and 0 right of 3
    found = measure.system(THREE, CONFIG).pass_at_k
    assert found == pytest.approx({1: (1 / 3 + 2 / 3 + 0) / 3, 2: (2 / 3 + 1 + 0) / 3})


def test_a_comparison_counts_the_discordant_questions() -> None:
    found = measure.compare(THREE, "pvs", THREE, "majority", CONFIG)
    assert (found.n, found.only_a, found.only_b) == (3, 1, 0)
    assert found.difference == pytest.approx(1 / 3)
    assert found.a.cost.seconds - found.b.cost.seconds == 9.5


def test_a_comparison_pairs_by_problem_not_by_position() -> None:
    turned = THREE.model_copy(update={"outcomes": THREE.outcomes[::-1]})
    found = measure.compare(THREE, "pvs", turned, "pvs", CONFIG)
    assert (found.difference, found.only_a, found.only_b) == (0.0, 0, 0)


def test_a_part_has_its_own_clusters_and_datasets() -> None:
    whole = small("round-1", (RIGHT, RIGHT), (MUTE, RIGHT), (WRONG, MUTE))
    assert len(whole.clusters) == len(whole.datasets) == 3
    part = whole.only({whole.outcomes[2].problem_id})
    assert part.clusters == (whole.outcomes[2].cluster,)
    assert part.datasets == (whole.outcomes[2].dataset,)


def test_other_questions_are_not_compared() -> None:
    fewer = THREE.model_copy(update={"outcomes": THREE.outcomes[:2]})
    with pytest.raises(InputError, match="not asked the same questions: 1 differ, first 'gym-002'"):
        measure.compare(THREE, "pvs", fewer, "pvs", CONFIG)


def test_groups_split_the_questions() -> None:
    groups = [g for g in measure.by_domain(evaluation("base", 0.3), CONFIG) if g.strategy == "pvs"]
    assert [g.n_questions for g in groups] == [20] * 5


def test_without_a_scorer_only_unscored_strategies_are_read() -> None:
    rows = measure.rows(evaluation("base", 0.3, scorer=None), CONFIG)
    assert [row.strategy for row in rows] == ["greedy", "majority"]


def test_the_file_holds_everything(tmp_path: Path) -> None:
    odd = said("B", Verdict.CORRECT, 0.5).model_copy(update={"steps": ("line \u2028 separator",)})
    saved = small("round-1", (odd, odd), (MUTE, REFUSED))
    saved.save(tmp_path / "eval" / "round-1.jsonl")
    assert load_evaluation(tmp_path / "eval" / "round-1.jsonl") == saved


def test_a_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "base.jsonl"
    THREE.save(file)
    lines = file.read_text("utf-8").split("\n")
    file.write_text("\n".join([*lines[:2], lines[2][:40], *lines[3:]]), "utf-8")
    with pytest.raises(InputError, match=r"base\.jsonl line 3"):
        load_evaluation(file)
    file.write_text("")
    with pytest.raises(InputError, match=r"base\.jsonl line 1"):
        load_evaluation(file)
    with pytest.raises(InputError, match="no such file"):
        load_evaluation(tmp_path / "none.jsonl")


def test_clusters_see_through_spacing_but_not_through_context() -> None:
    problem = PROBLEMS[0]
    spaced = problem.model_copy(update={"question": problem.question.upper().replace(" ", "  ")})
    other = problem.model_copy(update={"context": "Another trial."})
    assert cluster_of(spaced) == cluster_of(problem) != cluster_of(other)


def test_p_values_of_one_table_are_corrected_together() -> None:
    a, b = evaluation("a", 0.9), evaluation("b", 0.3)
    made = [
        measure.compare(a, "majority", b, "majority", CONFIG),
        measure.compare(a, "majority", a, "greedy", CONFIG),
    ]
    found = measure.corrected(made)
    assert [one.p_holm for one in found] == holm([one.p_mcnemar for one in made])
    assert found[0].p_holm == pytest.approx(min(1.0, 2 * made[0].p_mcnemar))
    assert measure.corrected([]) == []
