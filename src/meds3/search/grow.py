"""Monte Carlo Tree Search of one problem: select, expand, simulate, back-propagate."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

from meds3.answers.verdict import Verdict
from meds3.chains.chain import STEP_ZERO, Step
from meds3.runs.digest import derived_seed
from meds3.search.actions import Actions
from meds3.search.config import SearchConfig
from meds3.search.tree import Node, Tree
from meds3.search.values import back_propagate, close_completed, select


async def grow(actions: Actions, bare_prompt: str) -> Tree:
    """The finished tree of `actions.problem`.

    A pure function of the engine's answers: with a journalled engine a half-grown tree is
    resumed by growing it again, its finished calls replayed and not paid. Limits belong to
    this tree alone. Ends for any engine: every pass adds a node or completes a leaf, and
    nodes are bounded by `max_nodes`.
    """
    tree = Tree(
        actions.problem.id,
        bare_prompt,
        [Node(0, None, Step(0, STEP_ZERO.removeprefix("Step 0: ")), "root")],
    )
    config = actions.config
    while not (reason := _reason_to_stop(tree, config)):
        leaves = _leaves(tree, config)
        expansions = await asyncio.gather(*(_expand(actions, tree, leaf) for leaf in leaves))
        grown = [
            node
            for leaf, paths in zip(leaves, expansions, strict=True)
            for node in _attach(tree, leaf, paths, config)
        ]
        await _simulate(actions, tree, grown)
        _settle(tree, leaves, grown, config)
    tree.stopped_because = reason
    await _force_finishes(actions, tree)
    return tree


def _correct_finishes(tree: Tree) -> int:
    return sum(node.verdict is Verdict.CORRECT for node in tree.finishes())


def _reason_to_stop(tree: Tree, config: SearchConfig) -> str:
    if _correct_finishes(tree) >= config.correct_finishes:
        return "enough correct finishes"
    if tree.nodes[0].complete:
        return "every leaf is complete"
    if len(tree.nodes) >= config.max_nodes:
        return "max_nodes"
    if config.give_up_after is not None:
        verdicts = [r.verdict for node in tree.nodes for r in node.rollouts]
        verdicts += [node.verdict for node in tree.finishes() if node.verdict]
        if len(verdicts) >= config.give_up_after and Verdict.CORRECT not in verdicts:
            return "gave up: nothing correct"
    return ""


def _leaves(tree: Tree, config: SearchConfig) -> list[Node]:
    """The next leaves to expand, each choice seeing the ones before it as virtual visits."""
    leaves: list[Node] = []
    virtual: Counter[int] = Counter()
    while len(leaves) < config.leaves_in_flight and (leaf := select(tree, config.c, virtual)):
        leaves.append(leaf)
        virtual.update(node.id for node in tree.path(leaf))
    return leaves


async def _expand(actions: Actions, tree: Tree, leaf: Node) -> list[tuple[Step, ...]]:
    """New paths below `leaf`: single Reason steps, and Finish paths of one or more steps."""
    config = actions.config
    chain = tree.chain(leaf)
    if leaf.simulated and leaf.value >= config.finish_gate:
        return [r.steps for r in await actions.complete(chain, 1, f"{leaf.id}:gate")]
    draw = random.Random(derived_seed(actions.seed, tree.problem_id, leaf.id))
    finishing = sum(draw.random() < config.finish_share for _ in range(config.max_children))
    if leaf.depth + 1 >= config.max_depth:
        finishing = config.max_children
    # One after the other: the second call finds the prompt in the engine's prefix cache.
    steps = await actions.reason(chain, config.max_children - finishing, f"{leaf.id}:reason")
    finishes = await actions.complete(chain, finishing, f"{leaf.id}:finish")
    return [(step,) for step in steps] + [finish.steps for finish in finishes]


def _attach(
    tree: Tree, leaf: Node, paths: list[tuple[Step, ...]], config: SearchConfig
) -> list[Node]:
    """Hang the paths below `leaf`; the new nodes, parents before children."""
    new: list[Node] = []
    for path in paths:
        parent = leaf
        for step in path:
            last = step is path[-1]
            same = _sibling_like(tree, parent, step) if config.merge_siblings else None
            if same is None:
                final = last and (len(path) > 1 or step.states_answer)
                same = Node(len(tree.nodes), parent.id, step, "finish" if final else "reason")
                tree.nodes.append(same)
                parent.children.append(same.id)
                new.append(same)
            if same.kind == "finish":
                break
            parent = same
    return new


def _sibling_like(tree: Tree, parent: Node, step: Step) -> Node | None:
    text = step.text.casefold().split()
    siblings = (tree.nodes[i] for i in parent.children)
    return next((s for s in siblings if s.step.text.casefold().split() == text), None)


async def _simulate(actions: Actions, tree: Tree, nodes: list[Node]) -> None:
    """Give every node its own value: rollouts for a Reason, the verdict for a Finish."""

    async def simulate(node: Node) -> None:
        if node.kind == "finish":
            _verify(actions, tree, node)
            return
        count = actions.config.rollouts_at(node.depth)
        node.rollouts = await actions.complete(tree.chain(node), count, f"{node.id}:rollout")
        correct = sum(rollout.verdict is Verdict.CORRECT for rollout in node.rollouts)
        node.value = node.simulated_value = correct / count
        node.simulated = True

    await asyncio.gather(*map(simulate, nodes))


def _verify(actions: Actions, tree: Tree, node: Node) -> None:
    node.verdict = actions.verdict(tree.chain(node).steps[1:])
    node.value = node.simulated_value = float(node.verdict is Verdict.CORRECT)
    node.simulated = node.complete = True


def _settle(tree: Tree, leaves: list[Node], grown: list[Node], config: SearchConfig) -> None:
    """Back-propagate in the order of ids and close what cannot grow further."""
    for node in grown:
        back_propagate(tree, node, config.update)
    for leaf in leaves:
        leaf.complete = not leaf.children
    for node in [*leaves, *grown]:
        close_completed(tree, node)


async def _force_finishes(actions: Actions, tree: Tree) -> None:
    """Finish from the best open leaves when the search ended with too few correct finishes.

    Their intermediate steps stay unsimulated, hence without a label.
    """
    missing = actions.config.correct_finishes - _correct_finishes(tree)
    leaves = [n for n in tree.nodes if not n.children and not n.complete and n.value > 0]
    best = sorted(leaves, key=lambda n: (-n.value, n.id))[: max(missing, 0)]
    finishes = await asyncio.gather(
        *(actions.complete(tree.chain(leaf), 1, f"{leaf.id}:forced") for leaf in best)
    )
    for leaf, found in zip(best, finishes, strict=True):
        for node in _attach(tree, leaf, [f.steps for f in found], actions.config):
            if node.kind == "finish":
                _verify(actions, tree, node)
                back_propagate(tree, node, actions.config.update)
                close_completed(tree, node)
