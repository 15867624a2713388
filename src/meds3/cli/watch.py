"""What a person sees while a run works: live bars on a terminal, plain lines elsewhere.

Rate and time left come from rich, which looks at the last few minutes only: a stage that is resumed
finds most of its work done at once, and that is no rate to promise anything from.
"""

from __future__ import annotations

from datetime import timedelta
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

_PLAIN_EVERY_S = 10.0
_LOOKS_BACK_S = 300.0  # a tree or a step of training may take a minute


class Watch:
    """The `Watcher` of the command line; a context manager."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._bars = Progress(
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            _Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal,  # then it only counts
            speed_estimate_period=_LOOKS_BACK_S,
        )
        self._task: TaskID | None = None
        self._name = ""
        self._began = self._said = console.get_time()

    def __enter__(self) -> Watch:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def stage(self, name: str, state: str) -> None:
        self.console.print(f"[bold]{name}[/] {state}", highlight=False)
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None
        self._name, self._began = name, self.console.get_time()
        self._said = self._began

    def progress(self, done: float, total: float, unit: str, note: str = "") -> None:
        if self._task is None:
            self._task = self._bars.add_task(self._name, unit=unit, note=note)
        self._bars.update(self._task, completed=done, total=total, unit=unit, note=note)
        if self._bars.disable and self.console.get_time() - self._said >= _PLAIN_EVERY_S:
            self._said = self.console.get_time()
            [task] = self._bars.tasks
            line = _line(task, self._said - self._began)
            self.console.print(f"  {line}", highlight=False, markup=False)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(_rate(task), style="progress.data.speed")


def _rate(task: Task) -> str:
    """Per second or, of what is slower, per minute."""
    if not task.speed:
        return "no rate yet"
    return f"{task.speed:.1f}/s" if task.speed >= 1 else f"{task.speed * 60:.1f}/min"


def _line(task: Task, elapsed: float) -> str:
    left = task.time_remaining
    parts = [
        f"{task.description}: {task.completed:g}/{task.total:g} {task.fields['unit']}",
        _rate(task),
        f"{timedelta(seconds=round(elapsed))} so far",
        *([f"about {timedelta(seconds=round(left))} left"] if left is not None else []),
    ]
    return ", ".join(parts) + (f"; {note}" if (note := task.fields["note"]) else "")
