"""Does an answer depend on the order of the options? The same question, permuted."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Mapping, Sequence
from statistics import fmean

from meds3.answers.kinds import Choice
from meds3.answers.verdict import Verdict
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.outcome import Outcome, SystemEvaluation
from meds3.evaluation.results_measures import OptionOrder
from meds3.evaluation.statistics.inference import bootstrap_mean
from meds3.problems.problem import Problem
from meds3.runs.digest import derived_seed

_MARK = "~order-"
# "All of the above", "both A and B": such options mean another thing elsewhere in the list.
_BY_PLACE = re.compile(
    r"\b(all|none|any|neither|both|each|either)\s+(of\s+)?(the\s+)?(above|below|these|them|others?)\b"
    r"|\b(above|below|preceding|following)\b|\b[A-J]\s*(,|and|or|&|\+)\s*[A-J]\b",
    re.IGNORECASE,
)


def permutable(problem: Problem) -> bool:
    """Whether the options mean the same in any order."""
    return isinstance(problem.answer, Choice) and not any(
        _BY_PLACE.search(text) for text in problem.answer.options.values()
    )


def permuted(problem: Problem, order: int, seed: int = 0) -> Problem:
    """The problem with its options in the `order`-th other order, the gold letter moved along.

    Orders from 1 are drawn by the problem's id and `seed`; they differ from each other and from
    the original until all n! − 1 are used. The new id names problem and order.
    """
    gold = problem.answer
    if not isinstance(gold, Choice):
        raise TypeError(f"{problem.id}: {gold.kind} has no options to permute")
    letters = list(gold.options)
    arrangement = _orders(len(letters), order, derived_seed(seed, problem.id, "order"))
    texts = [gold.options[letters[place]] for place in arrangement]
    options = dict(zip(letters, texts, strict=True))
    letter = letters[arrangement.index(letters.index(gold.letter))]
    return problem.model_copy(
        update={
            "id": f"{problem.id}{_MARK}{order}",
            "options": options if problem.options else None,
            "answer": Choice(letter=letter, options=options),
        }
    )


def _orders(n: int, order: int, seed: int) -> list[int]:
    others = math.factorial(n) - 1
    wanted = (order - 1) % others + 1  # past all of them they come round again
    r, seen = random.Random(seed), [list(range(n))]
    while len(seen) <= wanted:
        places = r.sample(range(n), n)
        if places not in seen:
            seen.append(places)
    return seen[wanted]


def original_id(problem_id: str) -> str:
    """The id without the mark of an order."""
    return problem_id.partition(_MARK)[0]


def option_order(
    evaluation: SystemEvaluation,
    others: Sequence[SystemEvaluation],
    problems: Mapping[str, Problem],
    config: EvaluationConfig,
) -> list[OptionOrder]:
    """Per dataset and strategy: how often two orders of one question get the same option.

    `others` hold the permuted questions, one order each; `problems` by id give the options of
    all. Options are compared by their text. A question without a usable answer agrees with
    nothing, also not with itself. The interval is the clustered bootstrap over questions.
    """
    by_order = [{original_id(o.problem_id): o for o in other.outcomes} for other in others]
    asked = [o for o in evaluation.outcomes if all(o.problem_id in one for one in by_order)]
    found = []
    for strategy in evaluation.measurable(config.strategies):
        for name in sorted({o.dataset for o in asked}):
            here = [o for o in asked if o.dataset == name]
            groups = [[o, *(one[o.problem_id] for one in by_order)] for o in here]
            found.append(_row(evaluation, strategy, name, groups, problems, config))
    return found


def _row(
    evaluation: SystemEvaluation,
    strategy: str,
    dataset: str,
    groups: Sequence[Sequence[Outcome]],
    problems: Mapping[str, Problem],
    config: EvaluationConfig,
) -> OptionOrder:
    chosen = [[_option(o, strategy, problems) for o in group] for group in groups]
    right = [[o.decide(strategy)[1] is Verdict.CORRECT for o in group] for group in groups]
    agreement = bootstrap_mean(
        [fmean(a is not None and a == b for a, b in itertools.combinations(c, 2)) for c in chosen],
        [group[0].cluster for group in groups],
        seed=config.seed,
        resamples=config.resamples,
    )
    return OptionOrder(
        dataset=dataset,
        system=evaluation.name,
        strategy=strategy,
        n_questions=len(groups),
        orders=len(groups[0]),
        agreement=agreement.value,
        low=agreement.low,
        high=agreement.high,
        always_same=fmean(None not in c and len(set(c)) == 1 for c in chosen),
        accuracy=fmean(one[0] for one in right),
        accuracy_permuted=fmean(value for one in right for value in one[1:]),
    )


def _option(outcome: Outcome, strategy: str, problems: Mapping[str, Problem]) -> str | None:
    answer = outcome.decide(strategy)[0].answer
    gold = problems[outcome.problem_id].answer
    assert isinstance(gold, Choice)  # noqa: S101 (only choices are permuted)
    return None if answer is None else gold.options.get(answer)
