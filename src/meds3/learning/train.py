"""The child process of a training: `python -m meds3.learning.train JOB.json`."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from pydantic import ValidationError

from meds3.errors import InputError, MedS3Error
from meds3.learning.jobs import JOB, DpoJob, Job, PrmJob, SftJob
from meds3.learning.launch import BAD_INPUT, DIE_WITH_PARENT


def train(job: Job) -> None:
    """Train and put the result at `job.output`, whole or not at all."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    match job:
        case SftJob():
            from meds3.learning.sft import train_sft

            train_sft(job)
        case DpoJob():
            from meds3.learning.dpo import train_dpo

            train_dpo(job)
        case PrmJob():
            from meds3.learning.prm import train_prm

            train_prm(job)


def _end_when_stdin_closes() -> None:
    def watch() -> None:
        # os.read, not sys.stdin.buffer: a blocked buffered reader would hold the lock that
        # the interpreter wants when the training ends first.
        while os.read(0, 1024):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main(arguments: list[str]) -> int:
    """0; 2 when the job, its data or its model is wrong; 3 when the disk or training failed."""
    if DIE_WITH_PARENT in arguments:
        _end_when_stdin_closes()
        arguments = [a for a in arguments if a != DIE_WITH_PARENT]
    try:
        if len(arguments) != 1:
            raise InputError("expected one argument, a job file", "see meds3 train --help")
        path = Path(arguments[0])
        if not path.is_file():
            raise InputError(f"job {path}: no such file")
        try:
            job = JOB.validate_json(path.read_text("utf-8"))
        except ValidationError as error:
            raise InputError(f"job {path}: {error}") from error
        train(job)
    except MedS3Error as error:
        said = str(error).replace("\n", "; ")
        kind = BAD_INPUT if isinstance(error, InputError) else ""
        print(kind + said, file=sys.stderr, flush=True)
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
