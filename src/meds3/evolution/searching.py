"""The search stage of a round."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from meds3.engines.replicas import load_lines
from meds3.evaluation.results import SearchStats
from meds3.evaluation.search_stats import search_stats
from meds3.evolution.policies import Policy
from meds3.evolution.stages import ticking
from meds3.evolution.state import Evolution
from meds3.rewards.build import build_scorer
from meds3.rewards.journalled import JournalledScorer
from meds3.rewards.protocol import StepScorer
from meds3.search.progress import SearchProgress
from meds3.search.scheduler import search_problems
from meds3.search.store import StoredTrees, failures


async def search_round(
    state: Evolution, number: int, policy: Policy, guide: int | None = None
) -> tuple[StoredTrees, SearchStats]:
    """Trees of the seed problems, grown with `policy`, and what the search did.

    `guide` is the round whose PRM stands in for rollouts where `search.value` is `prm`.
    """
    config, name = state.config, f"round-{number}/search"
    seeds = state.problems.seeds_of(number)
    guided = guide if config.search.value == "prm" else None

    async def work() -> dict[str, Any]:
        progress = SearchProgress(len(seeds))
        if config.executor == "ray":
            from meds3.evolution.cluster.spreading import spread_search

            prm = state.run.round(guided) / "prm" if guided else None
            with ticking(lambda: _show(state, progress, progress.tokens)):
                paid = await spread_search(state, number, policy, seeds, prm, progress)
            detail = {"paid_calls": paid}
        else:
            detail = await _search_here(state, number, policy, guided, progress)
        for problem, error in failures(state.journal, number).items():
            state.stages.watcher.stage(name, f"FAILED for good: {problem}: {error.splitlines()[0]}")
        return detail

    inputs = {
        "policy": policy.digest,
        "search": config.science()["search"],
        "seed": config.seed,
        "problems": [problem.id for problem in seeds],
        "guide": state.prm_digest(guided) if guided else None,
    }
    detail = await state.stages.run(name, inputs, [], work)
    trees = StoredTrees(state.journal, number, [problem.id for problem in seeds])
    # After a resume the tokens of all processes are in the journal, the seconds only of the last.
    tokens = int(state.journal.call_totals().get(name, {}).get("tokens", 0))
    failed = len(failures(state.journal, number))
    return trees, search_stats(trees, tokens=tokens, seconds=detail["seconds"], failed=failed)


async def _search_here(
    state: Evolution, number: int, policy: Policy, guided: int | None, progress: SearchProgress
) -> dict[str, Any]:
    """The search in this process; what it paid."""
    config, name = state.config, f"round-{number}/search"
    engine = await state.server.engine(policy, name)
    async with _scorer(state, number, guided) as scorer:
        with ticking(lambda: _show(state, progress, engine.generated_tokens)):
            await search_problems(
                state.problems.seeds_of(number),
                engine,
                state.template,
                state.journal,
                config.search,
                round_=number,
                seed=config.seed,
                scorer=scorer,
                progress=progress,
            )
    if loads := state.server.loads():
        state.journal.event("servers", stage=name, loads=loads)
        for line in load_lines(loads):
            state.stages.watcher.stage(name, line)
    return {
        "paid_calls": engine.paid_calls,
        "replayed_calls": engine.replayed_calls,
        "generated_tokens": engine.generated_tokens,
    }


def _show(state: Evolution, progress: SearchProgress, generated: int) -> None:
    note = progress.note(generated)
    state.stages.watcher.progress(progress.done, progress.trees, "trees", note)


@asynccontextmanager
async def _scorer(
    state: Evolution, number: int, guide: int | None
) -> AsyncIterator[StepScorer | None]:
    if guide is None:
        yield None
        return
    scorer = JournalledScorer(
        build_scorer(state.run.round(guide) / "prm", state.config.scorer, state.scorer_log),
        state.journal,
        state.prm_digest(guide),
        f"round-{number}/search-scores",
    )
    try:
        yield scorer
    finally:
        await scorer.close()
