"""What grows below a leaf: steps and finishes, each given its value, apart from the tree."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from meds3.answers.verdict import Verdict
from meds3.chains.chain import ANSWER_PHRASE, Chain, Step
from meds3.runs.digest import derived_seed
from meds3.search.actions import Actions
from meds3.search.merge import Merge, same_step
from meds3.search.together import together
from meds3.search.tree import Node
from meds3.search.valuing import Valuing

_TENTATIVE = "A first answer would be"
_DOUBT = " But let me check that again."


async def sprout(actions: Actions, valuing: Valuing, leaf: Node, chain: Chain) -> list[Node]:
    """A small tree of its own that stands for `leaf` (its node 0) with all that grows below.

    Nothing is shared with the tree the leaf belongs to, so many sprouts may grow at a time and
    be grafted in any fixed order. `chain` is the leaf's.
    """
    config = actions.config
    nodes = [Node(0, None, leaf.step, leaf.kind)]

    async def value(fresh: Sequence[Node]) -> None:
        listed = [(node, below(chain, nodes, node), f"{leaf.id}.{node.id}") for node in fresh]
        await valuing.value(actions, listed)

    async def finish(count: int, kind: str) -> None:
        fresh = hang(nodes, 0, await _finishes(actions, leaf, chain, count, kind), merge)
        if config.reflect:
            fresh += _taken_back(actions, nodes, chain)
        await value(fresh)

    merge = config.merge_siblings
    if leaf.simulated and leaf.value >= config.finish_gate:
        await finish(1, "gate")
        return nodes
    finishing = await _finishing(actions, leaf, chain)
    # Rollouts of the steps start at once; the finishes are asked for after the steps were, when
    # the prompt is in the engine's prefix cache.
    steps = await actions.reason(chain, config.max_children - finishing, f"{leaf.id}:reason")
    fresh = hang(nodes, 0, [(step,) for step in steps], merge)
    await together(value(fresh), finish(finishing, "finish"))
    return nodes


async def _finishing(actions: Actions, leaf: Node, chain: Chain) -> int:
    """How many of the children are Finishes."""
    config = actions.config
    if leaf.depth + 1 >= config.max_depth:
        return config.max_children
    if config.think:
        return await actions.think(chain, config.max_children, f"{leaf.id}:think")
    draw = random.Random(derived_seed(actions.seed, actions.problem.id, leaf.id))
    return sum(draw.random() < config.finish_share for _ in range(config.max_children))


async def _finishes(
    actions: Actions, leaf: Node, chain: Chain, count: int, kind: str
) -> list[tuple[Step, ...]]:
    """Paths of one or more steps to the end.

    Kept rollouts of the leaf are such paths, drawn alike and paid already; the gate wants one
    that is right, the others are taken as they came.
    """
    if actions.config.kept_rollouts:
        right = [r for r in leaf.rollouts if r.verdict is Verdict.CORRECT]
        kept = [r.steps for r in (right if kind == "gate" else leaf.rollouts)]
        if len(kept) >= count:
            return kept[:count]
    return await actions.finish(chain, count, f"{leaf.id}:{kind}")


def hang(
    nodes: list[Node], below_id: int, paths: Iterable[tuple[Step, ...]], merge: Merge
) -> list[Node]:
    """Hang paths below a node of `nodes` (ids are places in it); the new ones, parents first."""
    new: list[Node] = []
    for path in paths:
        parent = nodes[below_id]
        for step in path:
            final = step is path[-1] and (len(path) > 1 or step.states_answer)
            siblings = (nodes[i] for i in parent.children)
            same = next((s for s in siblings if same_step(s.step.text, step.text, merge)), None)
            if same is None:
                same = Node(len(nodes), parent.id, step, "finish" if final else "reason")
                nodes.append(same)
                parent.children.append(same.id)
                new.append(same)
            if same.kind == "finish":
                break
            parent = same
    return new


def below(chain: Chain, nodes: Sequence[Node], node: Node) -> Chain:
    """The whole chain of a sprout's `node`; `chain` is that of the leaf."""
    steps: list[Step] = []
    at = node
    while at.parent is not None:
        steps.append(at.step)
        at = nodes[at.parent]
    return Chain((*chain.steps, *reversed(steps)))


def _taken_back(actions: Actions, nodes: list[Node], chain: Chain) -> list[Node]:
    """Beside the first wrong Finish, its step with the answer taken back, to reason on from.

    A chain states one answer, at its end; so the statement becomes a first guess, in words that
    no reader of answers takes for final. At most one an expansion.
    """
    for node in [n for n in nodes if n.kind == "finish" and actions.gold_known]:
        whole = below(chain, nodes, node)
        depth_left = node.depth + 1 < actions.config.max_depth
        if depth_left and actions.verdict(whole.steps[1:]) is Verdict.WRONG:
            text = node.step.text.replace(ANSWER_PHRASE, _TENTATIVE) + _DOUBT
            step = Step(node.depth, text)
            if not step.states_answer and node.parent is not None:
                taken = Node(len(nodes), node.parent, step, "reflect")
                nodes.append(taken)
                nodes[node.parent].children.append(taken.id)
                return [taken]
    return []
