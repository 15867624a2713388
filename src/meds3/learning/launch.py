"""Run a training in a process of its own: its memory returns and its crash stays there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from meds3.errors import EngineError, InputError, MedS3Error
from meds3.learning.jobs import Job
from meds3.learning.metrics import sparkline
from meds3.runs.atomic import storing, write_text

DIE_WITH_PARENT = "--die-with-parent"
BAD_INPUT = "bad input: "  # how a child's line begins that tells what the user must mend
_TAIL = 30  # lines of the log that an error quotes
_GRACE = 5.0  # seconds to stop in before the kill


async def run_job(job: Job, log_path: Path, on_progress: Callable[[dict[str, Any]], None]) -> None:
    """Train `job` to its end; everything the child prints is appended to `log_path`.

    `on_progress` gets the fields of `metrics.StepMetrics` after each optimiser step, and the
    course of the loss as `curve`; while a head is fitted before, {step, steps, loss, tokens,
    seconds} per sequence, with `loss` None (see `progress_note`). With `accelerate` set, the
    child is `accelerate launch` with its processes. A job that was killed goes on from its last
    checkpoint. When this coroutine is cancelled, or this process dies in any way, so do the
    children. Raises `InputError` for what the user must mend and `EngineError` with the end of
    the log for anything else.
    """
    job_path = job.output.with_name(f"{job.output.name}.job.json")
    write_text(job_path, job.model_dump_json(indent=2) + "\n")
    with storing(log_path):
        log_path.parent.mkdir(parents=True, exist_ok=True)
        log = log_path.open("a", encoding="utf-8")
    with log:
        code, tail = await trained(command(job, job_path), log, on_progress)
    if code != 0:
        raise _error(job, code, tail, log_path)


def progress_note(metrics: dict[str, Any]) -> str:
    """What a watcher shows beside the steps."""
    if metrics["loss"] is None:
        return f"fitting the head, {metrics['tokens']:,} tokens"
    held_out = metrics.get("eval_loss")
    told = "" if held_out is None else f", held out {held_out:.3f}"
    curve = metrics.get("curve", "")
    return f"loss {curve} {metrics['loss']:.3f}{told}, {metrics['tokens']:,} tokens"


def command(job: Job, job_path: Path, machine: int = 0) -> list[str]:
    """The command line of the child; `machine` is the number of this one among several."""
    module = ["-m", "meds3.learning.train", DIE_WITH_PARENT, str(job_path)]
    settings = job.config.accelerate
    if settings is None:
        return [sys.executable, *module]
    if not settings.is_file():
        raise InputError(
            f"train {job.stage}: accelerate: {settings}: no such file",
            "name a file such as configs/accelerate/gpu-1.yaml",
        )
    launch = ["-m", "accelerate.commands.launch", "--config_file", str(settings)]
    launch += ["--machine_rank", str(machine)] if machine else []
    return [sys.executable, *launch, *module]


async def trained(
    arguments: list[str], log: TextIO, on_progress: Callable[[dict[str, Any]], None]
) -> tuple[int, deque[str]]:
    """The child's exit code, and its last lines or the one that tells of bad input."""
    # The open stdin is the life line: the kernel closes it when this process ends, however.
    child = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    tail: deque[str] = deque(maxlen=_TAIL)
    losses: list[float] = []
    bad: str | None = None
    try:
        while child.stdout and (raw := await child.stdout.readline()):
            line = raw.decode("utf-8", "replace")
            log.write(line)
            log.flush()
            if (metrics := _metrics(line)) is not None:
                if metrics["loss"] is not None:
                    losses.append(metrics["loss"])
                    metrics["curve"] = sparkline(losses)
                on_progress(metrics)
            else:
                tail.append(line)
            if bad is None and line.startswith(BAD_INPUT):
                bad = line
        return await child.wait(), deque([bad]) if bad else tail
    finally:
        if child.returncode is None:
            await asyncio.shield(_stop(child))


async def _stop(child: asyncio.subprocess.Process) -> None:
    if child.stdin:  # the life line: processes of `accelerate launch` hear no signal of ours
        child.stdin.close()
    with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
        child.terminate()
        try:
            await asyncio.wait_for(child.wait(), _GRACE)
        except TimeoutError:
            child.kill()
            await child.wait()


def _metrics(line: str) -> dict[str, Any] | None:
    if not line.startswith('{"step"'):
        return None
    try:
        metrics: dict[str, Any] = json.loads(line)
    except json.JSONDecodeError:  # a library printed over the line: it is log text then
        return None
    return metrics


def _error(job: Job, code: int, tail: deque[str], log_path: Path) -> MedS3Error:
    text = "".join(tail).strip()
    if tail and tail[0].startswith(BAD_INPUT):  # a launcher has an exit code of its own
        return InputError(tail[0].removeprefix(BAD_INPUT).strip())
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return EngineError(
        f"training {job.stage} {how}; the end of {log_path}:\n{text}",
        "run the same command again: it resumes from the last checkpoint",
    )
