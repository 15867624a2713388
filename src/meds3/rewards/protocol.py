"""A chain in, step scores out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from meds3.chains.chain import Chain


class StepScorer(Protocol):
    """Scores the steps of chains that answer one prompt."""

    @property
    def name(self) -> str: ...

    async def score(self, prompt: str, chains: Sequence[Chain]) -> list[list[float]]:
        """For each chain, one score in [0, 1] per step after Step 0.

        `prompt` is the rendered prompt that ends where the assistant turn begins; the
        assistant turn is `chain.text`.
        """
        ...

    async def close(self) -> None: ...
