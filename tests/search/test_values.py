"""UCB and back-propagation, worked by hand."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds3.chains.chain import Step
from meds3.search.tree import Node, Tree
from meds3.search.values import back_propagate, close_completed, select, ucb


def tree_of(*nodes: Node) -> Tree:
    tree = Tree("p", "prompt", list(nodes))
    for node in nodes:
        if node.parent is not None:
            tree.nodes[node.parent].children.append(node.id)
    return tree


def node(id_: int, parent: int | None, value: float = 0.0, visits: int = 0, **more: object) -> Node:
    depth = 0 if parent is None else 1
    simulated = parent is not None
    return Node(
        id_,
        parent,
        Step(depth, f"text {id_}"),
        "root" if parent is None else "reason",
        value=value,
        own_value=value,
        visits=visits,
        valued="rollouts" if simulated else "",
        **more,  # type: ignore[arg-type]
    )


def test_ucb_by_hand() -> None:
    # 0.5 + 2·sqrt(ln 8 / 2) = 0.5 + 2·sqrt(1.0397) = 2.5393
    assert ucb(0.5, 2, 8, 2.0) == pytest.approx(2.5393, abs=1e-4)
    assert ucb(0.0, 0, 8, 2.0) == math.inf
    assert ucb(0.7, 5, 1, 2.0) == 0.7


def test_exploration_beats_a_better_but_worn_child() -> None:
    # Child 1: 0.8 + 2·sqrt(ln 10 / 8) = 1.873; child 2: 0.2 + 2·sqrt(ln 10 / 1) = 3.235.
    tree = tree_of(node(0, None, 0.7, 10), node(1, 0, 0.8, 8), node(2, 0, 0.2, 1))
    chosen = select(tree, c=2.0)
    assert chosen is not None
    assert chosen.id == 2
    chosen = select(tree, c=0.0)
    assert chosen is not None
    assert chosen.id == 1


def test_a_complete_child_is_never_selected() -> None:
    tree = tree_of(node(0, None, 0.7, 2), node(1, 0, 1.0, 1, complete=True), node(2, 0, 0.0, 1))
    chosen = select(tree, c=2.0)
    assert chosen is not None
    assert chosen.id == 2


def test_a_finish_between_the_gates_is_not_selected_for_ever() -> None:
    """The reference selects a finish worth 0.7 again and again; here it is complete."""
    tree = tree_of(node(0, None, 0.7, 1), node(1, 0, 0.7, 1, complete=True))
    close_completed(tree, tree.nodes[1])
    assert tree.nodes[0].complete
    assert select(tree, c=2.0) is None


def test_virtual_visits_spread_the_leaves() -> None:
    tree = tree_of(node(0, None, 0.7, 2), node(1, 0, 0.6, 1), node(2, 0, 0.5, 1))
    first = select(tree, 2.0)
    assert first is not None
    assert first.id == 1
    second = select(tree, 2.0, {0: 1, 1: 1})
    assert second is not None
    assert second.id == 2
    assert select(tree, 2.0, {0: 2, 1: 1, 2: 1}) is None


def test_comp_back_propagation_by_hand() -> None:
    # Root (no simulation of its own) - 1 (simulated 0.5) - 2 (0.8) and 3 (0.0).
    tree = tree_of(node(0, None), node(1, 0, 0.5), node(2, 1, 0.8), node(3, 1, 0.0))
    back_propagate(tree, tree.nodes[1], "comp")
    assert (tree.nodes[1].visits, tree.nodes[0].visits) == (1, 1)
    assert tree.nodes[0].value == 0.5
    back_propagate(tree, tree.nodes[2], "comp")
    # V1 = (0.5 + 0.8) / 2 = 0.65; the root follows its only child.
    assert tree.nodes[1].value == pytest.approx(0.65)
    assert tree.nodes[0].value == pytest.approx(0.65)
    back_propagate(tree, tree.nodes[3], "comp")
    # Children mean (0.8·1 + 0·1) / 2 = 0.4; V1 = (0.65 + 0.4) / 2 = 0.525.
    assert tree.nodes[1].value == pytest.approx(0.525)
    assert (tree.nodes[1].visits, tree.nodes[0].visits) == (3, 3)


def test_mean_back_propagation_by_hand() -> None:
    tree = tree_of(node(0, None), node(1, 0, 0.5), node(2, 1, 0.8), node(3, 1, 0.0))
    for i in (1, 2, 3):
        back_propagate(tree, tree.nodes[i], "mean")
    # (own 0.5 + 0.8 + 0.0) / 3
    assert tree.nodes[1].value == pytest.approx(1.3 / 3)
    assert tree.nodes[0].value == pytest.approx(1.3 / 3)


@given(seed=st.integers(0, 10_000), c=st.sampled_from([0.0, 0.5, 2.0]))
def test_what_is_selected_is_an_open_leaf_that_nobody_expands(seed: int, c: float) -> None:
    """Random trees, random completion, leaves chosen until none is left: each open leaf once."""
    draw = random.Random(seed)
    nodes = [node(0, None)]
    for id_ in range(1, draw.randrange(1, 25)):
        nodes.append(node(id_, draw.randrange(id_), draw.random(), draw.randrange(1, 5)))
    tree = tree_of(*nodes)
    leaves = [n for n in tree.nodes if not n.children]
    for leaf in leaves:
        leaf.complete = draw.random() < 0.4
    for leaf in leaves:
        close_completed(tree, leaf)
    chosen: list[int] = []
    virtual: Counter[int] = Counter()
    while (leaf_ := select(tree, c, virtual)) is not None:
        assert not leaf_.children
        assert not leaf_.complete
        chosen.append(leaf_.id)
        virtual.update(n.id for n in tree.path(leaf_))
    assert sorted(chosen) == [n.id for n in leaves if not n.complete]
