"""Always the commonest answer: what it is, and what it reaches by the rules."""

from __future__ import annotations

import pytest

from meds3.answers.kinds import Answer, Choice, Label, Number, Span
from meds3.answers.verdict import Verdict
from meds3.evaluation.baselines.commonest import (
    NAME,
    commonest,
    label_baselines,
    label_evaluation,
)
from meds3.evaluation.baselines.stated import against, by_dataset
from meds3.evaluation.baselines.words import NAME as WORDS
from meds3.evaluation.baselines.words import word_evaluation
from meds3.evaluation.config import EvaluationConfig
from meds3.problems.problem import Domain, Problem
from tests.evaluation.made_up import PROBLEMS, evaluation

CONFIG = EvaluationConfig(resamples=200)


def problem(id_: str, answer: Answer, dataset: str = "set") -> Problem:
    return Problem(
        id=id_,
        dataset=dataset,
        domain=Domain.MEDICAL_NLI,
        question=f"Question {id_}?",
        options=answer.options if isinstance(answer, Choice) else None,
        answer=answer,
    )


def labels(*found: str, dataset: str = "set", start: int = 0) -> list[Problem]:
    known = ("yes", "no", "maybe")
    return [
        problem(f"{dataset}-{start + i}", Label(label=label, labels=known), dataset)
        for i, label in enumerate(found)
    ]


def choice(letter: str, *texts: str) -> Choice:
    return Choice(letter=letter, options=dict(zip("ABC", texts, strict=False)))


def test_the_commonest_label_of_each_dataset() -> None:
    seeds = labels("no", "yes", "no", "maybe") + labels("yes", dataset="other")
    assert commonest(seeds) == {"set": ("no", 2), "other": ("yes", 1)}


def test_of_options_the_letter_or_the_text_that_says_more() -> None:
    # The text "yes" is right three times, under three letters; B is right twice.
    turned = [
        problem("1", choice("A", "yes", "no", "maybe")),
        problem("2", choice("B", "no", "yes", "maybe")),
        problem("3", choice("C", "no", "maybe", "yes")),
        problem("4", choice("B", "yes", "no", "maybe")),
    ]
    assert commonest(turned) == {"set": ("yes", 3)}
    exam = [problem(str(i), choice("B", f"a{i}", f"b{i}", f"c{i}")) for i in range(3)]
    assert commonest(exam) == {"set": ("B", 3)}
    # Options that stay in place: letter and text are one answer, told by its letter.
    fixed = [problem(str(i), choice("C", "more", "less", "As much")) for i in range(3)]
    assert commonest(fixed) == {"set": ("C", 3)}


def test_answers_are_alike_when_the_rules_read_the_same() -> None:
    seeds = [
        problem("1", Span(text="The Liver")),
        problem("2", Span(text="liver")),
        problem("3", Span(text="heart")),
    ]
    assert commonest(seeds)["set"][1] == 2
    numbers = [problem(str(i), Number(value=v, unit="mg")) for i, v in enumerate((5, 5.0, 7))]
    assert commonest(numbers) == {"set": ("5 mg", 2)}


def test_it_is_judged_by_the_rules_like_any_system() -> None:
    seeds = labels("no", "no", "yes")
    heldout = labels("no", "yes", "no", "maybe", start=10)
    found = label_evaluation(seeds, heldout)
    assert found is not None
    assert found.name == NAME
    assert [o.greedy.verdict for o in found.outcomes] == [
        Verdict.CORRECT,
        Verdict.WRONG,
        Verdict.CORRECT,
        Verdict.WRONG,
    ]
    (row,) = label_baselines(seeds, found, CONFIG)
    assert (row.dataset, row.answer, row.n_seeds, row.seeds_with_it) == ("set", "no", 3, 2)
    assert (row.n_questions, row.accuracy) == (4, 0.5)
    assert row.low < 0.5 < row.high
    assert found.cost("greedy") == (0, 0.0)


def test_an_option_text_that_a_question_lacks_is_not_right() -> None:
    seeds = [
        problem(
            str(i), choice("ABC"[i], *(["yes", "no", "maybe"][-i:] + ["yes", "no", "maybe"][:-i]))
        )
        for i in range(3)
    ]
    assert commonest(seeds) == {"set": ("yes", 3)}
    found = label_evaluation(seeds, [problem("x", choice("A", "increased", "reduced"))])
    assert found is not None
    assert found.outcomes[0].greedy.verdict is not Verdict.CORRECT


def test_answers_that_never_repeat_reach_next_to_nothing() -> None:
    seeds = [problem(f"s{i}", Number(value=i)) for i in range(1, 6)]
    heldout = [problem(f"h{i}", Number(value=100 + i)) for i in range(5)]
    found = label_evaluation(seeds, heldout)
    assert found is not None
    (row,) = label_baselines(seeds, found, CONFIG)
    assert (row.seeds_with_it, row.accuracy) == (1, 0.0)


def test_datasets_without_seeds_have_no_baseline_and_are_not_compared() -> None:
    assert label_evaluation([], PROBLEMS) is None
    first = PROBLEMS[0].dataset
    seeds = [p for p in PROBLEMS if p.dataset == first]
    found = label_evaluation(seeds, PROBLEMS)
    assert found is not None
    assert {o.dataset for o in found.outcomes} == {first}
    compared = against(evaluation("round-1", 0.5), "pvs", found, CONFIG)
    assert compared.n == 20
    assert (compared.b.system, compared.b.accuracy) == (NAME, 1.0)
    assert compared.difference == pytest.approx(compared.a.accuracy - 1.0)
    assert compared.macro is None


def told(id_: str, text: str, answer: Answer) -> Problem:
    asked = problem(id_, answer)
    return asked.model_copy(update={"question": text})


WAYS = {"increased": "rose", "reduced": "fell", "the same": "stayed"}


def trials(count: int, start: int = 0) -> list[Problem]:
    """Questions whose one telling word gives the answer; the options change places."""
    found = []
    for i in range(start, start + count):
        right = [*WAYS][i % 3]
        texts = [*WAYS][i % 2 :] + [*WAYS][: i % 2]
        answer = choice("ABC"[texts.index(right)], *texts)
        found.append(told(f"t{i}", f"In trial {i} the pulse {WAYS[right]}. What was it?", answer))
    return found


def test_a_bag_of_words_learns_what_a_single_word_tells() -> None:
    seeds, heldout = trials(30), trials(12, start=30)
    found = word_evaluation(seeds, heldout)
    assert found is not None
    assert found.name == WORDS
    assert [o.greedy.verdict for o in found.outcomes] == [Verdict.CORRECT] * 12
    (row,) = by_dataset(seeds, found, CONFIG)
    assert (row.dataset, row.n_seeds, row.n_questions, row.accuracy) == ("set", 30, 12, 1.0)
    always = label_evaluation(seeds, heldout)
    assert always is not None
    assert against(found, "greedy", always, CONFIG).difference == pytest.approx(2 / 3)


def test_options_that_differ_are_told_by_their_letter() -> None:
    seeds = [
        told(f"s{i}", f"Exam {i}. Mark {'one' if i % 2 else 'two'}.", choice("AB"[i % 2], *texts))
        for i in range(20)
        for texts in [(f"first {i}", f"second {i}")]
    ]
    found = word_evaluation(seeds, [told("x", "Exam 99. Mark one.", choice("B", "left", "right"))])
    assert found is not None
    assert (found.outcomes[0].greedy.answer, found.outcomes[0].greedy.verdict) == (
        "B",
        Verdict.CORRECT,
    )


def test_seeds_of_one_answer_teach_that_answer() -> None:
    found = word_evaluation(labels("yes"), labels("yes", "no", start=5))
    assert found is not None
    assert found.correct("greedy") == {"set-5": True, "set-6": False}
    assert word_evaluation([], PROBLEMS) is None
