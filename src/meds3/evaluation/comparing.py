"""Two runs on the same questions: paired, per dataset and over all, corrected for their number."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from meds3.errors import InputError
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.measure import compare
from meds3.evaluation.outcome import SystemEvaluation
from meds3.evaluation.results import Comparison
from meds3.evaluation.statistics.inference import holm

_SHOWN = 3


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DatasetComparison(_Part):
    """One dataset; `p_holm` is its McNemar p corrected for the number of datasets."""

    dataset: str
    comparison: Comparison
    p_holm: float


class RunComparison(_Part):
    """What `meds3 compare` found; differences are a − b."""

    a: str
    b: str
    overall: Comparison
    datasets: list[DatasetComparison]
    left_out_a: int = Field(0, description="questions that only a was asked")
    left_out_b: int = 0


def compare_runs(
    a: SystemEvaluation,
    b: SystemEvaluation,
    strategies: tuple[str, str] | None = None,
    *,
    names: tuple[str, str] | None = None,
    intersection: bool = False,
    config: EvaluationConfig | None = None,
) -> RunComparison:
    """a against b, paired question by question.

    `strategies` None: P-VS where both have step scores, else majority. Raises `InputError` when
    one was asked questions that the other was not (unless `intersection`: then the common ones
    are compared), when none is common, and when one id stands for two questions.
    """
    config = config or EvaluationConfig()
    named = names or (a.name, b.name)
    ids_a, ids_b = ({o.problem_id for o in one.outcomes} for one in (a, b))
    common = ids_a & ids_b
    _check_same(a, b, named)
    if not common:
        raise InputError(
            f"{named[0]} and {named[1]} have no question in common",
            "evaluate both on the same suite or held-out problems",
        )
    odd = len(ids_a - common), len(ids_b - common)
    if any(odd) and not intersection:
        first = sorted(ids_a ^ ids_b)[:_SHOWN]
        raise InputError(
            f"other questions: {odd[0]} only {named[0]} was asked, {odd[1]} only {named[1]}, "
            f"{len(common)} are common; first {', '.join(first)}",
            "evaluate both on the same questions, or compare the common ones: --intersection",
        )
    a, b = a.only(common), b.only(common)
    chosen = strategies or _agreed(a, b)
    for one, strategy, name in zip((a, b), chosen, named, strict=True):
        if not one.measurable([strategy]):
            raise InputError(
                f"{name}: {strategy} needs step scores, and its candidates have none",
                "meds3 rescore RUN --prm DIR, or choose majority or greedy",
            )
    overall = compare(a, chosen[0], b, chosen[1], config)
    found = [_dataset(a, b, chosen, name, config) for name in sorted(set(a.datasets))]
    corrected = holm([c.p_mcnemar for _, c in found])
    return RunComparison(
        a=named[0],
        b=named[1],
        overall=overall,
        datasets=[
            DatasetComparison(dataset=name, comparison=one, p_holm=p)
            for (name, one), p in zip(found, corrected, strict=True)
        ],
        left_out_a=odd[0],
        left_out_b=odd[1],
    )


def _dataset(
    a: SystemEvaluation,
    b: SystemEvaluation,
    chosen: tuple[str, str],
    name: str,
    config: EvaluationConfig,
) -> tuple[str, Comparison]:
    ids = {o.problem_id for o in a.outcomes if o.dataset == name}
    return name, compare(a.only(ids), chosen[0], b.only(ids), chosen[1], config)


def _agreed(a: SystemEvaluation, b: SystemEvaluation) -> tuple[str, str]:
    scored = all(one.header.scorer is not None for one in (a, b))
    return ("pvs", "pvs") if scored else ("majority", "majority")


def _check_same(a: SystemEvaluation, b: SystemEvaluation, named: tuple[str, str]) -> None:
    """One id must stand for one question with one gold answer."""
    known = {o.problem_id: o for o in a.outcomes}
    for other in b.outcomes:
        mine = known.get(other.problem_id)
        if mine is not None and (mine.cluster, mine.gold) != (other.cluster, other.gold):
            raise InputError(
                f"id {other.problem_id!r} is another question in {named[0]} than in {named[1]}",
                "the two read different files: evaluate both on the same one",
            )
