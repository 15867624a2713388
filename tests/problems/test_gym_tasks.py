"""The gym: deterministic, disjoint, short, and right by rule."""

from __future__ import annotations

import pytest

from meds3.answers.judge import verify
from meds3.answers.kinds import Choice, Number
from meds3.answers.verdict import Verdict
from meds3.chains.prompt import question_text
from meds3.errors import InputError
from meds3.problems.gym.drugs import DRUGS
from meds3.problems.gym.registry import TASKS, make
from meds3.problems.problem import Domain, Problem

EACH = [(name, level) for name, task in TASKS.items() for level in task.levels]


def test_every_domain_has_a_task() -> None:
    assert {task.domain for task in TASKS.values()} == set(Domain)


@pytest.mark.parametrize(("name", "level"), EACH)
def test_the_same_seed_makes_the_same_problems_and_more_keeps_the_first(
    name: str, level: int
) -> None:
    task = TASKS[name]
    assert make(task, level, "train", 3, 20)[:8] == make(task, level, "train", 3, 8)
    assert make(task, level, "train", 3, 8) != make(task, level, "train", 4, 8)


@pytest.mark.parametrize(("name", "level"), EACH)
def test_train_and_test_share_no_question(name: str, level: int) -> None:
    def key(problem: Problem) -> tuple[str, str | None]:
        return problem.question, problem.context

    count = 60 if (name, level) != ("pharmacology", 2) else 30
    train = {key(p) for seed in range(3) for p in make(TASKS[name], level, "train", seed, count)}
    test = {key(p) for seed in range(3) for p in make(TASKS[name], level, "test", seed, count)}
    assert not train & test


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize(("name", "level"), EACH)
def test_the_gold_answer_verifies_and_the_prompt_is_short(
    name: str, level: int, split: str
) -> None:
    for problem in make(TASKS[name], level, split, 0, 30):  # type: ignore[arg-type]
        assert verify(f"The answer is {problem.answer}.", problem.answer).verdict is Verdict.CORRECT
        assert len(question_text(problem).split()) <= (75 if name == "note" else 60)
        if isinstance(problem.answer, Choice):
            texts = list(problem.answer.options.values())
            assert len(set(texts)) == len(texts)
            assert problem.options == problem.answer.options


def test_no_drug_is_in_both_splits() -> None:
    assert not {d.name for d in DRUGS["train"]} & {d.name for d in DRUGS["test"]}


@pytest.mark.parametrize("level", [1, 2])
def test_trial_labels_follow_from_the_interval(level: int) -> None:
    letters = set()
    for problem in make(TASKS["trial"], level, "train", 0, 60):
        low, high, null = (problem.meta[k] for k in ("low", "high", "null"))
        expected = "A" if low > null else "B" if high < null else "C"
        assert isinstance(problem.answer, Choice)
        assert problem.answer.letter == expected
        letters.add(expected)
    assert letters == {"A", "B", "C"}


def test_calculator_golds_by_hand() -> None:
    golds = {
        p.meta["calculator"]: (p.question, p.answer)
        for level in (1, 2)
        for p in make(TASKS["calculator"], level, "test", 0, 30)
    }
    assert len(golds) == 8
    for question, answer in golds.values():
        assert isinstance(answer, Number)
        assert answer.value > 0, question


def test_asking_for_more_than_there_is_says_so() -> None:
    with pytest.raises(InputError, match=r"pharmacology level 2 .*100000"):
        make(TASKS["pharmacology"], 2, "test", 0, 100_000)
