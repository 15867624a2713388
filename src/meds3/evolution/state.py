"""What the parts of the loop share while a run is under way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from meds3.chains.template import ChatTemplate
from meds3.evolution.config import RunConfig
from meds3.evolution.policies import Policy, PolicyServer, round_policy
from meds3.evolution.stages import Stages
from meds3.problems.load import ProblemSplit
from meds3.problems.problem import Problem
from meds3.runs.digest import digest_path
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal

Part = Literal["heldout", "gate"]


@dataclass(frozen=True)
class Evolution:
    """One run. `base` is the model it started from; `gate` are seeds that only the gate sees."""

    config: RunConfig
    run: RunDirectory
    journal: Journal
    stages: Stages
    server: PolicyServer
    template: ChatTemplate
    problems: ProblemSplit
    gate: list[Problem]
    base: Policy

    @property
    def parts(self) -> dict[Part, list[Problem]]:
        """What policies are asked: the held-out problems, and the gate's where it has its own."""
        parts: dict[Part, list[Problem]] = {"heldout": self.problems.heldout}
        return parts | {"gate": self.gate} if self.gate else parts

    def policy(self, round_: int) -> Policy:
        """What a round trained."""
        engine, base = self.config.engine, self.base.served
        return round_policy(self.run, round_, engine, self.journal, base)

    def learned_from(self, round_: int) -> list[Problem]:
        """The seeds whose answers a policy or a PRM has been taught after `round_` rounds."""
        fresh = self.config.fresh

        def taught(first: int) -> bool:
            judged = fresh is not None and any(fresh.takes(first, n + 1) for n in range(round_))
            return first <= round_ or judged

        return [p for p in self.problems.seeds if taught(self.problems.first_round(p))]

    @property
    def scorer_log(self) -> Path:
        """Where a scoring server that the run starts writes to."""
        return self.run.root / "logs" / "vllm-prm.log"

    def prm_digest(self, round_: int) -> str:
        return digest_path(self.run.round(round_) / "prm")
