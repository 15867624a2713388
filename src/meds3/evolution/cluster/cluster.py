"""The workers of a run: what each of them needs, and where its journals are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meds3.chains.template import ChatTemplate
from meds3.engines.config import EngineConfig
from meds3.engines.preflight import Longest
from meds3.evolution.cluster.config import RayConfig
from meds3.evolution.cluster.pool import Pool, pool
from meds3.evolution.longest import longest_call
from meds3.evolution.policies import Policy
from meds3.evolution.state import Evolution
from meds3.runs.digest import digest_of
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal

SHARDS = "shards"  # the folder of the workers' journals


@dataclass(frozen=True)
class Cluster:
    """Workers to be, for the run whose `journal` gets what they find. Starts nothing by itself."""

    ray: RayConfig
    engine: EngineConfig
    run: RunDirectory
    journal: Journal
    base: Policy
    template: ChatTemplate
    longest: Longest

    @property
    def folder(self) -> Path:
        """Where the workers' journals are; of this very run, whatever else lies on their disks."""
        if (disk := self.ray.journals) is None:
            return self.run.root / SHARDS
        manifest = self.run.read_manifest()
        made = digest_of([manifest["created"], manifest["science_digest"]])
        return disk / f"{self.run.name}-{made[:12]}"

    @asynccontextmanager
    async def workers(self) -> AsyncIterator[Pool]:
        """The workers, until the block ends. Raises `EngineError` without a cluster."""
        known = self._known()

        def make(journal: Path, others: list[Path]) -> tuple[Any, ...]:
            base, paths = self.base.absolute(), [known, *others]
            return self.engine, base, self.template, journal.absolute(), paths, self.longest

        async with pool(self.ray, self.folder, make) as workers:
            yield workers

    def _known(self) -> Path:
        """The journal whose calls no worker pays again.

        Workers on other machines see it through a network file system, where they may not read
        what is written meanwhile: they get a copy.
        """
        if self.ray.journals is None:
            return self.run.journal_path.absolute()
        copy = self.run.root.absolute() / "known.sqlite"
        self.journal.copy_to(copy)
        return copy


def cluster_of(state: Evolution) -> Cluster:
    """The workers that the config of a run asks for."""
    config = state.config
    longest = longest_call(config, state.problems, state.template)
    return Cluster(
        config.ray, config.engine, state.run, state.journal, state.base, state.template, longest
    )
