"""Keep a round, or roll it back."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from meds3.problems.problem import Problem
from meds3.runs.digest import digest_of


class GateConfig(BaseModel):
    """A round is rolled back when a paired test on problems it did not learn from shows harm."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: str = Field(
        "pvs",
        description="how both policies answer in the comparison; with one that needs no "
        "PRM (majority, greedy) the policy of the round before is not scored again",
    )
    alpha: float = Field(0.05, gt=0, lt=1, description="level of the two-sided paired test")
    seeds: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of the seeds set apart, never searched, for this decision alone; 0: the "
        "held-out problems decide, and their figures then had a say in what is reported",
    )


def set_apart(seeds: Sequence[Problem], share: float) -> tuple[list[Problem], list[Problem]]:
    """(seeds to search, seeds to decide on); drawn by digest, in order, `share` of each dataset."""
    by_dataset: dict[str, list[str]] = {}
    for problem in sorted(seeds, key=lambda p: digest_of(["gate", p.id])):
        by_dataset.setdefault(problem.dataset, []).append(problem.id)
    apart = {i for ids in by_dataset.values() for i in ids[: round(share * len(ids))]}
    searched = [problem for problem in seeds if problem.id not in apart]
    return searched, [problem for problem in seeds if problem.id in apart]


def keeps_round(difference: float, p_value: float, config: GateConfig) -> bool:
    """False only when the new policy is worse and the paired test says it is no accident."""
    return not (difference < 0 and p_value < config.alpha)
