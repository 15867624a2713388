"""What the search of a round did, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from meds3.answers.verdict import Verdict
from meds3.evaluation.results import SearchStats
from meds3.search.tree import Tree

VALUE_BINS = 10


def search_stats(trees: Iterable[Tree], *, tokens: int = 0, seconds: float = 0.0) -> SearchStats:
    """Count nodes, rollouts, depths and values; `tokens` and `seconds` come from the journal.

    The root is no node here: nothing was generated for it. A tree is solved when a finish or
    a rollout of it was verified. Values are those of simulated non-final nodes.
    """
    trees = list(trees)
    nodes = [node for tree in trees for node in tree.nodes if node.kind != "root"]
    rollouts = [r for tree in trees for node in tree.nodes for r in node.rollouts]
    simulated = [n for n in nodes if n.simulated and n.kind == "reason"]
    bins = Counter(min(int(n.own_value * VALUE_BINS), VALUE_BINS - 1) for n in simulated)
    return SearchStats(
        trees=len(trees),
        solved=sum(map(_solved, trees)),
        nodes=len(nodes),
        rollouts=len(rollouts),
        rollouts_correct=sum(r.verdict is Verdict.CORRECT for r in rollouts),
        verified_chains=sum(n.kind == "finish" and n.verdict is Verdict.CORRECT for n in nodes),
        tokens=tokens,
        seconds=seconds,
        stopped_because=dict(Counter(tree.stopped_because for tree in trees).most_common()),
        depths=dict(sorted(Counter(node.depth for node in nodes).items())),
        values=[bins[i] for i in range(VALUE_BINS)],
    )


def _solved(tree: Tree) -> bool:
    finishes = (node.verdict for node in tree.finishes())
    rollouts = (r.verdict for node in tree.nodes for r in node.rollouts)
    return any(v is Verdict.CORRECT for v in (*finishes, *rollouts))
