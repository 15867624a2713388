"""A tree of reasoning steps and what each was found to be worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from meds3.answers.verdict import Verdict
from meds3.chains.chain import Chain, Step


@dataclass(frozen=True)
class Rollout:
    """A completion that simulated a node to the end: the steps after the node."""

    steps: tuple[Step, ...]
    verdict: Verdict
    tokens: int


@dataclass
class Node:
    """One step.

    `value` in [0, 1] after back-propagation; `simulated_value` is the share of the node's own
    rollouts that were verified correct (1 or 0 for a finish). `visits` counts the evaluated
    nodes of the subtree, this one included. `simulated` is False until the node's own rollouts
    have run: such a node has no value of its own and must not become a label.
    """

    id: int
    parent: int | None
    step: Step
    kind: Literal["root", "reason", "finish"]
    value: float = 0.0
    simulated_value: float = 0.0
    visits: int = 0
    simulated: bool = False
    complete: bool = False
    verdict: Verdict | None = None  # of a finish
    rollouts: list[Rollout] = field(default_factory=list)
    children: list[int] = field(default_factory=list)

    @property
    def depth(self) -> int:
        return self.step.index


@dataclass
class Tree:
    """The search of one problem. `prompt` is the rendered prompt, assistant turn open and empty.

    `prompt` is what the *trained* policy will see: the bare problem, without the worked
    example that round 1 may have searched with.
    """

    problem_id: str
    prompt: str
    nodes: list[Node]
    stopped_because: str = ""

    def path(self, node: Node) -> list[Node]:
        """Root to `node`, both included."""
        path = [node]
        while path[-1].parent is not None:
            path.append(self.nodes[path[-1].parent])
        return path[::-1]

    def chain(self, node: Node) -> Chain:
        return Chain(tuple(n.step for n in self.path(node)))

    def finishes(self) -> list[Node]:
        return [node for node in self.nodes if node.kind == "finish"]
