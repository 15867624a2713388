"""A chain sampled at inference, with its answer and step scores."""

from __future__ import annotations

from dataclasses import dataclass

from meds3.answers.kinds import Answer, Number
from meds3.answers.verdict import Extraction
from meds3.chains.chain import Chain


@dataclass(frozen=True)
class Candidate:
    """`scores`: one PRM score in [0, 1] per step after Step 0; empty when not scored.

    `within`: numbers that differ by no more are one answer; the question says how close that is.
    """

    chain: Chain
    extraction: Extraction
    tokens: int
    scores: tuple[float, ...] = ()
    within: float = 0.0

    @property
    def votes(self) -> bool:
        """Only a candidate whose answer could be read may vote."""
        return self.extraction.key is not None


def closeness(like: Answer) -> float:
    """`Candidate.within` for answers of this kind: only numbers can be close."""
    return like.within if isinstance(like, Number) else 0.0
