"""Every constant of the search, under the paper's name where it has one."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SearchConfig(BaseModel):
    """MCTS of arXiv 2501.12051 §3.2 and its released config; options beyond it are marked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    c: float = Field(2.0, ge=0, description="exploration constant of UCB")
    max_children: int = Field(3, ge=1, description="children sampled when a node is expanded")
    finish_share: float = Field(
        1 / 3, ge=0, le=1, description="chance that a child is a Finish instead of a Reason"
    )
    rollout_base: int = Field(20, ge=1, description="rollouts = max(base // (depth+1), min)")
    rollout_min: int = Field(5, ge=1)
    update: Literal["comp", "mean"] = Field("comp", description="back-propagation rule")
    finish_gate: float = Field(
        0.9, gt=0, le=1, description="a node worth this much gets one Finish child"
    )
    correct_finishes: int = Field(4, ge=1, description="stop a tree at this many (the paper's τ)")
    max_nodes: int = Field(60, ge=2)
    max_depth: int = Field(10, ge=1)
    temperature: float = Field(0.8, gt=0)
    top_p: float = Field(0.95, gt=0, le=1)
    top_k: int = Field(40, ge=0)
    max_step_tokens: int = Field(96, ge=8, description="a Reason step cut off here is dropped")
    max_rollout_tokens: int = Field(384, ge=8)
    worked_example: Literal["first-round", "always", "never"] = Field(
        "first-round", description="when the prompt shows one worked example of the answer kind"
    )
    trees_in_flight: int = Field(64, ge=1)
    leaves_in_flight: int = Field(
        1, ge=1, description="beyond the paper: leaves of one tree at a time (virtual loss)"
    )
    merge_siblings: bool = Field(
        True, description="beyond the paper: identical sibling steps become one node"
    )
    give_up_after: int | None = Field(
        None, ge=1, description="beyond the paper: stop a tree after this many rollouts, none right"
    )

    def rollouts_at(self, depth: int) -> int:
        """How many rollouts simulate a node at `depth` (released config)."""
        return max(self.rollout_base // (depth + 1), self.rollout_min)

    def shows_example(self, round_: int) -> bool:
        return self.worked_example == "always" or (
            self.worked_example == "first-round" and round_ == 1
        )

    def beyond_paper(self) -> list[str]:
        """The options that are on and that the paper does not have, for the report."""
        on = {
            f"leaves_in_flight={self.leaves_in_flight}": self.leaves_in_flight > 1,
            "merge_siblings": self.merge_siblings,
            f"give_up_after={self.give_up_after}": self.give_up_after is not None,
        }
        return [name for name, is_on in on.items() if is_on]
