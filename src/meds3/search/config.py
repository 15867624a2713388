"""Every constant of the search, under the paper's name where it has one."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SearchConfig(BaseModel):
    """MCTS of arXiv 2501.12051 §3.2 and its released config; options beyond it are marked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # The tree.
    c: float = Field(2.0, ge=0, description="exploration constant of UCB")
    max_children: int = Field(3, ge=1, description="children sampled when a node is expanded")
    finish_share: float = Field(
        1 / 3, ge=0, le=1, description="chance that a child is a Finish instead of a Reason"
    )
    think: bool = Field(
        False,
        description="the policy itself chooses between Reason and Finish, constrained to the two "
        "(in place of finish_share; needs an engine that can constrain)",
    )
    reflect: bool = Field(
        False, description="a wrong Finish is taken back into a step that may be reasoned on from"
    )
    finish_gate: float = Field(
        0.9, gt=0, le=1, description="a node worth this much gets one Finish child"
    )
    update: Literal["comp", "mean"] = Field("comp", description="back-propagation rule")
    correct_finishes: int = Field(4, ge=1, description="stop a tree at this many (the paper's τ)")
    max_nodes: int = Field(60, ge=2)
    max_depth: int = Field(10, ge=1)

    # What a node is worth.
    value: Literal["rollouts", "prm"] = Field(
        "rollouts",
        description="prm: a step is worth its score by the last round's PRM, from round 2 on; "
        "such a value is no label",
    )
    rollout_base: int = Field(20, ge=1, description="rollouts = max(base // (depth+1), min)")
    rollout_min: int = Field(5, ge=1)

    # Sampling.
    temperature: float = Field(0.8, gt=0)
    top_p: float = Field(0.95, gt=0, le=1)
    top_k: int = Field(40, ge=0)
    max_step_tokens: int = Field(96, ge=8, description="a Reason step cut off here is dropped")
    max_rollout_tokens: int = Field(384, ge=8)
    worked_example: Literal["first-round", "always", "never"] = Field(
        "first-round", description="when the prompt shows one worked example of the answer kind"
    )

    samples: int | None = Field(
        None,
        ge=1,
        description="no search: this many whole chains a problem, as rejection sampling draws "
        "them; the comparison that a search must win",
    )

    rationalize: int = Field(
        0,
        ge=0,
        description="beyond the paper: this many chains are sampled with the answer shown, for "
        "each problem that the search never solved (STaR, arXiv 2203.14465). They teach the policy "
        "alone, as answers to the bare problem; no value and no label comes from them",
    )

    # Beyond the paper: thrift. Each is off, or does not change a tree, in presets v2 and v4.
    early_stop: Literal["none", "exact", "sequential"] = Field(
        "none",
        description="rollouts of a node stop when its value is decided against 0 and finish_gate: "
        "for certain (exact), or but for early_stop_error (sequential)",
    )
    early_stop_error: float = Field(
        0.05, gt=0, lt=0.5, description="chance that the rollouts left out would have decided else"
    )
    rollout_wave: int = Field(4, ge=1, description="rollouts sampled between two looks")
    kept_rollouts: bool = Field(
        False,
        description="a Finish is taken from the rollouts that were paid already; the steps of a "
        "verified one become nodes and are simulated",
    )
    merge_siblings: Literal["none", "exact", "near"] = Field(
        "exact", description="sibling steps that say the same become one node"
    )
    budget: Literal["even", "uncertain"] = Field(
        "even",
        description="uncertain: fewer nodes for problems that are always or never solved in "
        "their first simulations, more for those in between",
    )
    budget_probe: int = Field(20, ge=1, description="how many simulations are the first")
    budget_less: float = Field(0.3, gt=0, le=1, description="share of max_nodes for the decided")
    budget_more: float = Field(1.5, ge=1, description="share of max_nodes for those in between")
    give_up_after: int | None = Field(
        None, ge=1, description="stop a tree after this many rollouts, none right"
    )
    max_tokens: int | None = Field(
        None,
        ge=1,
        description="generated tokens of a round's trees; then they end",
    )

    # How it runs.
    leaves_in_flight: int = Field(
        1, ge=1, description="beyond the paper: leaves of one tree at a time (virtual loss)"
    )
    trees_in_flight: int = Field(64, ge=1, description="half-grown trees at a time, at most")
    tokens_in_flight: int = Field(
        65_536, ge=1, description="prompt tokens and token limits of the calls sent at a time"
    )
    max_failed_share: float = Field(
        0.05, ge=0, le=1, description="the search fails when more of the problems failed for good"
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
            f"early_stop={self.early_stop}": self.early_stop != "none",
            "kept_rollouts (finishes are taken from rollouts)": self.kept_rollouts,
            f"merge_siblings={self.merge_siblings}": self.merge_siblings != "none",
            f"budget={self.budget}": self.budget != "even",
            f"give_up_after={self.give_up_after}": self.give_up_after is not None,
            f"search.max_tokens={self.max_tokens}": self.max_tokens is not None,
            f"leaves_in_flight={self.leaves_in_flight}": self.leaves_in_flight > 1,
            f"samples={self.samples} (rejection sampling, no tree)": self.samples is not None,
            f"rationalize={self.rationalize} (chains for unsolved problems, answer shown)": (
                self.rationalize > 0
            ),
            "value=prm (from round 2 the PRM stands in for rollouts)": self.value == "prm",
        }
        return [name for name, is_on in on.items() if is_on]
