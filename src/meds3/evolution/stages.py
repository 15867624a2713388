"""A stage runs once: it is known by the digests of what went in and what came out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from meds3.runs.digest import digest_of, digest_path
from meds3.runs.journal import Journal


class Watcher(Protocol):
    """Somebody who looks on: the terminal, a log, a test."""

    def stage(self, name: str, state: str) -> None:
        """A stage started, finished or was found finished (`state` is a short phrase)."""
        ...

    def progress(self, done: float, total: float, unit: str, note: str = "") -> None:
        """How far the running stage is."""
        ...


class Stages:
    """Runs the stages of one run, or finds them done."""

    def __init__(self, journal: Journal, watcher: Watcher) -> None:
        self.journal = journal
        self.watcher = watcher

    async def run(
        self,
        name: str,
        inputs: Any,
        outputs: Sequence[Path],
        work: Callable[[], Awaitable[dict[str, Any]]],
    ) -> dict[str, Any]:
        """The detail that `work` returned, now or when this stage was finished before.

        Finished means: recorded with these inputs, and every output still has the digest it
        was recorded with. A file that merely exists proves nothing. `seconds` joins the detail.
        """
        wanted = digest_of(inputs)
        found = self.journal.stage(name)
        if found and found["inputs"] == wanted and found["outputs"] == _digests(outputs):
            self.watcher.stage(name, "already done")
            return {**found["detail"], "seconds": found["seconds"]}
        self.watcher.stage(name, "started")
        started = time.monotonic()
        detail = await work()
        seconds = time.monotonic() - started
        self.journal.finish_stage(name, wanted, _digests(outputs), detail, seconds)
        self.watcher.stage(name, f"done in {seconds:.0f} s")
        return {**detail, "seconds": seconds}


@contextmanager
def ticking(show: Callable[[], None], every_s: float = 2.0) -> Iterator[None]:
    """Call `show` every so often while the block runs: a slow stage must be seen to live."""

    async def tick() -> None:
        while True:
            show()
            await asyncio.sleep(every_s)

    task = asyncio.get_running_loop().create_task(tick())
    try:
        yield
    finally:
        task.cancel()


def _digests(outputs: Sequence[Path]) -> str:
    return digest_of([digest_path(path) if path.exists() else None for path in outputs])
