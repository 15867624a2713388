"""A stage of the run over workers: what was found before is taken over, the rest is given out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from meds3.errors import EngineError
from meds3.evolution.cluster.cluster import Cluster, cluster_of
from meds3.evolution.cluster.findings import Findings, findings, take_over
from meds3.evolution.cluster.pool import Job, Pool, T
from meds3.evolution.cluster.worker import Asking
from meds3.evolution.policies import Policy
from meds3.evolution.rollouts import Begun
from meds3.evolution.state import Evolution
from meds3.problems.problem import Problem
from meds3.rewards.config import ScorerConfig
from meds3.runs.journal import Journal, was_begun
from meds3.search.budget import Allowance
from meds3.search.progress import SearchProgress
from meds3.search.store import StoredTrees, finished_ids, read_tree

Show = Callable[[int, int], None]  # how many are done, of how many


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
    config, settings, cluster = state.config, state.config.search, cluster_of(state)
    await _gather(cluster, number, problems)
    done = finished_ids(state.journal, number)
    allowance = Allowance(settings.max_tokens)
    for tree in StoredTrees(state.journal, number, [p.id for p in problems if p.id in done]):
        progress.add(tree)
        allowance.spend(tree.tokens)
    left = [problem for problem in problems if problem.id not in done]
    guide = _guide(state, prm)
    paid = 0

    def job(actor: Any, chunk: Sequence[Problem]) -> Any:
        return actor.search.remote(number, policy.absolute(), chunk, settings, config.seed, guide)

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
        async with cluster.workers() as workers:
            await workers.spread(left, job, taken)
    return paid


def _guide(state: Evolution, prm: Path | None) -> tuple[Path, ScorerConfig] | None:
    return (prm.absolute(), state.config.scorer) if prm else None


async def spread_asking(state: Evolution, asking: Asking, problems: Sequence[Problem]) -> None:
    """Draw the chains of `problems` on the workers; the calls are in the run's journal then."""
    async with cluster_of(state).workers() as workers:
        await ask_on(workers, state.journal, asking, problems, _shown(state, "questions", "asked"))


async def ask_on(
    workers: Pool, journal: Journal, asking: Asking, problems: Sequence[Problem], show: Show
) -> None:
    """Draw the chains of `problems` on workers that are there; the calls are in `journal` then."""

    def job(actor: Any, chunk: Sequence[Problem]) -> Any:
        return actor.ask.remote(asking.anywhere(), chunk)

    await _spread_calls(workers, journal, problems, job, show)


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
    sampled_as = state.config.rolled_out_as_answered()

    def job(actor: Any, chunk: Sequence[Begun]) -> Any:
        return actor.roll_out.remote(purpose, policy.absolute(), chunk, count, sampled_as, seed)

    async with cluster_of(state).workers() as workers:
        await _spread_calls(workers, state.journal, begun, job, _shown(state, *said))


def _shown(state: Evolution, unit: str, verb: str) -> Show:
    return lambda done, total: state.stages.watcher.progress(done, total, unit, verb)


async def _spread_calls(
    workers: Pool, journal: Journal, items: Sequence[T], job: Job[T], show: Show
) -> None:
    done = 0

    async def taken(found: Findings) -> bool:
        nonlocal done
        await take_over(journal, found)
        done = min(done + workers.chunk, len(items))
        show(done, len(items))
        return True

    await workers.spread(items, job, taken)


async def _gather(cluster: Cluster, number: int, problems: Sequence[Problem]) -> None:
    """Take over what workers of earlier processes finished and nobody was told."""
    journal = cluster.journal
    known = finished_ids(journal, number)
    wanted = {problem.id for problem in problems} - known
    for path in filter(was_begun, sorted(cluster.folder.glob("*.sqlite"))):
        with Journal(path, read_only=True) as shard:
            if ids := sorted(finished_ids(shard, number) & wanted):
                await take_over(journal, findings(shard, number, ids))
                wanted -= set(ids)
