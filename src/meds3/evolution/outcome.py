"""What a run has reached so far: the policy to answer with."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from meds3.errors import InputError
from meds3.evolution.config import RunConfig, describe
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal
from meds3.selection.confidence import Calibration

CALIBRATION = "calibration.json"  # beside a policy: how its votes become a probability


@dataclass(frozen=True)
class Outcome:
    """`round` 0 is the base model; `policy` and `prm` are folders, None for the base."""

    round: int
    policy: Path | None
    prm: Path | None


def gate_stage(round_: int) -> str:
    """The name under which a round's gate decision is recorded."""
    return f"round-{round_}/gate"


def outcome_of(run: RunDirectory) -> Outcome:
    """The last round that was kept; the base model when none was."""
    kept = Outcome(0, None, None)
    with Journal(run.journal_path, read_only=True) as journal:
        for number in itertools.count(1):
            gate = journal.stage(gate_stage(number))
            if gate is None:
                break
            if gate["detail"]["kept"]:
                folder = run.round(number)
                kept = Outcome(number, folder / "policy", folder / "prm")
    for folder in filter(None, (kept.policy, kept.prm)):
        if not folder.is_dir():
            raise InputError(
                f"{folder} is gone, though round {kept.round} was finished",
                "run `meds3 evolve` on the run's config again: it makes what is missing",
            )
    return kept


def config_of(run: RunDirectory) -> RunConfig:
    """The configuration a run was started with.

    Raises `InputError` for a run of a version whose settings this one does not know.
    """
    manifest = run.read_manifest()
    try:
        return RunConfig.model_validate(manifest["config"])
    except ValidationError as error:
        raise InputError(
            f"{run.root}: written by meds3 {manifest['meds3']} with other settings than this "
            f"version has:\n{describe(error, RunConfig)}",
            "read it with the version that wrote it, or evolve its config anew",
        ) from error


def calibration_of(outcome: Outcome) -> Calibration | None:
    """The confidence curve that was fitted for the policy; None when there is none.

    Raises `InputError` for a file that is none.
    """
    if outcome.policy is None:
        return None
    return read_calibration(outcome.policy.parent / CALIBRATION)


def read_calibration(path: Path) -> Calibration | None:
    """A curve from its file, None without one; `InputError` for a faulty file."""
    if not path.is_file():
        return None
    try:
        return Calibration.model_validate_json(path.read_text("utf-8"))
    except ValidationError as error:
        raise InputError(
            f"{path}: not a confidence curve:\n{describe(error, Calibration)}",
            "fit it anew: meds3 calibrate RUN",
        ) from error
