"""The other machines of a training over several: they join what the first one starts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from meds3.errors import InputError
from meds3.learning.jobs import JOB, Job
from meds3.learning.launch import command, trained
from meds3.runs.atomic import storing

_LOOK_S = 1.0


@dataclass(frozen=True)
class _Begun:
    """A job as the first machine wrote it; started again, it has another `stamp`."""

    path: Path
    stamp: int
    job: Job


async def follow(folder: Path, machine: int, log_path: Path, say: Callable[[str], None]) -> None:
    """Join every training over several machines that is begun in `folder` (a run's, which all
    machines share), as number `machine`. Never returns: cancel it when the run has ended.

    A job that is begun again, because a process of it failed, is joined again. `say` hears what
    begins and how it ends; what the processes print goes to `log_path`. Raises `InputError` for
    number 0, which is the machine that begins.
    """
    if machine < 1:
        raise InputError("--machine-rank 0 is the machine that begins", "1, 2, … on the others")
    now: _Begun | None = None
    joined: asyncio.Task[str] | None = None
    try:
        while True:
            if joined is not None and joined.done():
                say(joined.result())
                joined = None
            found = _newest(folder)
            if found is not None and found != now:
                await _ended(joined)
                now, joined = found, asyncio.create_task(_join(found, machine, log_path))
                say(f"{found.path}: joined as machine {machine}")
            await asyncio.sleep(_LOOK_S)
    finally:
        await _ended(joined)


async def _join(begun: _Begun, machine: int, log_path: Path) -> str:
    with storing(log_path):
        log_path.parent.mkdir(parents=True, exist_ok=True)
        log = log_path.open("a", encoding="utf-8")
    with log:
        code, tail = await trained(command(begun.job, begun.path, machine), log, lambda _: None)
    if code == 0:
        return f"{begun.path}: done"
    return f"{begun.path}: ended with exit code {code}; the end of {log_path}:\n{''.join(tail)}"


async def _ended(task: asyncio.Task[Any] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _newest(folder: Path) -> _Begun | None:
    """The last job that was begun, unless its result is there or one machine does it alone."""
    found: list[tuple[int, Path]] = []
    for pattern in ("*.job.json", "round-*/*.job.json"):
        found += [(path.stat().st_mtime_ns, path) for path in folder.glob(pattern)]
    if not found:
        return None
    stamp, path = max(found)
    try:
        job = JOB.validate_json(path.read_text("utf-8"))
    except ValidationError as error:
        raise InputError(
            f"{path}: {error}", "use the version of meds3 that the first machine has"
        ) from error
    several = job.config.accelerate is not None and machines(job.config.accelerate) > 1
    return _Begun(path, stamp, job) if several and not job.output.exists() else None


def machines(accelerate: Path) -> int:
    """How many machines a file for `accelerate launch` is for. Raises `InputError` without it."""
    try:
        settings = yaml.safe_load(accelerate.read_text("utf-8"))
    except OSError as error:
        raise InputError(
            f"accelerate: {accelerate}: {error.strerror}",
            "start this in the folder in which the first machine was started",
        ) from error
    return int(settings.get("num_machines", 1))
