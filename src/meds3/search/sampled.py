"""No tree at all: whole chains sampled from Step 0. What a search must beat at equal cost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from meds3.answers.verdict import Verdict
from meds3.search.actions import Actions
from meds3.search.rationalize import rationalize
from meds3.search.tree import Node, Tree, seedling

_Keep = Callable[[Tree, Sequence[Node], Sequence[Node]], Awaitable[None]]


async def sample(actions: Actions, bare_prompt: str, count: int, keep: _Keep | None) -> Tree:
    """A tree of Step 0 alone with `count` rollouts, as rejection sampling draws them."""
    tree = seedling(actions.problem.id, bare_prompt)
    root = tree.nodes[0]
    root.rollouts = await actions.complete(tree.chain(root), count, "sampled")
    right = sum(rollout.verdict is Verdict.CORRECT for rollout in root.rollouts)
    root.settle(right / count, "rollouts")
    root.visits, root.complete = 1, True
    await rationalize(actions, tree)
    tree.tokens, tree.stopped_because = actions.tokens, "sampled"
    if keep is not None:
        await keep(tree, tree.nodes, [])
    return tree
