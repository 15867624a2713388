"""The search stage of a round."""

from __future__ import annotations

from typing import Any

from meds3.evaluation.results import SearchStats
from meds3.evaluation.trees import search_stats
from meds3.evolution.policies import Policy
from meds3.evolution.stages import ticking
from meds3.evolution.state import Evolution
from meds3.search.progress import SearchProgress
from meds3.search.scheduler import search_problems
from meds3.search.store import load_trees
from meds3.search.tree import Tree


async def search_round(
    state: Evolution, number: int, policy: Policy
) -> tuple[list[Tree], SearchStats]:
    """A tree per seed problem, grown with `policy`, and what the search did."""
    config, name = state.config, f"round-{number}/search"

    async def work() -> dict[str, Any]:
        engine = await state.server.engine(policy, name)

        progress = SearchProgress(len(state.problems.seeds))

        def show() -> None:
            note = f"{progress.correct_chains} correct chains, {engine.generated_tokens:,} tokens"
            state.stages.watcher.progress(progress.done, progress.trees, "trees", note)

        with ticking(show):
            await search_problems(
                state.problems.seeds,
                engine,
                state.template,
                state.journal,
                config.search,
                round_=number,
                seed=config.seed,
                progress=progress,
            )
        return {
            "paid_calls": engine.paid_calls,
            "replayed_calls": engine.replayed_calls,
            "generated_tokens": engine.generated_tokens,
        }

    inputs = {
        "policy": policy.digest,
        "search": config.science()["search"],
        "seed": config.seed,
        "problems": [problem.id for problem in state.problems.seeds],
    }
    detail = await state.stages.run(name, inputs, [], work)
    found = load_trees(state.journal, number)
    trees = [found[problem.id] for problem in state.problems.seeds]
    # After a resume the tokens of all processes are in the journal, the seconds only of the last.
    tokens = int(state.journal.call_totals().get(name, {}).get("tokens", 0))
    return trees, search_stats(trees, tokens=tokens, seconds=detail["seconds"])
