"""Chains for a problem that the search never solved, written with the answer shown."""

from __future__ import annotations

from meds3.answers.verdict import Verdict
from meds3.search.actions import Actions
from meds3.search.tree import Tree


async def rationalize(actions: Actions, tree: Tree) -> None:
    """Give an unsolved tree `config.rationalize` chains from Step 0 as its `rationales`.

    A domain that the first policy never solves would teach nothing, in this round and in all that
    follow (STaR, arXiv 2203.14465 §3.2). A solved tree has better chains: its own.
    """
    count = actions.config.rationalize
    solved = Verdict.CORRECT in tree.verdicts()
    if count and not solved and actions.gold_known and not actions.allowance.gone:
        tree.rationales = await actions.rationalize(tree.chain(tree.nodes[0]), count)
