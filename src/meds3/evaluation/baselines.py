"""The answer that needs no question: always the one that is commonest among the seeds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from meds3.answers.extract import extract
from meds3.answers.judge import judge
from meds3.answers.kinds import Answer
from meds3.chains.chain import ANSWER_PHRASE, chain_of
from meds3.chains.prompt import answer_text
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.outcome import (
    CandidateRow,
    Outcome,
    SystemEvaluation,
    SystemHeader,
    cluster_of,
)
from meds3.evaluation.results_parts import LabelBaseline
from meds3.evaluation.statistics import bootstrap_mean
from meds3.problems.problem import Problem
from meds3.selection.candidate import Candidate

NAME = "majority-label"
STRATEGY = "greedy"  # one answer a question, and no choice among several


def commonest(seeds: Sequence[Problem]) -> dict[str, tuple[str, int]]:
    """By dataset the commonest answer of its seeds, as it is stated, and how many have it.

    Answers are alike when the rules read the same from them (`extract`): letters of options,
    labels, folded spans. Ties go to the first in text order.
    """
    stated: defaultdict[str, dict[str, str]] = defaultdict(dict)
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for problem in seeds:
        text = answer_text(problem.answer)
        key = extract(_sentence(text), problem.answer).key or text
        stated[problem.dataset].setdefault(key, text)
        counts[problem.dataset][key] += 1
    best = {
        name: min(found, key=lambda key, found=found: (-found[key], key))  # type: ignore[misc]
        for name, found in counts.items()
    }
    return {name: (stated[name][key], counts[name][key]) for name, key in best.items()}


def label_evaluation(
    seeds: Sequence[Problem], heldout: Sequence[Problem]
) -> SystemEvaluation | None:
    """The baseline as a system that was asked the held-out problems of the seeds' datasets.

    It is judged by the same rules as any other answer, and costs no token. None when no held-out
    problem is of a dataset that has seeds.
    """
    answers = {name: text for name, (text, _) in commonest(seeds).items()}
    outcomes = tuple(
        _outcome(problem, answers[problem.dataset])
        for problem in heldout
        if problem.dataset in answers
    )
    if not outcomes:
        return None
    header = SystemHeader(
        system=NAME,
        kind="base",
        prompt_style="direct",
        n_samples=1,
        seed=0,
        engine="none",
        scorer=None,
        greedy_seconds=0.0,
        sample_seconds=0.0,
        score_seconds=0.0,
    )
    return SystemEvaluation(header=header, outcomes=outcomes)


def label_baselines(
    seeds: Sequence[Problem], evaluation: SystemEvaluation, config: EvaluationConfig
) -> list[LabelBaseline]:
    """What the baseline reaches on each dataset, with its 95% bootstrap interval."""
    answers, sizes = commonest(seeds), Counter(problem.dataset for problem in seeds)
    right = list(evaluation.correct(STRATEGY).values())
    found = []
    for name in sorted({outcome.dataset for outcome in evaluation.outcomes}):
        here = [i for i, outcome in enumerate(evaluation.outcomes) if outcome.dataset == name]
        estimate = bootstrap_mean(
            [float(right[i]) for i in here],
            [evaluation.clusters[i] for i in here],
            seed=config.seed,
            resamples=config.resamples,
        )
        answer, count = answers[name]
        found.append(
            LabelBaseline(
                dataset=name,
                answer=answer,
                n_seeds=sizes[name],
                seeds_with_it=count,
                n_questions=len(here),
                accuracy=estimate.value,
                low=estimate.low,
                high=estimate.high,
            )
        )
    return found


def _sentence(answer: str) -> str:
    return f"{ANSWER_PHRASE} {answer}."


def _outcome(problem: Problem, answer: str) -> Outcome:
    row = _row(answer, problem.answer)
    return Outcome(
        problem_id=problem.id,
        dataset=problem.dataset,
        domain=problem.domain,
        question=problem.question,
        cluster=cluster_of(problem),
        gold=str(problem.answer),
        greedy=row,
        samples=(row,),
        scoring_prompt="",
    )


def _row(answer: str, gold: Answer) -> CandidateRow:
    chain = chain_of(_sentence(answer))
    extraction = extract(chain.text, gold)
    return CandidateRow.of(Candidate(chain, extraction, 0), judge(extraction, gold))
