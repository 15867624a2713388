"""What the search of a round did, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from meds3.answers.verdict import Verdict
from meds3.evaluation.results import SearchStats
from meds3.search.tree import Tree

VALUE_BINS = 10


def search_stats(
    trees: Iterable[Tree], *, tokens: int = 0, seconds: float = 0.0, failed: int = 0
) -> SearchStats:
    """Count nodes, rollouts, depths and values in one pass over the trees.

    `tokens` and `seconds` come from the journal. The root is no node here: nothing was generated
    for it. A tree is solved when a finish or a rollout of it was verified. Values are those of
    nodes that were simulated by rollouts.
    """
    stopped: Counter[str] = Counter()
    depths: Counter[int] = Counter()
    bins: Counter[int] = Counter()
    counts: Counter[str] = Counter()
    for tree in trees:
        stopped[tree.stopped_because] += 1
        counts["solved"] += Verdict.CORRECT in tree.verdicts()
        counts["rationalized"] += any(r.verdict is Verdict.CORRECT for r in tree.rationales)
        for node in tree.nodes[1:]:
            depths[node.depth] += 1
            counts["verified"] += node.verdict is Verdict.CORRECT
            counts["rollouts"] += len(node.rollouts)
            counts["correct"] += sum(r.verdict is Verdict.CORRECT for r in node.rollouts)
            if node.valued == "rollouts":
                bins[min(int(node.own_value * VALUE_BINS), VALUE_BINS - 1)] += 1
    return SearchStats(
        trees=stopped.total(),
        failed=failed,
        solved=counts["solved"],
        nodes=depths.total(),
        rollouts=counts["rollouts"],
        rollouts_correct=counts["correct"],
        verified_chains=counts["verified"],
        rationalized=counts["rationalized"],
        tokens=tokens,
        seconds=seconds,
        stopped_because=dict(stopped.most_common()),
        depths=dict(sorted(depths.items())),
        values=[bins[i] for i in range(VALUE_BINS)],
    )
