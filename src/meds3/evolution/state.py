"""What the parts of the loop share while a run is under way."""

from __future__ import annotations

from dataclasses import dataclass

from meds3.chains.template import ChatTemplate
from meds3.evolution.config import RunConfig
from meds3.evolution.policies import Policy, PolicyServer
from meds3.evolution.stages import Stages
from meds3.problems.load import ProblemSplit
from meds3.runs.digest import digest_path
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal


@dataclass(frozen=True)
class Evolution:
    """One run. `base` is the model it started from."""

    config: RunConfig
    run: RunDirectory
    journal: Journal
    stages: Stages
    server: PolicyServer
    template: ChatTemplate
    problems: ProblemSplit
    base: Policy

    def prm_digest(self, round_: int) -> str:
        return digest_path(self.run.round(round_) / "prm")
