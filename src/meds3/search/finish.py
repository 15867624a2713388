"""How a tree ends: what it still lacks is taken from what was paid, then asked for."""

from __future__ import annotations

from meds3.answers.verdict import Verdict
from meds3.chains.chain import Step
from meds3.search.actions import Actions
from meds3.search.expand import hang
from meds3.search.together import together
from meds3.search.tree import Node, Tree
from meds3.search.values import back_propagate, close_completed
from meds3.search.valuing import Valuing


def good_finishes(tree: Tree) -> int:
    """Finishes that are right, or, where gold is unknown, all of them."""
    return sum(node.verdict in (Verdict.CORRECT, None) for node in tree.finishes())


async def complete_tree(actions: Actions, valuing: Valuing, tree: Tree) -> list[Node]:
    """Add the correct finishes that a stopped search lacks; the new nodes."""
    if actions.allowance.gone:
        return []
    new: list[Node] = []
    if actions.config.kept_rollouts:
        new += await _graft_rollouts(actions, valuing, tree)
    return new + await _force_finishes(actions, valuing, tree)


async def _graft_rollouts(actions: Actions, valuing: Valuing, tree: Tree) -> list[Node]:
    """Verified rollouts become paths of the tree, every step of them simulated.

    From the nodes of the highest value first, and one of each node before a second.
    """
    config = actions.config
    missing = config.correct_finishes - good_finishes(tree)
    turns = [
        (turn, -node.value, node.id, rollout.steps)
        for node in tree.nodes
        for turn, rollout in enumerate(
            r for r in node.rollouts if r.verdict is Verdict.CORRECT and r.steps
        )
    ]
    new: list[Node] = []
    for _, _, at, steps in sorted(turns, key=lambda one: one[:3]):
        if missing <= 0:
            break
        fresh = hang(tree.nodes, at, [steps], config.merge_siblings)
        new += fresh
        missing -= any(node.kind == "finish" for node in fresh)
    chains = [(node, tree.chain(node), f"kept:{node.id}") for node in new]
    await valuing.value(actions, chains)
    for node in new:
        back_propagate(tree, node, config.update)
        close_completed(tree, node)
    return new


async def _force_finishes(actions: Actions, valuing: Valuing, tree: Tree) -> list[Node]:
    """Finish from the best open leaves. Intermediate steps stay without a value, hence a label."""
    config = actions.config
    missing = config.correct_finishes - good_finishes(tree)
    leaves = [n for n in tree.nodes if not n.children and not n.complete and n.value > 0]
    best = sorted(leaves, key=lambda n: (-n.value, n.id))[: max(missing, 0)]
    found: dict[int, list[tuple[Step, ...]]] = {}

    async def force(leaf: Node) -> None:
        found[leaf.id] = await actions.finish(tree.chain(leaf), 1, f"{leaf.id}:forced")

    await together(*(force(leaf) for leaf in best))
    new: list[Node] = []
    for leaf in best:
        new += hang(tree.nodes, leaf.id, found[leaf.id], config.merge_siblings)
    ends = [node for node in new if node.kind == "finish"]
    await valuing.value(actions, [(n, tree.chain(n), f"forced:{n.id}") for n in ends])
    for node in ends:
        back_propagate(tree, node, config.update)
        close_completed(tree, node)
    return new
