"""Example chains for the report, picked by rule so that nobody can pick flattering ones."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from meds3.answers.verdict import Verdict
from meds3.evaluation.outcome import Outcome, SystemEvaluation
from meds3.problems.problem import Problem
from meds3.selection.confidence import vote_confidence
from meds3.selection.rules import Selection


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExampleStep(_Part):
    index: int
    text: str
    score: float | None = None


class Example(_Part):
    """One answered question: the winning chain and the votes."""

    why: str
    problem_id: str
    dataset: str
    question: str
    context: str | None = None
    options: dict[str, str] | None = None
    gold: str
    answer: str
    verdict: Verdict
    system: str
    strategy: str
    confidence: float  # the share of the chains: no curve was fitted on these questions alone
    votes: dict[str, float]
    chains: dict[str, int]
    n_chains: int
    steps: list[ExampleStep]


def pick_examples(
    evaluation: SystemEvaluation, strategy: str, problems: Sequence[Problem]
) -> list[Example]:
    """The surest right answer, the least sure right one and the surest wrong one.

    Fewer when there are none; ties go to the first problem id. `problems` give context and
    options.
    """
    known = {problem.id: problem for problem in problems}
    decided = [(o, *o.decide(strategy)) for o in evaluation.outcomes]
    answered = [(o, s, v) for o, s, v in decided if s.winner is not None]
    right = [(o, s) for o, s, v in answered if v is Verdict.CORRECT]
    wrong = [(o, s) for o, s, v in answered if v is Verdict.WRONG]
    found: list[Example] = []
    seen: set[str] = set()
    for why, pool, sign in (
        ("The right answer with the highest confidence", right, -1),
        ("The right answer with the lowest confidence", right, 1),
        ("The wrong answer with the highest confidence", wrong, -1),
    ):
        left = [pair for pair in pool if pair[0].problem_id not in seen]
        if left:
            outcome, selection = min(
                left,
                key=lambda pair: (
                    sign * _confidence(pair[0], pair[1], strategy),
                    pair[0].problem_id,
                ),
            )
            seen.add(outcome.problem_id)
            problem = known.get(outcome.problem_id)
            found.append(_example(why, evaluation.name, strategy, outcome, selection, problem))
    return found


def _confidence(outcome: Outcome, selection: Selection, strategy: str) -> float:
    return vote_confidence([row.candidate() for row in outcome.rows(strategy)], selection)


def _example(
    why: str,
    system: str,
    strategy: str,
    outcome: Outcome,
    selection: Selection,
    problem: Problem | None,
) -> Example:
    winner = selection.winner
    assert winner is not None  # noqa: S101 (the caller kept only answered questions)
    scores = winner.scores or (None,) * (len(winner.chain.steps) - 1)
    return Example(
        why=why,
        problem_id=outcome.problem_id,
        dataset=outcome.dataset,
        question=outcome.question,
        context=problem.context if problem else None,
        options=problem.options if problem else None,
        gold=outcome.gold,
        answer=selection.answer or "",
        verdict=outcome.decide(strategy)[1],
        system=system,
        strategy=strategy,
        confidence=_confidence(outcome, selection, strategy),
        votes=selection.votes,
        chains=selection.chains,
        n_chains=len(outcome.rows(strategy)),
        steps=[
            ExampleStep(index=step.index, text=step.text, score=score)
            for step, score in zip(winner.chain.steps[1:], scores, strict=True)
        ],
    )
