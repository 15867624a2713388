"""Slices and mirror scores of a made-up evaluation."""

from __future__ import annotations

import random

from meds3.answers.verdict import Verdict
from meds3.evaluation.mirror_scores import mirror_rows
from meds3.evaluation.slices import slice_rows
from tests.evaluation.made_up import PROBLEMS, candidate, evaluation
from tests.evaluation.test_measure import CONFIG, RIGHT, small

MADE = evaluation("round-1", 0.6)
BY_ID = {problem.id: problem for problem in PROBLEMS}


def test_every_respect_divides_all_questions() -> None:
    rows = slice_rows(MADE, BY_ID, CONFIG)
    # One kind and one number of options say nothing new; nothing has a level or a type.
    assert {row.by for row in rows} == {"domain", "length"}
    for by in ("domain", "length"):
        here = [row for row in rows if (row.by, row.strategy) == (by, "greedy")]
        assert sum(row.n_questions for row in here) == len(PROBLEMS)


def test_levels_and_types_come_from_the_problem() -> None:
    levels = {
        problem.id: problem.model_copy(update={"meta": {"level": 1 + i % 2, "type": f"t{i}"}})
        for i, problem in enumerate(PROBLEMS)
    }
    rows = slice_rows(MADE, levels, CONFIG)
    assert {row.group for row in rows if row.by == "level"} == {"1", "2"}
    assert not [row for row in rows if row.by == "type"]  # a name for every question is no type


def test_a_question_without_its_problem_is_in_no_slice() -> None:
    some = {problem.id: problem for problem in PROBLEMS[:40]}
    rows = slice_rows(MADE, some, CONFIG)
    assert sum(r.n_questions for r in rows if (r.by, r.strategy) == ("domain", "greedy")) == 40


def test_mirrors_judge_the_chosen_chain() -> None:
    by_name = RIGHT.model_copy(
        update={"steps": ("The answer is bisoprolol <2.5 mg.",), "verdict": Verdict.CORRECT}
    )
    made = small("round-1", (by_name, RIGHT), (RIGHT, RIGHT))
    name = made.outcomes[0].dataset
    rows = mirror_rows(made, BY_ID, ("greedy", "majority"))
    greedy, majority = (row for row in rows if row.dataset == name)
    # The option in words is right for us and not for a rule that wants the letter.
    assert greedy.n_questions == 1
    assert greedy.shares["meds3"] == 1.0
    assert greedy.shares["strict-letter"] == 0.0
    assert greedy.spread == 1.0
    assert majority.strategy == "majority"


def test_where_nothing_can_be_chosen_others_still_read_the_first_chain() -> None:
    mute = candidate(None, random.Random(0))
    made = small("round-1", (mute, mute))
    (row,) = mirror_rows(made, BY_ID, ("majority",))
    assert row.shares["meds3"] == 0.0
