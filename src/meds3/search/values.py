"""What a node is worth, and which node to grow next: pure functions over a `Tree`."""

from __future__ import annotations

import math
from collections.abc import Mapping

from meds3.search.tree import Node, Tree


def ucb(value: float, visits: int, parent_visits: int, c: float) -> float:
    """V + c·sqrt(ln N_parent / N_child); an unvisited child comes first (paper §3.2, eq. 1)."""
    if visits == 0:
        return math.inf
    return value + c * math.sqrt(math.log(max(parent_visits, 1)) / visits)


def select(tree: Tree, c: float, virtual: Mapping[int, int] | None = None) -> Node | None:
    """The leaf to expand: down from the root by UCB, past complete subtrees.

    `virtual` holds the visits of expansions under way (virtual loss): each counts as a visit
    worth nothing, and a leaf that has one is not chosen again. None when nothing is left.
    """
    virtual = virtual or {}
    node = tree.nodes[0]
    while node.children:
        visits = node.visits + virtual.get(node.id, 0)
        open_children = [
            child
            for child in (tree.nodes[i] for i in node.children)
            if not child.complete and not _all_busy(tree, child, virtual)
        ]
        if not open_children:
            return None

        def score(child: Node, parent_visits: int = visits) -> tuple[float, int]:
            extra = virtual.get(child.id, 0)
            value = child.value * child.visits / max(child.visits + extra, 1)
            # The lower id wins a tie, so that the same seed grows the same tree.
            return ucb(value, child.visits + extra, parent_visits, c), -child.id

        node = max(open_children, key=score)
    return None if node.complete or virtual.get(node.id) else node


def _all_busy(tree: Tree, node: Node, virtual: Mapping[int, int]) -> bool:
    """Whether every open leaf beneath `node` is already being expanded."""
    if not virtual.get(node.id):
        return False
    if not node.children:
        return True
    children = (tree.nodes[i] for i in node.children)
    return all(child.complete or _all_busy(tree, child, virtual) for child in children)


def back_propagate(tree: Tree, node: Node, rule: str) -> None:
    """Carry one new evaluation of `node` to the root: N += 1, V by `rule`.

    `comp`: V ← (V + Σ V_child·N_child / Σ N_child) / 2 (released code; paper §3.2).
    `mean`: V ← Σ V_child·N_child / Σ N_child with the node's own value as one more visit. A
    node without a value of its own takes the children's mean under both.
    """
    node.visits += 1
    for ancestor in tree.path(node)[-2::-1]:
        ancestor.visits += 1
        children = [tree.nodes[i] for i in ancestor.children]
        visits = sum(child.visits for child in children)
        total = sum(child.value * child.visits for child in children)
        if not ancestor.valued:
            ancestor.value = total / visits
        elif rule == "comp":
            ancestor.value = (ancestor.value + total / visits) / 2
        else:
            ancestor.value = (ancestor.own_value + total) / (visits + 1)


def close_completed(tree: Tree, node: Node) -> None:
    """Mark `node` and its ancestors complete where every child is complete."""
    for ancestor in reversed(tree.path(node)):
        if ancestor.children and all(tree.nodes[i].complete for i in ancestor.children):
            ancestor.complete = True
