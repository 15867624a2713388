"""From trees to preference pairs (paper v4 §3.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

from meds3.learning.config import DpoConfig
from meds3.learning.rows import DpoRow, problems_by_id, row_head
from meds3.learning.summary import row_counts
from meds3.problems.problem import Problem
from meds3.search.tree import Node, Tree

_PAIRS_PER_NODE = 2  # so that one lucky step does not fill a problem's share


def dpo_rows(
    trees: Iterable[Tree], problems: Iterable[Problem], config: DpoConfig
) -> tuple[list[DpoRow], dict[str, Any]]:
    """Pairs of one tree whose worth differs by more than `gap`, the widest first.

    Step pairs: simulated steps of equal depth under different parents, by value; the text is
    the chain up to that step. Finish pairs: whole chains, by the least value on their path.
    """
    known = problems_by_id(problems)
    rows: list[DpoRow] = []
    for tree in trees:
        head = row_head(tree, known[tree.problem_id])
        for better, worse in _chosen_pairs(tree, config):
            rows.append(
                DpoRow.model_validate(
                    head
                    | {
                        "chosen": tree.chain(better).text,
                        "rejected": tree.chain(worse).text,
                        "kind": "finish" if better.kind == "finish" else "step",
                        "depth": better.depth,
                    }
                )
            )
    kinds = Counter(row.kind for row in rows)
    counts = row_counts(rows, [row.depth for row in rows])
    return rows, {**counts, "by_kind": dict(sorted(kinds.items()))}


def _chosen_pairs(tree: Tree, config: DpoConfig) -> list[tuple[Node, Node]]:
    candidates = [*_pairs(tree, "reason"), *_pairs(tree, "finish")]
    wide = [pair for pair in candidates if pair[0] > config.gap]
    used: Counter[int] = Counter()
    texts: set[tuple[str, str]] = set()
    chosen: list[tuple[Node, Node]] = []
    for _, better, worse in sorted(wide, key=lambda p: (-p[0], p[1].id, p[2].id)):
        text = (tree.chain(better).text, tree.chain(worse).text)
        if max(used[better.id], used[worse.id]) >= _PAIRS_PER_NODE or text in texts:
            continue
        texts.add(text)
        used.update((better.id, worse.id))
        chosen.append((better, worse))
    return chosen[: config.per_problem]


def _pairs(tree: Tree, kind: str) -> Iterator[tuple[float, Node, Node]]:
    """(gap, better, worse) of every comparable pair of simulated nodes of `kind`."""
    nodes = [n for n in tree.nodes if n.kind == kind and n.simulated]
    worth = {n.id: n.value if kind == "reason" else _path_minimum(tree, n) for n in nodes}
    for a, b in combinations(nodes, 2):
        if kind == "reason" and (a.depth != b.depth or a.parent == b.parent):
            continue
        better, worse = (a, b) if worth[a.id] >= worth[b.id] else (b, a)
        yield round(worth[better.id] - worth[worse.id], 9), better, worse


def _path_minimum(tree: Tree, finish: Node) -> float:
    """The least value on the way to a Finish, over the steps that were simulated."""
    return min(node.value for node in tree.path(finish)[1:] if node.simulated)
