"""A run's journal as the log of finished calls."""

from __future__ import annotations

from meds3.engines.protocol import Completion
from meds3.runs.journal import Journal


class JournalCalls:
    """A `CallLog` over the `calls` table."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def lookup(self, key: str) -> list[Completion] | None:
        rows = self._journal.call(key)
        return None if rows is None else [Completion(**row) for row in rows]

    async def record(
        self,
        key: str,
        completions: list[Completion],
        seconds: float,
        purpose: str,
    ) -> None:
        await self._journal.add_call(
            key,
            # `asdict` copies deeply, which is a tenth of what a fast search spends.
            [vars(completion) for completion in completions],
            tokens=sum(completion.tokens for completion in completions),
            seconds=seconds,
            purpose=purpose,
        )
