"""How much of a benchmark the model may have learned from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.measure import by_dataset
from meds3.evaluation.outcome import SystemEvaluation
from meds3.evaluation.results import GroupRow
from meds3.evaluation.results_measures import Contamination
from meds3.problems.curation.config import OverlapConfig
from meds3.problems.curation.ledger import Progress, quiet
from meds3.problems.curation.overlap import Overlap, find_overlaps
from meds3.problems.problem import Problem

_EXACT = "same question, word for word"
_WORD = re.compile(r"\w+")


def contamination(
    asked: Mapping[str, Sequence[Problem]],
    seeds: Sequence[Problem],
    config: OverlapConfig | None = None,
    on_progress: Progress = quiet,
) -> dict[str, Contamination]:
    """Per benchmark the questions that overlap a seed, by the rules of `curation.overlap`.

    The rule "same question" (half of the 8-word shingles) is told apart from equal wording. The
    benchmarks are searched together, so that a template common to them counts for none.
    """
    everything = [problem for problems in asked.values() for problem in problems]
    overlaps = find_overlaps(everything, seeds, config or OverlapConfig(), on_progress)
    found = {overlap.seed.id: overlap for overlap in overlaps}  # `seed`: here the question
    return {
        name: _entry([found[p.id] for p in problems if p.id in found], len(problems), len(seeds))
        for name, problems in asked.items()
    }


def clean_rows(
    evaluation: SystemEvaluation, overlapping: Collection[str], config: EvaluationConfig
) -> list[GroupRow]:
    """`by_dataset` on the questions that overlap no seed; empty when none overlaps."""
    ids = {outcome.problem_id for outcome in evaluation.outcomes}
    if not ids & set(overlapping) or not ids - set(overlapping):
        return []
    return by_dataset(evaluation.only(ids - set(overlapping)), config)


def _entry(overlaps: Sequence[Overlap], questions: int, seeds: int) -> Contamination:
    return Contamination(
        n_seeds=seeds,
        n_questions=questions,
        n_overlapping=len(overlaps),
        by_rule=dict(sorted(Counter(map(_rule, overlaps)).items())),
        problem_ids=[overlap.seed.id for overlap in overlaps],
    )


def _rule(overlap: Overlap) -> str:
    equal = _words(overlap.seed) == _words(overlap.other)
    return _EXACT if equal and overlap.how == "same question" else overlap.how


def _words(problem: Problem) -> list[str]:
    return _WORD.findall(problem.question.casefold())
