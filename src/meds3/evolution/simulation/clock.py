"""An event loop that does not wait: when nothing is left to do, its time jumps to the next."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time is what was waited for, and the seconds of CPU that this process worked, or would
    have (`charge`).

    So a driver that has too much to do shows as it would in a real run: what it owes is late.
    `waited` and `worked` are in seconds.
    """

    def __init__(self) -> None:
        self.waited = self._charged = 0.0
        self._began = time.process_time()
        super().__init__(_Jumping(self))

    @property
    def worked(self) -> float:
        return time.process_time() - self._began + self._charged

    def charge(self, seconds: float) -> None:
        """Count work that a real driver does and this one does not."""
        self._charged += seconds

    def time(self) -> float:
        return self.waited + self.worked


def charge(seconds: float) -> None:
    """Charge the running loop, if its time is virtual."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, VirtualLoop):
        loop.charge(seconds)


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout is None:
            raise RuntimeError("a simulation waits for something that never comes")
        if not found and timeout:
            self._loop.waited += timeout
        return found


def simulated(work: Coroutine[Any, Any, T]) -> tuple[T, float, float]:
    """Run `work` in virtual time; its result, the virtual seconds, and those the driver worked."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)  # noqa: S101 (for the type checker)
        began, worked = loop.time(), loop.worked
        result = runner.run(work)
        return result, loop.time() - began, loop.worked - worked
