"""Monte Carlo Tree Search of one problem: select, expand, simulate, back-propagate."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence

from meds3.answers.verdict import Verdict
from meds3.search.actions import Actions
from meds3.search.budget import node_limit
from meds3.search.expand import sprout
from meds3.search.finish import complete_tree, good_finishes
from meds3.search.rationalize import rationalize
from meds3.search.sampled import sample
from meds3.search.tree import Node, Tree, seedling
from meds3.search.values import back_propagate, close_completed, select
from meds3.search.valuing import ByRollouts, Valuing

# Told of every change before the tree is used further: the new nodes, and those that changed.
Keep = Callable[[Tree, Sequence[Node], Sequence[Node]], Awaitable[None]]


async def grow(
    actions: Actions, bare_prompt: str, valuing: Valuing | None = None, keep: Keep | None = None
) -> Tree:
    """The finished tree of `actions.problem`.

    A pure function of the engine's answers: with a journalled engine a half-grown tree is
    resumed by growing it again, its finished calls replayed and not paid. Limits belong to
    this tree alone. Ends for any engine: every expansion adds a node or completes a leaf, and
    nodes are bounded.

    Up to `leaves_in_flight` expansions are under way, with no barrier: as soon as the oldest is
    done it is grafted and the next leaf chosen. They are grafted in the order in which they were
    begun, so timing does not change the tree.
    """
    config, valuing = actions.config, valuing or ByRollouts()
    if config.samples is not None:
        return await sample(actions, bare_prompt, config.samples, keep)
    tree = seedling(actions.problem.id, bare_prompt)
    growing: deque[tuple[Node, asyncio.Task[list[Node]]]] = deque()
    virtual: Counter[int] = Counter()
    kept = 0  # nodes that the journal has

    async def journal(changed: Sequence[Node]) -> None:
        nonlocal kept
        if keep is not None:
            await keep(tree, tree.nodes[kept:], [node for node in changed if node.id < kept])
            kept = len(tree.nodes)

    try:
        while not (reason := reason_to_stop(tree, actions)):
            while len(growing) < config.leaves_in_flight and (
                leaf := select(tree, config.c, virtual)
            ):
                virtual.update(node.id for node in tree.path(leaf))
                work = sprout(actions, valuing, leaf, tree.chain(leaf))
                growing.append((leaf, asyncio.ensure_future(work)))
            leaf, task = growing.popleft()
            new = graft(tree, leaf, await task)
            path = tree.path(leaf)
            virtual.subtract(node.id for node in path)
            _settle(tree, leaf, new, config.update)
            tree.tokens = actions.tokens
            await journal(path)
    finally:
        # What a stopped tree had under way is dropped, finished or not: timing must not matter.
        for _, task in growing:
            task.cancel()
        await asyncio.gather(*(task for _, task in growing), return_exceptions=True)
    await complete_tree(actions, valuing, tree)
    await rationalize(actions, tree)
    tree.tokens, tree.stopped_because = actions.tokens, reason
    await journal(tree.nodes)
    return tree


def reason_to_stop(tree: Tree, actions: Actions) -> str:
    """Why the tree grows no further, in a few words; empty while it should."""
    config = actions.config
    if good_finishes(tree) >= config.correct_finishes:
        return "enough correct finishes"
    if tree.nodes[0].complete:
        return "every leaf is complete"
    limit = node_limit(tree, config)
    if len(tree.nodes) >= limit:
        return "max_nodes" if limit >= config.max_nodes else "budget: always or never solved"
    if actions.allowance.gone:
        return "token budget spent"
    if config.give_up_after is not None:
        verdicts = tree.verdicts()
        if len(verdicts) >= config.give_up_after and Verdict.CORRECT not in verdicts:
            return "gave up: nothing correct"
    return ""


def graft(tree: Tree, leaf: Node, grown: Sequence[Node]) -> list[Node]:
    """Put a sprout in the place of its leaf; the new nodes, with the ids of the tree."""
    shift = len(tree.nodes) - 1
    leaf.children = [child + shift for child in grown[0].children]
    for node in grown[1:]:
        node.id += shift
        node.parent = leaf.id if not node.parent else node.parent + shift
        node.children = [child + shift for child in node.children]
    tree.nodes += grown[1:]
    return list(grown[1:])


def _settle(tree: Tree, leaf: Node, new: Sequence[Node], update: str) -> None:
    """Back-propagate in the order of ids and close what cannot grow further."""
    for node in new:
        back_propagate(tree, node, update)
    leaf.complete = not leaf.children
    for node in (leaf, *new):
        close_completed(tree, node)
