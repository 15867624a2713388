"""So many questions at once, so many that wait, and no more."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from meds3.serving.errors import busy

_MEMORY = 0.8  # of the running mean of seconds per question
_LONGEST_WAIT = 60


class Admission:
    """A bounded queue, first come first served."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._at_once = at_once
        self._most = at_once + waiting
        self._seconds = 1.0  # a question takes, lately
        self.inside = 0  # at work and waiting

    @property
    def waiting(self) -> int:
        return max(0, self.inside - self._at_once)

    def check(self) -> None:
        """Raises `ApiError` 429 when the queue is full, with the seconds until it may not be."""
        if self.inside >= self._most:
            waves = math.ceil(self.inside / self._at_once)
            raise busy(min(max(1, math.ceil(self._seconds * waves)), _LONGEST_WAIT))

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place to work in; `check` says when there is none."""
        self.check()
        self.inside += 1
        try:
            async with self._places:
                began = time.monotonic()
                yield
                took = time.monotonic() - began
                self._seconds = _MEMORY * self._seconds + (1 - _MEMORY) * took
        finally:
            self.inside -= 1
