"""Many trees over one engine: the same trees whatever is in flight, and nothing lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from meds3.engines.calls import JournalCalls
from meds3.engines.journalled import JournalledEngine
from meds3.engines.protocol import Completion, Engine, Sampling
from meds3.engines.scripted import ScriptedEngine
from meds3.errors import EngineError, InputError
from meds3.runs.journal import Journal
from meds3.search.config import SearchConfig
from meds3.search.progress import SearchProgress
from meds3.search.scheduler import search_problems
from meds3.search.store import StoredTrees, failures, finished_ids
from meds3.search.tree import Tree
from tests.search.worlds import config, noisy, problem, template

SMALL = config(max_nodes=12, max_depth=4, rollout_base=4, rollout_min=2)


async def search(
    journal: Journal, engine: Engine, chosen: SearchConfig, count: int = 8
) -> tuple[list[Tree], SearchProgress]:
    problems = [problem(f"p{i}") for i in range(count)]
    progress = await search_problems(
        problems, engine, template(), journal, chosen, round_=1, seed=3
    )
    return list(StoredTrees(journal, 1, [p.id for p in problems])), progress


def with_(**fields: object) -> SearchConfig:
    return SMALL.model_copy(update=fields)


async def test_what_is_in_flight_changes_no_tree(tmp_path: Path) -> None:
    found = []
    ways = [(1, 10**6), (3, 10**6), (8, 10**6), (8, 1), (8, 900)]
    for number, (trees, tokens) in enumerate(ways):
        chosen = with_(trees_in_flight=trees, tokens_in_flight=tokens, leaves_in_flight=2)
        with Journal(tmp_path / f"{number}.sqlite") as journal:
            found.append((await search(journal, ScriptedEngine(noisy), chosen))[0])
    assert len(found[0]) == 8
    assert all(trees == found[0] for trees in found)


async def test_trees_begin_only_when_the_engine_could_serve_them(tmp_path: Path) -> None:
    """Half-grown trees are as many as keep the engine busy, however many problems wait."""
    most = 0
    progress = SearchProgress(40)

    class Looking(ScriptedEngine):
        async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
            nonlocal most
            most = max(most, progress.running)
            return await super().generate(prompt, sampling)

    problems = [problem(f"p{i}") for i in range(40)]
    for limit, trees, bound in ((2500, 64, 16), (10**9, 5, 5)):
        most = 0
        chosen = with_(tokens_in_flight=limit, trees_in_flight=trees, max_rollout_tokens=100)
        with Journal(tmp_path / f"{limit}.sqlite") as journal:
            await search_problems(
                problems,
                Looking(noisy, delay_s=0.001),
                template(),
                journal,
                chosen,
                round_=1,
                seed=0,
                progress=progress,
            )
            assert len(finished_ids(journal, 1)) == 40
        assert 1 < most <= bound


async def test_a_problem_that_fails_for_good_is_recorded_and_the_rest_go_on(
    tmp_path: Path,
) -> None:
    class Picky(ScriptedEngine):
        async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
            if "(p3)" in prompt:
                raise InputError("the prompt exceeds the context", "shorten it")
            return await super().generate(prompt, sampling)

    with Journal(tmp_path / "j.sqlite") as journal:
        trees, progress = await search(journal, Picky(noisy), with_(max_failed_share=0.2))
        assert [t.problem_id for t in trees] == [f"p{i}" for i in range(8) if i != 3]
        assert (progress.failed, progress.done, progress.running) == (1, 7, 0)
        assert "exceeds the context" in failures(journal, 1)["p3"]
        assert "1 FAILED" in progress.note(0)
        # Asked again, only the failed one is tried; this time it is well.
        engine = ScriptedEngine(noisy)
        trees, _ = await search(journal, engine, with_(max_failed_share=0.2))
        assert len(trees) == 8
        assert failures(journal, 1) == {}


async def test_too_many_failures_end_the_search_with_the_error_and_keep_the_rest(
    tmp_path: Path,
) -> None:
    chosen = with_(trees_in_flight=1)
    with Journal(tmp_path / "j.sqlite") as journal:
        with pytest.raises(EngineError, match=r"1 of 8 problems failed .* as told"):
            await search(journal, ScriptedEngine(noisy, fail_after=25), chosen)
        kept = finished_ids(journal, 1)
        assert 0 < len(kept) < 8
        before = {t.problem_id: t for t in StoredTrees(journal, 1, list(kept))}
        trees, _ = await search(journal, ScriptedEngine(noisy), chosen)
    assert [t.problem_id for t in trees] == [f"p{i}" for i in range(8)]
    assert all(before[t.problem_id] == t for t in trees if t.problem_id in kept)


async def test_a_stopped_search_goes_on_with_other_trees_in_flight_and_pays_nothing_twice(
    tmp_path: Path,
) -> None:
    whole = ScriptedEngine(noisy)
    with Journal(tmp_path / "whole.sqlite") as journal:
        expected, _ = await search(journal, JournalledEngine(whole, JournalCalls(journal)), SMALL)
    paid = 0
    with Journal(tmp_path / "j.sqlite") as journal:
        for number, flight in enumerate((2, 8, 3, 64)):
            scripted = ScriptedEngine(noisy, delay_s=0.001)
            engine = JournalledEngine(scripted, JournalCalls(journal))
            task = asyncio.ensure_future(search(journal, engine, with_(trees_in_flight=flight)))
            if number < 3:
                await asyncio.sleep(0.05)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            else:
                trees, _ = await task
            paid += engine.paid_calls
            await engine.close()
        assert trees == expected
        assert journal.call_totals()[""]["calls"] == paid == whole.calls


async def test_a_global_budget_ends_what_grows_and_begins_nothing_more(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        chosen = with_(max_tokens=1500, trees_in_flight=2)
        trees, progress = await search(journal, ScriptedEngine(noisy), chosen, count=30)
        assert 0 < len(trees) < 30
        assert trees[-1].stopped_because == "token budget spent"
        assert 1500 <= progress.tokens < 1500 + 2 * 400
        # A second start finds the budget spent.
        engine = ScriptedEngine(noisy)
        again, _ = await search(journal, engine, chosen, count=30)
        assert (again, engine.calls) == (trees, 0)


def test_the_note_of_a_search() -> None:
    progress = SearchProgress(10, running=3, occupancy=lambda: 0.5, correct_chains=4, tokens=1000)
    assert "0 tokens/s (mean 0)" in progress.note(0, now=100.0)
    note = progress.note(3000, now=110.0)
    assert note == (
        "3 growing, 4 correct chains, 300 tokens/s (mean 300), engine 50% busy, 250 tokens a chain"
    )
    # "Now" forgets: 300 tokens in the last 15 s, 3,300 in all 25.
    assert "20 tokens/s (mean 132)" in progress.note(3300, now=125.0)
