"""Counts for the report: what the search grew and what the trainings are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from meds3.answers.verdict import Verdict
from meds3.learning.rows import Row
from meds3.search.tree import Tree


def row_counts(rows: Sequence[Row], depths: Sequence[int]) -> dict[str, Any]:
    """Rows, problems, rows by domain, rows by `depths` (steps after Step 0)."""
    return {
        "rows": len(rows),
        "problems": len({row.problem_id for row in rows}),
        "by_domain": _sorted(Counter(row.domain.value for row in rows)),
        "by_depth": {str(depth): n for depth, n in sorted(Counter(depths).items())},
    }


def label_counts(labels: Sequence[Sequence[float | None]]) -> dict[str, int]:
    """Labelled steps: positive at 0.5 or more, negative below; and steps without a label."""
    flat = [label for chain in labels for label in chain]
    positives = sum(label is not None and label >= 0.5 for label in flat)
    unlabelled = sum(label is None for label in flat)
    negatives = len(flat) - positives - unlabelled
    return {"positives": positives, "negatives": negatives, "unlabelled": unlabelled}


def tree_summary(trees: Sequence[Tree]) -> dict[str, Any]:
    """What a round's search found: `solved` trees hold at least one verified chain."""
    finishes = [node for tree in trees for node in tree.finishes()]
    rollouts = [r for tree in trees for node in tree.nodes for r in node.rollouts]
    verdicts = [node.verdict for node in finishes if node.verdict] + [r.verdict for r in rollouts]
    return {
        "trees": len(trees),
        "solved": sum(_solved(tree) for tree in trees),
        "nodes": sum(len(tree.nodes) for tree in trees),
        "finishes": len(finishes),
        "correct_finishes": sum(node.verdict is Verdict.CORRECT for node in finishes),
        "rollouts": len(rollouts),
        "verdicts": _sorted(Counter(verdict.value for verdict in verdicts)),
        "nodes_by_depth": {
            str(depth): n
            for depth, n in sorted(Counter(n.depth for t in trees for n in t.nodes).items())
        },
        "stopped_because": _sorted(Counter(tree.stopped_because for tree in trees)),
    }


def _solved(tree: Tree) -> bool:
    return any(
        node.verdict is Verdict.CORRECT
        or any(rollout.verdict is Verdict.CORRECT for rollout in node.rollouts)
        for node in tree.nodes
    )


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
