"""What the model may have learned of a benchmark."""

from __future__ import annotations

from meds3.answers.kinds import Choice
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.suites.contamination import clean_rows, contamination
from meds3.problems.problem import Domain, Problem
from tests.evaluation.made_up import evaluation

OPTIONS = {"A": "iron", "B": "lead"}
LONG = (
    "A woman of 54 years has had pain below the right ribs for three days, with fever and a yellow "
    "tint of the eyes; which organ is most likely inflamed in this case and needs to be imaged"
)


def problem(id_: str, question: str) -> Problem:
    return Problem(
        id=id_,
        dataset="exam",
        domain=Domain.KNOWLEDGE_QA,
        question=question,
        options=OPTIONS,
        answer=Choice(letter="A", options=OPTIONS),
    )


def test_the_rule_that_found_an_overlap_is_told() -> None:
    asked = [
        problem("same", LONG + "?"),
        problem("half", LONG.replace("54", "55") + "?"),
        problem("other", "Which vitamin is made by light on the skin of people in the summer?"),
    ]
    seeds = [problem("seed-1", LONG.upper() + "?"), problem("seed-2", "Which metal rusts in rain?")]
    found = contamination({"exam": asked[:2], "clean": asked[2:]}, seeds)
    assert found["exam"].n_overlapping == 2
    assert found["exam"].by_rule["same question, word for word"] == 1
    assert set(found["exam"].problem_ids) == {"same", "half"}
    assert found["exam"].share == 1.0
    assert (found["clean"].n_overlapping, found["clean"].n_seeds) == (0, 2)


def test_accuracy_without_the_questions_that_overlap() -> None:
    one = evaluation("round-1", 0.5)
    config = EvaluationConfig(resamples=200, strategies=("majority",))
    some = {o.problem_id for o in one.outcomes if o.dataset == "gym-knowledge_qa"}
    rows = clean_rows(one, some, config)
    assert {row.group for row in rows} == set(one.datasets) - {"gym-knowledge_qa"}
    right = one.correct("majority")
    assert sum(row.accuracy * row.n_questions for row in rows) == sum(
        right[i] for i in right if i not in some
    )
    assert clean_rows(one, set(), config) == []
    assert clean_rows(one, {o.problem_id for o in one.outcomes}, config) == []
