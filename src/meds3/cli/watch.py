"""What a person sees while a run works: live bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_PLAIN_EVERY_S = 10.0


class Watch:
    """The `Watcher` of the command line; a context manager."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live: Progress | None = None
        if console.is_terminal:
            self._live = Progress(
                TextColumn("  {task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[unit]} {task.fields[rate]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}"),
                console=console,
                transient=True,
            )
        self._task: TaskID | None = None
        self._name = ""
        self._started = time.monotonic()
        self._said = 0.0

    def __enter__(self) -> Watch:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()

    def stage(self, name: str, state: str) -> None:
        self.console.print(f"[bold]{name}[/] {state}", highlight=False)
        self._name, self._started, self._said = name, time.monotonic(), time.monotonic()
        if self._live and self._task is not None:
            self._live.remove_task(self._task)
            self._task = None

    def progress(self, done: float, total: float, unit: str, note: str = "") -> None:
        elapsed = max(time.monotonic() - self._started, 1e-6)
        rate = f"{done / elapsed:.1f}/s"
        if self._live:
            if self._task is None:
                self._task = self._live.add_task(self._name, unit=unit, rate=rate, note=note)
            self._live.update(
                self._task, completed=done, total=total, unit=unit, rate=rate, note=note
            )
        elif time.monotonic() - self._said >= _PLAIN_EVERY_S:
            self._said = time.monotonic()
            left = f"about {elapsed / done * (total - done):.0f} s left" if done else "just begun"
            self.console.print(
                f"  {self._name}: {done:g}/{total:g} {unit}, {rate}, "
                f"{elapsed:.0f} s, {left}; {note}",
                highlight=False,
            )
