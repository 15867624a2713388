"""A run's journal as the log of finished calls."""

from __future__ import annotations

from collections.abc import Sequence

from meds3.engines.protocol import Completion
from meds3.runs.journal import Journal


class JournalCalls:
    """A `CallLog` over the `calls` table; `others` are journals whose calls may be taken over."""

    def __init__(self, journal: Journal, others: Sequence[Journal] = ()) -> None:
        self._journal = journal
        self._others = others

    def lookup(self, key: str) -> list[Completion] | None:
        return _completions(self._journal, key)

    async def borrow(self, key: str, purpose: str) -> list[Completion] | None:
        for other in self._others:
            if await self._journal.copy_call(other, key, purpose):
                return _completions(other, key)
        return None

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


def _completions(journal: Journal, key: str) -> list[Completion] | None:
    rows = journal.call(key)
    return None if rows is None else [Completion(**row) for row in rows]
