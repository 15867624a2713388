"""What the words of a question alone tell: a classifier of word counts, learned from the seeds.

The seeds' answers teach it what they teach a policy, in seconds and without a language model. A
policy below it has not learned what they teach; one above it has read more than single words.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Sequence

from meds3.answers.kinds import Choice
from meds3.chains.prompt import answer_text, question_text
from meds3.evaluation.baselines.stated import stated_evaluation
from meds3.evaluation.outcome import SystemEvaluation
from meds3.problems.problem import Problem

NAME = "bag-of-words"


def word_evaluation(
    seeds: Sequence[Problem], heldout: Sequence[Problem]
) -> SystemEvaluation | None:
    """The baseline as a system that was asked the held-out problems of the seeds' datasets.

    One classifier a dataset: a linear support vector machine on tf-idf of words and pairs of
    words, as scikit-learn has it. It can only say answers of the seeds. None when no held-out
    problem is of a dataset that has seeds.
    """
    learned, asked = _by_dataset(seeds), _by_dataset(heldout)
    said: dict[str, str] = {}
    for name, problems in asked.items():
        if name in learned:
            said |= _said(learned[name], problems)
    return stated_evaluation(NAME, heldout, said)


def _by_dataset(problems: Sequence[Problem]) -> dict[str, list[Problem]]:
    found: defaultdict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        found[problem.dataset].append(problem)
    return found


def _said(seeds: Sequence[Problem], asked: Sequence[Problem]) -> dict[str, str]:
    """The answer to each of `asked`, by id."""
    answers = _answers(seeds)
    if len(set(answers)) == 1:
        return {problem.id: answers[0] for problem in asked}
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = make_pipeline(words, LinearSVC(random_state=0))
    with warnings.catch_warnings():  # doses and names differ from seed to seed: it is no mistake
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        model.fit([question_text(problem) for problem in seeds], answers)
    found = model.predict([question_text(problem) for problem in asked])
    return dict(zip((problem.id for problem in asked), map(str, found), strict=True))


def _answers(seeds: Sequence[Problem]) -> list[str]:
    """What there is to say: options by their text where all problems have the same ones, which
    may change places, else by their letter."""
    options = {
        frozenset(p.answer.options.values()) if isinstance(p.answer, Choice) else None
        for p in seeds
    }
    return [
        p.answer.options[p.answer.letter]
        if isinstance(p.answer, Choice) and len(options) == 1
        else answer_text(p.answer)
        for p in seeds
    ]
