"""Many small writes, one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

Statement = tuple[str, Sequence[Sequence[Any]]]  # SQL, and its rows


class GroupCommit:
    """Gathers what is written in the same pass of the event loop and commits it at once.

    `commit` runs statements in order as one transaction and raises when it cannot. A caller of
    `write` goes on only when its own statements are on disk; a failed commit fails all of it.
    """

    def __init__(self, commit: Callable[[Sequence[Statement]], None]) -> None:
        self._commit = commit
        self._statements: list[Statement] = []
        self._callers: list[asyncio.Future[None]] = []

    async def write(self, *statements: Statement) -> None:
        """Commit the statements, together with whatever else is written now."""
        loop = asyncio.get_running_loop()
        caller: asyncio.Future[None] = loop.create_future()
        if not self._callers:
            loop.call_soon(self._flush)
        self._callers.append(caller)
        self._statements += statements
        await caller

    def _flush(self) -> None:
        statements, self._statements = self._statements, []
        callers, self._callers = self._callers, []
        try:
            self._commit(statements)
        except Exception as error:  # noqa: BLE001 (raised in every caller)
            for caller in callers:
                if not caller.done():
                    caller.set_exception(error)
            return
        for caller in callers:
            if not caller.done():
                caller.set_result(None)
