"""How much a tree may grow, and how much all of them may cost."""

from __future__ import annotations

from dataclasses import dataclass

from meds3.answers.verdict import Verdict
from meds3.search.config import SearchConfig
from meds3.search.tree import Tree


@dataclass
class Allowance:
    """Generated tokens that all trees of a search share; no `limit` means no end."""

    limit: int | None = None
    spent: int = 0

    def spend(self, tokens: int) -> None:
        self.spent += tokens

    @property
    def gone(self) -> bool:
        return self.limit is not None and self.spent >= self.limit


def node_limit(tree: Tree, config: SearchConfig) -> int:
    """The most nodes of this tree, by what its own first simulations found.

    A problem that is never or always (by `finish_gate`) solved teaches little: its nodes differ
    in nothing. The limit depends on this tree alone, so it is the same whatever is in flight.
    """
    if config.budget == "even":
        return config.max_nodes
    first = tree.verdicts()[: config.budget_probe]
    if len(first) < config.budget_probe:
        return config.max_nodes
    share = first.count(Verdict.CORRECT) / len(first)
    known = share == 0 or share >= config.finish_gate
    return max(2, round(config.max_nodes * (config.budget_less if known else config.budget_more)))
