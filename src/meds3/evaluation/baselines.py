"""The answer that needs no question: always the one that is commonest among the seeds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from meds3.answers.extract import extract
from meds3.answers.judge import judge
from meds3.answers.kinds import Answer, Choice
from meds3.chains.chain import ANSWER_PHRASE, chain_of
from meds3.chains.prompt import answer_text
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.measure import compare
from meds3.evaluation.outcome import (
    CandidateRow,
    Outcome,
    SystemEvaluation,
    SystemHeader,
    cluster_of,
)
from meds3.evaluation.results import Comparison
from meds3.evaluation.results_parts import LabelBaseline
from meds3.evaluation.statistics.inference import bootstrap_mean
from meds3.problems.problem import Problem
from meds3.selection.candidate import Candidate

NAME = "majority-label"
STRATEGY = "greedy"  # one answer a question, and no choice among several


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
    return {extract(_sentence(text), answer).key or text: text}


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


def against_labels(
    a: SystemEvaluation, strategy: str, baseline: SystemEvaluation, config: EvaluationConfig
) -> Comparison:
    """A system against the baseline, paired on the questions that the baseline has an answer to."""
    known = {outcome.problem_id for outcome in baseline.outcomes}
    return compare(a.only(known), strategy, baseline, STRATEGY, config)


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
