"""Checkpoints of a training: which belong to it, and which a kill left whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from meds3.learning.jobs import Job
from meds3.runs.atomic import storing, write_text


def open_checkpoints(job: Job) -> Path | None:
    """The last whole checkpoint of this job; those of another job are removed."""
    folder, mark = job.checkpoints, job.checkpoints / "job.sha256"
    fingerprint = job.fingerprint()
    with storing(folder):
        if folder.exists() and (not mark.is_file() or mark.read_text() != fingerprint):
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
    write_text(mark, fingerprint)
    found = sorted(folder.glob("checkpoint-*"), key=lambda p: -int(p.name.rsplit("-", 1)[1]))
    return next((path for path in found if _whole(path)), None)


def stopped_early(checkpoint: Path) -> bool:
    """Whether the training had run out of patience at this checkpoint: it was its last."""
    state = json.loads((checkpoint / "trainer_state.json").read_text("utf-8"))
    stopper = state["stateful_callbacks"].get("EarlyStoppingCallback")
    if stopper is None:
        return False
    waited = int(stopper["attributes"]["early_stopping_patience_counter"])
    return waited >= int(stopper["args"]["early_stopping_patience"])


def _whole(checkpoint: Path) -> bool:
    """Whether a kill spared it: the trainer writes `trainer_state.json` last."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_text("utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return False
    return True
