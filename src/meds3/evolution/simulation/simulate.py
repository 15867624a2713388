"""A finished search again, on paper: more problems, more replicas, the same scheduler."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from meds3.chains.template import ChatTemplate
from meds3.engines.models import ensure_model
from meds3.errors import InputError
from meds3.evolution.outcome import config_of
from meds3.evolution.policies import base_policy
from meds3.evolution.simulation.clock import simulated
from meds3.evolution.simulation.curve import Curve
from meds3.evolution.simulation.recorded import COPY, Recorded, Replaying
from meds3.evolution.simulation.replica import ModelledEngine
from meds3.problems.problem import Problem
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal
from meds3.search.config import SearchConfig
from meds3.search.progress import SearchProgress
from meds3.search.scheduler import search_problems
from meds3.search.store import finished_ids

_ROUND = 1  # its policy is the base, which every run has


@dataclass(frozen=True)
class Simulated:
    """What a search would take. `driver_s`: seconds that this process worked, of `seconds`.

    `engine_busy` is the mean share of the time in which a replica had anything to do, `strayed` the
    share of calls whose very answer was not recorded.
    """

    problems: int
    replicas: int
    seconds: float
    driver_s: float
    engine_busy: float
    tokens: int
    strayed: float

    @property
    def replica_hours(self) -> float:
        return self.replicas * self.seconds / 3600

    @property
    def tokens_per_s(self) -> float:
        return self.tokens / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Workload:
    """The search of a run's first round: what was asked, and what was answered."""

    problems: list[Problem]
    recorded: Recorded
    template: ChatTemplate
    config: SearchConfig
    seed: int

    def copies(self, count: int) -> list[Problem]:
        """`count` problems: the run's own, again and again, each under an id of its own."""
        own = self.problems
        return [
            own[n % len(own)].model_copy(update={"id": f"{own[n % len(own)].id}{COPY}{n}"})
            for n in range(count)
        ]


def workload_of(run: RunDirectory) -> Workload:
    """Raises `InputError` when the run has no finished search of round 1."""
    config = config_of(run)
    model = ensure_model(config.model)
    template = ChatTemplate.from_model(model)
    with Journal(run.journal_path, read_only=True) as journal:
        done = finished_ids(journal, _ROUND)
        rows = [Problem.model_validate(body) for body in journal.problems("seed")]
        problems = [problem for problem in rows if problem.id in done]
        if not problems:
            raise InputError(
                f"{run.root}: no tree of round {_ROUND} is finished", "search first: meds3 search"
            )
        recorded = Recorded()
        policy = base_policy(model, config.engine)
        replaying = Replaying(journal, policy.digest, recorded)
        progress, _, _ = simulated(
            _search(problems, replaying, template, config.search, config.seed)
        )
    if progress.failed:
        problems = [problem for problem in problems if problem.id not in progress.failed]
    if not problems:
        raise InputError(
            f"{run.root}: the calls of its search are not those of this model and config",
            "use the version of meds3 that made the run",
        )
    return Workload(problems, recorded, template, config.search, config.seed)


def simulate(
    workload: Workload, curve: Curve, *, replicas: int, problems: int | None = None
) -> Simulated:
    """The search of `problems` problems (None: those of the run) on `replicas` replicas.

    The scheduler, the journal and the rule that chooses a replica are the real ones, and the time
    that they work counts.
    """
    config = workload.config.model_copy(
        update={
            "tokens_in_flight": workload.config.tokens_in_flight * replicas,
            "trees_in_flight": workload.config.trees_in_flight * replicas,
        }
    )
    asked = workload.problems if problems is None else workload.copies(problems)
    recorded = workload.recorded
    before = recorded.strayed, recorded.answered
    engine = ModelledEngine(curve, replicas, recorded)
    _, seconds, driver_s = simulated(
        _search(asked, engine, workload.template, config, workload.seed)
    )
    busy = engine.busy_s / (replicas * seconds) if seconds else 0.0
    strayed = (recorded.strayed - before[0]) / max(recorded.answered - before[1], 1)
    return Simulated(len(asked), replicas, seconds, driver_s, busy, engine.tokens, strayed)


@dataclass(frozen=True)
class _Done:
    failed: set[str]


async def _search(
    problems: Sequence[Problem],
    engine: ModelledEngine | Replaying,
    template: ChatTemplate,
    config: SearchConfig,
    seed: int,
) -> _Done:
    with (
        tempfile.TemporaryDirectory() as folder,
        Journal(Path(folder) / "journal.sqlite") as journal,
    ):
        await search_problems(
            problems,
            engine,
            template,
            journal,
            config.model_copy(update={"max_failed_share": 1.0}),
            round_=_ROUND,
            seed=seed,
            progress=SearchProgress(len(problems)),
        )
        done = finished_ids(journal, _ROUND)
    return _Done({problem.id for problem in problems} - done)
