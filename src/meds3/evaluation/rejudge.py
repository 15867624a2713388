"""Kept candidates read and judged again by the rules of this version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from meds3.answers.extract import extract
from meds3.answers.judge import judge
from meds3.answers.kinds import Answer
from meds3.answers.verdict import Verdict
from meds3.chains.chain import chain_of
from meds3.errors import InputError
from meds3.evaluation.outcome import CandidateRow, SystemEvaluation
from meds3.problems.problem import Problem
from meds3.selection.candidate import Candidate, closeness

Changes = Counter[tuple[Verdict, Verdict]]  # before, now


def rejudged(
    evaluation: SystemEvaluation, problems: Mapping[str, Problem], name: str
) -> tuple[SystemEvaluation, Changes]:
    """The same chains as system `name`, and how many verdicts changed from what to what.

    Raises `InputError` when the gold answer of a question is not in `problems` (by id).
    """
    changes: Changes = Counter()

    def again(row: CandidateRow, gold: Answer) -> CandidateRow:
        chain = chain_of(*row.steps)
        extraction = extract(chain.text, gold)
        judgement = judge(extraction, gold)
        if judgement.verdict is not row.verdict:
            changes[row.verdict, judgement.verdict] += 1
        read = Candidate(chain, extraction, row.tokens, row.scores, closeness(gold))
        return CandidateRow.of(read, judgement)

    outcomes = []
    for outcome in evaluation.outcomes:
        if outcome.problem_id not in problems:
            raise InputError(
                f"{evaluation.name}: the gold answer of {outcome.problem_id!r} is not in the "
                "run's journal",
                "judge again in the run directory that asked these questions",
            )
        gold = problems[outcome.problem_id].answer
        changed = {
            "greedy": again(outcome.greedy, gold),
            "samples": tuple(again(row, gold) for row in outcome.samples),
            "gold": str(gold),
        }
        outcomes.append(outcome.model_copy(update=changed))
    header = evaluation.header.model_copy(update={"system": name})
    return SystemEvaluation(header=header, outcomes=tuple(outcomes)), changes
