"""Keep a round, or roll it back."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GateConfig(BaseModel):
    """A round is rolled back when a paired test on held-out problems shows harm."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: str = Field("pvs", description="how both policies answer in the comparison")
    alpha: float = Field(0.05, gt=0, lt=1, description="level of the two-sided paired test")


def keeps_round(difference: float, p_value: float, config: GateConfig) -> bool:
    """False only when the new policy is worse and the paired test says it is no accident."""
    return not (difference < 0 and p_value < config.alpha)
