"""What a search has done so far, for whoever looks on."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from meds3.answers.verdict import Verdict
from meds3.search.tree import Node, Tree, verdicts

# "Now" is the mean over this long.
_NOW_S = 15.0


@dataclass
class SearchProgress:
    """Counts over the trees, half-grown ones included; read at any time.

    `tokens` were generated for the trees; `occupancy()` is the share of the engine's sequences that
    have work, in [0, 1].
    """

    trees: int
    done: int = 0
    running: int = 0
    failed: int = 0
    correct_chains: int = 0
    solved: int = 0
    tokens: int = 0
    occupancy: Callable[[], float] = field(default=float, repr=False)
    _began: tuple[float, int] | None = field(default=None, repr=False)
    _seen: deque[tuple[float, int]] = field(default_factory=deque, repr=False)

    def add(self, tree: Tree) -> None:
        """Count a tree that was finished before."""
        self.grew(tree.nodes, tree.tokens)
        self.finished(tree)

    def grew(self, new: Sequence[Node], tokens: int) -> None:
        """Count what a tree has gained: nodes with their rollouts, and what they cost."""
        self.correct_chains += verdicts(new).count(Verdict.CORRECT)
        self.tokens += tokens

    def finished(self, tree: Tree) -> None:
        """Count a tree that grows no further."""
        self.done += 1
        self.solved += Verdict.CORRECT in tree.verdicts()

    def note(self, generated: int, now: float | None = None) -> str:
        """One line; `generated` tokens were paid for since the search began."""
        at = (time.monotonic() if now is None else now, generated)
        self._began = self._began or at
        self._seen.append(at)
        while len(self._seen) > 2 and self._seen[1][0] <= at[0] - _NOW_S:
            self._seen.popleft()
        parts = [
            f"{self.running} growing",
            f"{self.correct_chains:,} correct chains",
            f"{_rate(self._seen[0], at):,.0f} tokens/s (mean {_rate(self._began, at):,.0f})",
            f"engine {self.occupancy():.0%} busy",
        ]
        if self.correct_chains:
            parts.append(f"{self.tokens / self.correct_chains:,.0f} tokens a chain")
        if self.failed:
            parts.append(f"{self.failed} FAILED")
        return ", ".join(parts)


def _rate(began: tuple[float, int], now: tuple[float, int]) -> float:
    return (now[1] - began[1]) / (now[0] - began[0]) if now[0] > began[0] else 0.0
