"""Answers from nowhere as a system: judged by the rules like any other, at no token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from meds3.answers.extract import extract
from meds3.answers.judge import judge
from meds3.answers.kinds import Answer
from meds3.chains.chain import ANSWER_PHRASE, chain_of
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.measure import compare
from meds3.evaluation.outcome import (
    CandidateRow,
    Outcome,
    SystemEvaluation,
    SystemHeader,
)
from meds3.evaluation.results import Comparison
from meds3.evaluation.results_parts import Baseline
from meds3.evaluation.statistics.inference import bootstrap_mean
from meds3.problems.problem import Problem
from meds3.selection.candidate import Candidate

STRATEGY = "greedy"  # one answer a question, and no choice among several


def stated_evaluation(
    name: str, problems: Sequence[Problem], answers: Mapping[str, str]
) -> SystemEvaluation | None:
    """The system `name` that was asked those of `problems` whose id is in `answers`.

    None when there is no such problem.
    """
    outcomes = tuple(
        _outcome(problem, answers[problem.id]) for problem in problems if problem.id in answers
    )
    if not outcomes:
        return None
    header = SystemHeader(
        system=name,
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


def by_dataset(
    seeds: Sequence[Problem], evaluation: SystemEvaluation, config: EvaluationConfig
) -> list[Baseline]:
    """What a baseline reaches on each dataset, with its 95% bootstrap interval."""
    sizes = Counter(problem.dataset for problem in seeds)
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
        found.append(
            Baseline(
                dataset=name,
                n_seeds=sizes[name],
                n_questions=len(here),
                accuracy=estimate.value,
                low=estimate.low,
                high=estimate.high,
            )
        )
    return found


def against(
    a: SystemEvaluation, strategy: str, baseline: SystemEvaluation, config: EvaluationConfig
) -> Comparison:
    """A system against a baseline, paired on the questions that the baseline has an answer to."""
    known = {outcome.problem_id for outcome in baseline.outcomes}
    return compare(a.only(known), strategy, baseline, STRATEGY, config)


def sentence(answer: str) -> str:
    return f"{ANSWER_PHRASE} {answer}."


def _outcome(problem: Problem, answer: str) -> Outcome:
    row = _row(answer, problem.answer)
    return Outcome.of(problem, row, [row], scoring_prompt="")


def _row(answer: str, gold: Answer) -> CandidateRow:
    chain = chain_of(sentence(answer))
    extraction = extract(chain.text, gold)
    return CandidateRow.of(Candidate(chain, extraction, 0), judge(extraction, gold))
