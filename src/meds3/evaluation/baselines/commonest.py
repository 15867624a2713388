"""The answer that needs no question: always the one that is commonest among the seeds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from meds3.answers.extract import extract
from meds3.answers.kinds import Answer, Choice
from meds3.chains.prompt import answer_text
from meds3.evaluation.baselines.stated import by_dataset, sentence, stated_evaluation
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.outcome import SystemEvaluation
from meds3.evaluation.results_parts import LabelBaseline
from meds3.problems.problem import Problem

NAME = "majority-label"


def commonest(seeds: Sequence[Problem]) -> dict[str, tuple[str, int]]:
    """By dataset the commonest answer of its seeds, as it is stated, and how many have it.

    Answers are alike when the rules read the same from them (`extract`). Of options, letters and
    texts are both counted: where options change places, "yes" says more than "A". Ties go to the
    shorter answer, then to text order.
    """
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    stated: dict[tuple[str, str], str] = {}
    for problem in seeds:
        for key, text in _statements(problem.answer).items():
            counts[problem.dataset][key] += 1
            stated.setdefault((problem.dataset, key), text)
    best: dict[str, tuple[str, int]] = {}
    for name, found in counts.items():
        key, count = min(found.items(), key=lambda one: (-one[1], len(one[0]), one[0]))
        best[name] = stated[name, key], count
    return best


def _statements(answer: Answer) -> dict[str, str]:
    """The ways to state a gold answer that may be right for another problem: key to text."""
    text = answer_text(answer)
    if isinstance(answer, Choice):
        return {one: one for one in (text, answer.options[answer.letter])}
    return {extract(sentence(text), answer).key or text: text}


def label_evaluation(
    seeds: Sequence[Problem], heldout: Sequence[Problem]
) -> SystemEvaluation | None:
    """The baseline as a system that was asked the held-out problems of the seeds' datasets.

    None when no held-out problem is of a dataset that has seeds.
    """
    answers = {name: text for name, (text, _) in commonest(seeds).items()}
    said = {p.id: answers[p.dataset] for p in heldout if p.dataset in answers}
    return stated_evaluation(NAME, heldout, said)


def label_baselines(
    seeds: Sequence[Problem], evaluation: SystemEvaluation, config: EvaluationConfig
) -> list[LabelBaseline]:
    """What the baseline reaches on each dataset, and with which answer."""
    answers = commonest(seeds)
    found = []
    for one in by_dataset(seeds, evaluation, config):
        answer, count = answers[one.dataset]
        body = one.model_dump() | {"answer": answer, "seeds_with_it": count}
        found.append(LabelBaseline.model_validate(body))
    return found
