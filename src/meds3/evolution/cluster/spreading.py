"""A stage of the run over workers: what was found before is taken over, the rest is given out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from meds3.answering.config import AnsweringConfig
from meds3.answering.prompting import Shots
from meds3.errors import EngineError
from meds3.evolution.cluster.findings import Findings, findings, take_over
from meds3.evolution.cluster.pool import Job, Pool, T, pool
from meds3.evolution.cluster.worker import SHARDS
from meds3.evolution.longest import longest_call
from meds3.evolution.policies import Policy
from meds3.evolution.rollouts import Begun
from meds3.evolution.state import Evolution
from meds3.problems.problem import Problem
from meds3.runs.digest import digest_of
from meds3.runs.journal import Journal, was_begun
from meds3.search.budget import Allowance
from meds3.search.progress import SearchProgress
from meds3.search.store import StoredTrees, finished_ids, read_tree


async def spread_search(
    state: Evolution,
    number: int,
    policy: Policy,
    problems: Sequence[Problem],
    prm: Path | None,
    progress: SearchProgress,
) -> int:
    """Search `problems` on the workers; the trees are in the run's journal. Paid calls.

    Whatever number of workers an earlier process had, what they finished is not done again.
    Raises `EngineError` when more than `search.max_failed_share` of the problems have failed.
    """
    settings = state.config.search
    await _gather(state, number, problems)
    done = finished_ids(state.journal, number)
    allowance = Allowance(settings.max_tokens)
    for tree in StoredTrees(state.journal, number, [p.id for p in problems if p.id in done]):
        progress.add(tree)
        allowance.spend(tree.tokens)
    left = [problem for problem in problems if problem.id not in done]
    paid = 0

    async def taken(found: Findings) -> bool:
        nonlocal paid
        await take_over(state.journal, found)
        paid += len(found.calls)
        allowance.spend(found.tokens)
        for id_ in found.ids:
            if (tree := read_tree(state.journal, number, id_)) and tree.stopped_because:
                progress.add(tree)
        progress.failed += len(found.failures)
        if progress.failed > settings.max_failed_share * progress.trees:
            raise EngineError(
                f"{progress.failed} of {progress.trees} problems failed for good, more than "
                f"search.max_failed_share {settings.max_failed_share:g}; the last, "
                f"{found.failures[-1][1]}: {found.failures[-1][2]}",
                "mend what it names, then run the same command again: it resumes",
            )
        return not allowance.gone

    if left and not allowance.gone:
        async with _workers(state) as workers:
            await workers.spread(
                left, lambda actor, chunk: actor.search.remote(number, policy, chunk, prm), taken
            )
    return paid


async def spread_asking(
    state: Evolution,
    purpose: str,
    policy: Policy,
    problems: Sequence[Problem],
    settings: AnsweringConfig,
    shots: Shots,
) -> None:
    """Draw the chains of `problems` on the workers; the calls are in the run's journal then."""

    def job(actor: Any, chunk: Sequence[Problem]) -> Any:
        return actor.ask.remote(purpose, policy, chunk, settings, shots)

    await _spread_calls(state, problems, job, ("questions", "asked"))


async def spread_rollouts(
    state: Evolution,
    purpose: str,
    policy: Policy,
    begun: Sequence[Begun],
    count: int,
    seed: int,
    said: tuple[str, str],
) -> None:
    """Roll out chains on the workers; the calls are in the run's journal then."""

    def job(actor: Any, chunk: Sequence[Begun]) -> Any:
        return actor.roll_out.remote(purpose, policy, chunk, count, seed)

    await _spread_calls(state, begun, job, said)


async def _spread_calls(
    state: Evolution, items: Sequence[T], job: Job[T], said: tuple[str, str]
) -> None:
    done = 0

    async def taken(found: Findings) -> bool:
        nonlocal done
        await take_over(state.journal, found)
        done = min(done + state.config.ray.chunk, len(items))
        state.stages.watcher.progress(done, len(items), *said)
        return True

    async with _workers(state) as workers:
        await workers.spread(items, job, taken)


async def _gather(state: Evolution, number: int, problems: Sequence[Problem]) -> None:
    """Take over what workers of earlier processes finished and nobody was told."""
    known = finished_ids(state.journal, number)
    wanted = {problem.id for problem in problems} - known
    for path in filter(was_begun, sorted(_folder(state).glob("*.sqlite"))):
        with Journal(path, read_only=True) as shard:
            if ids := sorted(finished_ids(shard, number) & wanted):
                await take_over(state.journal, findings(shard, number, ids))
                wanted -= set(ids)


def _known(state: Evolution) -> Path:
    """The journal whose calls no worker pays again.

    Workers on other machines see it through a network file system, where they may not read what
    is written meanwhile: they get a copy.
    """
    if state.config.ray.journals is None:
        return state.run.journal_path.absolute()
    copy = state.run.root.absolute() / "known.sqlite"
    state.journal.copy_to(copy)
    return copy


def _folder(state: Evolution) -> Path:
    """Where the workers' journals are; of this very run, whatever else lies on the nodes' disks."""
    if (disk := state.config.ray.journals) is None:
        return state.run.root / SHARDS
    manifest = state.run.read_manifest()
    made = digest_of([manifest["created"], manifest["science_digest"]])
    return disk / f"{state.run.name}-{made[:12]}"


@asynccontextmanager
async def _workers(state: Evolution) -> AsyncIterator[Pool]:
    config = state.config
    # Workers may be processes in other folders.
    here = config.model_copy(update={"runs_dir": config.runs_dir.absolute()})
    longest = longest_call(config, state.problems, state.template)
    known = _known(state)

    def make(journal: Path, others: list[Path]) -> tuple[Any, ...]:
        return here, state.base, state.template, journal.absolute(), [known, *others], longest

    async with pool(config.ray, _folder(state), make) as workers:
        yield workers
