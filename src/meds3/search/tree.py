"""A tree of reasoning steps and what each was found to be worth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from meds3.answers.verdict import Verdict
from meds3.chains.chain import STEP_ZERO, Chain, Step

NodeKind = Literal["root", "reason", "reflect", "finish"]
# Where a node's own value comes from; "" while it has none.
Valued = Literal["", "rollouts", "rule", "prm"]


@dataclass(frozen=True)
class Rollout:
    """A completion that simulated a node to the end: the steps after the node."""

    steps: tuple[Step, ...]
    verdict: Verdict
    tokens: int


@dataclass
class Node:
    """One step.

    `value` in [0, 1] after back-propagation; `own_value` is what the node was found to be worth
    by itself: the share of its rollouts that were verified correct, 1 or 0 by the rule for a
    finish, or its PRM score. `visits` counts the valued nodes of the subtree, this one included.
    """

    id: int
    parent: int | None
    step: Step
    kind: NodeKind
    value: float = 0.0
    own_value: float = 0.0
    visits: int = 0
    valued: Valued = ""
    complete: bool = False
    verdict: Verdict | None = None  # of a finish, where gold is known
    rollouts: list[Rollout] = field(default_factory=list)
    children: list[int] = field(default_factory=list)

    @property
    def depth(self) -> int:
        return self.step.index

    @property
    def simulated(self) -> bool:
        """Whether `own_value` was seen, by rollouts or the rule: only then may it be a label."""
        return self.valued in ("rollouts", "rule")

    def settle(self, value: float, valued: Valued) -> None:
        """Give the node its own value."""
        self.value = self.own_value = value
        self.valued = valued


@dataclass
class Tree:
    """The search of one problem. `prompt` is the rendered prompt, assistant turn open and empty.

    `prompt` is what the *trained* policy will see: the bare problem, without the worked
    example that round 1 may have searched with. `tokens` were generated for this tree.
    `stopped_because` is empty while it grows. `rationales` are chains from Step 0 that the policy
    wrote with the answer before its eyes, so they say nothing of what it can do; most trees have
    none (see `rationalize`).
    """

    problem_id: str
    prompt: str
    nodes: list[Node]
    stopped_because: str = ""
    rationales: list[Rollout] = field(default_factory=list)
    tokens: int = field(default=0, compare=False)  # what was under way at the stop is in it

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

    def verdicts(self) -> list[Verdict]:
        """See `verdicts`."""
        return verdicts(self.nodes)


def verdicts(nodes: Iterable[Node]) -> list[Verdict]:
    """Of every chain that was sampled to its end, in the order of the nodes."""
    found: list[Verdict] = []
    for node in nodes:
        if node.verdict is not None:
            found.append(node.verdict)
        found += [rollout.verdict for rollout in node.rollouts]
    return found


def seedling(problem_id: str, prompt: str) -> Tree:
    """A tree of Step 0 alone."""
    return Tree(
        problem_id, prompt, [Node(0, None, Step(0, STEP_ZERO.removeprefix("Step 0: ")), "root")]
    )
