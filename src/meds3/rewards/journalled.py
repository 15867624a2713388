"""Step scores that a run has paid for are replayed, so that a resumed search takes the same way."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence

from meds3.chains.chain import Chain
from meds3.rewards.protocol import StepScorer
from meds3.runs.journal import Journal


class JournalledScorer:
    """A `StepScorer` whose scores are kept in the journal's calls.

    Rounding may differ with what else is scored, and a search branches on scores. `model` is the
    PRM's digest; `purpose` is only written down.
    """

    def __init__(self, scorer: StepScorer, journal: Journal, model: str, purpose: str) -> None:
        self._scorer = scorer
        self._journal = journal
        self._model = model
        self._purpose = purpose
        self._written: set[str] = set()

    @property
    def name(self) -> str:
        return self._scorer.name

    async def score(self, prompt: str, chains: Sequence[Chain]) -> list[list[float]]:
        """See `StepScorer.score`."""
        asked = json.dumps(["scores", self._model, prompt, [chain.text for chain in chains]])
        key = hashlib.sha256(asked.encode()).hexdigest()
        if (known := self._journal.call(key)) is not None:
            return [row["scores"] for row in known]
        began = time.monotonic()
        scores = await self._scorer.score(prompt, chains)
        # The same may have been asked meanwhile; its row may still wait for its commit.
        if key not in self._written:
            self._written.add(key)
            await self._journal.add_call(
                key,
                [{"scores": row} for row in scores],
                tokens=0,
                seconds=time.monotonic() - began,
                purpose=self._purpose,
            )
        return scores

    async def close(self) -> None:
        await self._scorer.close()
