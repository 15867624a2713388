"""What is measured, and how."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from meds3.answering.config import PromptStyle, StrategyName


class EvaluationConfig(BaseModel):
    """Which strategies are compared on the held-out problems."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategies: tuple[StrategyName, ...] = Field(
        ("greedy", "majority", "pvs", "vote-sum/min", "best-of-n/min"),
        min_length=1,
        description="scored ones are left out for a system without a PRM",
    )
    baselines: tuple[PromptStyle, ...] = Field(
        ("worked-example",), description="ways to ask the base, beside the bare one"
    )
    base_temperature: float | None = Field(
        None,
        gt=0,
        description="what the base is sampled at; null: answering.temperature. A policy may vote "
        "best at a temperature at which the base falls apart, and is compared with it at its best",
    )
    shots: int = Field(4, ge=1, description="solved seeds that direct-shots and option-shots show")
    pass_k: tuple[int, ...] = Field((1, 4, 16), description="k of pass@k, as far as n allows")
    step_rollouts: int = Field(
        0,
        ge=0,
        description="steps of held-out chains per round that fresh rollouts check the PRM on; "
        "0: none (what a run learns does not depend on it)",
    )
    rollouts_per_step: int = Field(8, ge=1, description="fresh rollouts of each such step")
    resamples: int = Field(10_000, ge=100, description="of every bootstrap interval")
    seed: int = Field(0, description="of sampling and of the bootstrap")
