"""A chain sampled at inference, with its answer and step scores."""

from __future__ import annotations

from dataclasses import dataclass

from meds3.answers.verdict import Extraction
from meds3.chains.chain import Chain


@dataclass(frozen=True)
class Candidate:
    """`scores`: one PRM score in [0, 1] per step after Step 0; empty when not scored."""

    chain: Chain
    extraction: Extraction
    tokens: int
    scores: tuple[float, ...] = ()

    @property
    def votes(self) -> bool:
        """Only a candidate whose answer could be read may vote."""
        return self.extraction.key is not None
