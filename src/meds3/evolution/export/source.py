"""What of a run is exported: one round's policy and PRM, and the adapters that lead to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from meds3.errors import InputError
from meds3.evolution.config import RunConfig
from meds3.evolution.outcome import CALIBRATION, config_of, gate_stage, outcome_of
from meds3.evolution.policies import adapters_of
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal


@dataclass(frozen=True)
class Source:
    """`rounds`: those that made this policy, the exported one last. `kept`: its gate's decision.

    `adapters`: the folders where the adapters of those rounds lie if they were kept, in the
    order of training.
    """

    run: RunDirectory
    config: RunConfig
    rounds: tuple[int, ...]
    kept: bool
    adapters: tuple[Path, ...]

    @property
    def round(self) -> int:
        return self.rounds[-1]

    @property
    def policy(self) -> Path:
        return self.run.round(self.round) / "policy"

    @property
    def prm(self) -> Path:
        return self.run.round(self.round) / "prm"

    @property
    def calibration(self) -> Path:
        return self.run.round(self.round) / CALIBRATION


def source_of(run: RunDirectory, round_: int | None) -> Source:
    """Round `round_` of `run`, or the last one that was kept.

    Raises `InputError` when there is no such round, or when no round was kept.
    """
    if not run.journal_path.is_file():
        raise InputError(f"{run.root}: the run holds no journal.sqlite", "export a run that ran")
    config = config_of(run)
    number = outcome_of(run).round if round_ is None else round_
    with Journal(run.journal_path, read_only=True) as journal:
        gates: dict[int, bool] = {}
        while (gate := journal.stage(gate_stage(len(gates) + 1))) is not None:
            gates[len(gates) + 1] = bool(gate["detail"]["kept"])
        adapters = adapters_of(run, journal, number)
    if number == 0:
        raise InputError(
            f"{run.root}: no round was kept, so its policy is the base model, {config.model}",
            "use that model itself; a round that was rolled back: --round K",
        )
    if number not in gates:
        done = ", ".join(map(str, gates)) or "none"
        raise InputError(f"{run.root}: round {number} is not finished", f"finished: {done}")
    rounds = (*(n for n, kept in gates.items() if kept and n < number), number)
    source = Source(run, config, rounds, gates[number], adapters)
    if not source.policy.is_dir():
        raise InputError(
            f"{source.policy} is gone, though round {number} was finished",
            "run `meds3 evolve` on the run's config again: it makes what is missing",
        )
    return source
