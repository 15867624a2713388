"""What a step by itself is worth: by rollouts and the rule, or by a PRM's score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from meds3.answers.verdict import Verdict
from meds3.chains.chain import Chain
from meds3.errors import EngineError
from meds3.rewards.protocol import StepScorer
from meds3.search.actions import Actions
from meds3.search.early_stop import decided
from meds3.search.together import together
from meds3.search.tree import Node


class Valuing(Protocol):
    """Gives nodes their own values."""

    async def value(self, actions: Actions, nodes: Sequence[tuple[Node, Chain, str]]) -> None:
        """Settle every node; each comes with its whole chain and a tag for its calls' seeds."""
        ...


class ByRollouts:
    """A Reason is simulated to the end several times; a Finish is what the rule says of it."""

    async def value(self, actions: Actions, nodes: Sequence[tuple[Node, Chain, str]]) -> None:
        """See `Valuing.value`."""
        open_nodes = [one for one in nodes if not verify(actions, one[0], one[1])]
        await together(*(_simulate(actions, *one) for one in open_nodes))


class ByScorer:
    """The PRM's score of the last step, in place of rollouts.

    Where gold is known a Finish still gets what the rule says. `prompt` is the bare one: the PRM
    was trained on it.
    """

    def __init__(self, scorer: StepScorer, prompt: str) -> None:
        self._scorer = scorer
        self._prompt = prompt

    async def value(self, actions: Actions, nodes: Sequence[tuple[Node, Chain, str]]) -> None:
        """See `Valuing.value`; all chains go to the scorer at once."""
        scored = [(n, c) for n, c, _ in nodes if not verify(actions, n, c)]
        if not scored:
            return
        rows = await self._scorer.score(self._prompt, [chain for _, chain in scored])
        if [len(row) for row in rows] != [len(chain.steps) - 1 for _, chain in scored]:
            raise EngineError(
                f"scorer {self._scorer.name} returned {[len(row) for row in rows]} scores for "
                f"chains of {[len(chain.steps) - 1 for _, chain in scored]} steps",
                "use the PRM that this version of meds3 trained",
            )
        for (node, _), row in zip(scored, rows, strict=True):
            node.settle(row[-1], "prm")
            node.complete = node.kind == "finish"


def verify(actions: Actions, node: Node, chain: Chain) -> bool:
    """Settle a Finish by the rule; False for every other node, and where gold is unknown."""
    if node.kind != "finish" or not actions.gold_known:
        return False
    node.verdict = actions.verdict(chain.steps[1:])
    node.settle(float(node.verdict is Verdict.CORRECT), "rule")
    node.complete = True
    return True


async def _simulate(actions: Actions, node: Node, chain: Chain, tag: str) -> None:
    config = actions.config
    total = config.rollouts_at(node.depth)
    wave = total if config.early_stop == "none" else config.rollout_wave
    gates = (0.0, config.finish_gate)
    correct = 0
    while not decided(
        correct, len(node.rollouts), total, config.early_stop, gates, config.early_stop_error
    ):
        first = len(node.rollouts)
        count = min(wave, total - first)
        node.rollouts += await actions.complete(chain, count, f"{tag}:rollout:{first}")
        correct = sum(rollout.verdict is Verdict.CORRECT for rollout in node.rollouts)
    node.settle(correct / len(node.rollouts), "rollouts")
