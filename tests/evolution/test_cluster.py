"""Problems spread over Ray actors: real processes, scripted engines."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from meds3.engines.config import EngineConfig
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.outcome import load_evaluation
from meds3.evaluation.suites.suite import Suite
from meds3.evolution.cluster import cluster as cluster_module
from meds3.evolution.cluster.config import RayConfig
from meds3.evolution.cluster.findings import findings, take_over
from meds3.evolution.config import RunConfig
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal, was_begun
from tests.evolution.spread import config_of, search

pytest.importorskip("ray")

SCRIPTED = EngineConfig(kind="scripted")


def trees(path: Path) -> dict[str, Any]:
    """What the journal of a run has of each tree."""
    if not was_begun(path):  # a worker that came too late for any
        return {}
    with sqlite3.connect(path) as db:
        heads = db.execute("SELECT problem_id, stopped_because, tokens FROM trees").fetchall()
        nodes = db.execute(
            "SELECT problem_id, id, kind, text, value, visits, rollouts FROM nodes ORDER BY 1, 2"
        ).fetchall()
    return {
        head[0]: (head[1], head[2], [node for node in nodes if node[0] == head[0]])
        for head in heads
    }


def calls_in(path: Path) -> list[str]:
    """The keys of the calls in a journal."""
    if not was_begun(path):
        return []
    with sqlite3.connect(path) as db:
        return sorted(row[0] for row in db.execute("SELECT key FROM calls"))


def finished(path: Path) -> int:
    """How many trees a journal has; quick, for asking often."""
    if not was_begun(path):
        return 0
    with sqlite3.connect(path) as db:
        return int(
            db.execute("SELECT COUNT(*) FROM trees WHERE stopped_because != ''").fetchone()[0]
        )


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    import ray

    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
    )
    yield ray
    ray.shutdown()


@pytest.mark.model
def test_workers_find_what_one_driver_finds(cluster: Any, tmp_path: Path) -> None:
    alone, spread = config_of(tmp_path / "alone"), config_of(tmp_path / "spread", workers=2)
    assert search(spread).trees == search(alone).trees == 12
    found = trees(spread.run_path / "journal.sqlite")
    assert found == trees(alone.run_path / "journal.sqlite")
    shards = sorted((spread.run_path / "shards").glob("*.sqlite"))
    each = [id_ for path in shards for id_ in trees(path)]
    assert sorted(each) == sorted(found)  # none twice, whoever was faster


@pytest.mark.model
def test_a_resume_with_other_workers_takes_over_what_was_finished(
    cluster: Any, tmp_path: Path
) -> None:
    config = config_of(tmp_path, workers=2)
    search(config)
    before = trees(config.run_path / "journal.sqlite")
    # As if the driver had been killed before it was told of anything.
    with sqlite3.connect(config.run_path / "journal.sqlite") as db:
        for table in ("trees", "nodes", "calls", "stages"):
            db.execute(f"DELETE FROM {table}")
    # A worker of it was killed before its journal had any tables.
    (config.run_path / "shards" / "7.sqlite").touch()
    again = config_of(tmp_path, workers=3)
    search(again)
    assert trees(config.run_path / "journal.sqlite") == before
    assert not (config.run_path / "shards" / "2.sqlite").exists()  # nothing was left to do


@pytest.mark.model
def test_runs_that_share_a_disk_share_no_tree(cluster: Any, tmp_path: Path) -> None:
    first = config_of(tmp_path / "one", workers=1, journals=tmp_path / "disk")
    search(first)
    other = first.model_copy(update={"runs_dir": tmp_path / "two", "seed": 5})
    search(other)
    found = trees(other.run_path / "journal.sqlite")
    assert len(found) == 12
    assert found != trees(first.run_path / "journal.sqlite")
    assert len([*(tmp_path / "disk").iterdir()]) == 2


@pytest.mark.model
def test_workers_ask_and_the_driver_loads_no_model(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from meds3.evolution.evaluating import evaluate
    from meds3.evolution.policies import PolicyServer
    from tests.evolution.test_stages import Quiet

    alone = config_of(tmp_path / "alone")
    here, rows, _ = asyncio.run(evaluate(alone, "base", Quiet(), n=3))

    async def load(*_: Any) -> Any:
        raise AssertionError("the driver has no GPU")

    monkeypatch.setattr(PolicyServer, "engine", load)  # workers are other processes
    spread = config_of(tmp_path / "spread", workers=2, journals=tmp_path / "disk")
    there, same, _ = asyncio.run(evaluate(spread, "base", Quiet(), n=3))
    assert there.outcomes == here.outcomes
    assert [row.accuracy for row in same] == [row.accuracy for row in rows]
    shards = sorted((tmp_path / "disk").glob("spread-*/*.sqlite"))
    calls = calls_in(spread.run_path / "journal.sqlite")
    assert len(calls) == 12  # six questions: greedy and sampled
    assert sorted(key for path in shards for key in calls_in(path)) == calls  # none by two
    # Again with another worker and other disks: it is all in the run's journal.
    again = config_of(tmp_path / "spread", workers=1, journals=tmp_path / "other")
    third, _, _ = asyncio.run(evaluate(again, "base", Quiet(), n=3))
    assert third.outcomes == here.outcomes
    assert (spread.run_path / "known.sqlite").is_file()


@pytest.mark.model
def test_workers_ask_a_suite_and_load_the_model_once(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from meds3.evolution.answerer import answerer_of
    from meds3.evolution.policies import PolicyServer
    from meds3.evolution.suites.asking import Request, ask_suite
    from meds3.evolution.suites.workers import workers_of
    from tests.evolution.suites.conftest import write_exam
    from tests.evolution.test_stages import Quiet

    exams = [write_exam(tmp_path / f"{name}.jsonl", 5) for name in ("east", "west")]
    benchmarks = [{"name": e.stem, "source": {"kind": "jsonl", "path": str(e)}} for e in exams]
    suite = Suite.model_validate({"name": "exams", "version": 1, "benchmarks": benchmarks})
    answerer = replace(answerer_of("embedded", overrides=["n=3"]), engine=SCRIPTED)

    def asked(name: str, *overrides: str) -> tuple[RunDirectory, list[str]]:
        ray, _ = workers_of([*overrides])
        measured = EvaluationConfig(strategies=("greedy", "majority"), resamples=200)
        request = Request(suite, answerer, tmp_path / name, measured, orders=1, ray=ray)
        asyncio.run(ask_suite(request, Quiet()))
        return RunDirectory(tmp_path / name), calls_in(tmp_path / name / "journal.sqlite")

    here, calls = asked("here")

    async def load(*_: Any) -> Any:
        raise AssertionError("the driver has no GPU")

    started: list[int] = []
    pool_of = cluster_module.pool

    def pool(ray: RayConfig, *rest: Any) -> Any:
        started.append(ray.workers)
        return pool_of(ray, *rest)

    monkeypatch.setattr(cluster_module, "pool", pool)
    monkeypatch.setattr(PolicyServer, "engine", load)  # workers are other processes
    workers = ("executor=ray", "ray.workers=2", "ray.cpus=0.5", "ray.chunk=2")
    there, same = asked("there", *workers)
    assert same == calls
    assert len(calls) == 2 * 2 * 5 * 2  # exams, orders, questions; greedy and sampled
    for path in sorted(here.evaluation("east").parent.glob("*.jsonl")):
        mine = load_evaluation(there.evaluation(path.stem))
        assert mine.outcomes == load_evaluation(path).outcomes
    shards = sorted((there.root / "shards").glob("*.sqlite"))
    assert sorted(key for path in shards for key in calls_in(path)) == calls  # none by two
    assert started == [2]  # once for all exams and orders: each worker loads the model
    _, third = asked("there", "executor=ray", "ray.workers=1")
    assert third == calls
    assert started == [2]  # all is done: no worker starts


@pytest.mark.model
def test_workers_go_on_from_chains(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from meds3.evolution.evolve import opened
    from meds3.evolution.policies import PolicyServer
    from meds3.evolution.rollouts import Begun, policy_rollouts
    from tests.evolution.test_stages import Quiet

    async def rolled(config: RunConfig) -> Any:
        async with opened(config, Quiet()) as state:
            begun = [
                Begun(problem, f"from {len(steps)}", steps)
                for problem in state.problems.heldout
                for steps in ((), ("A first step.",))
            ]
            said = ("chains", "rolled out")
            found = await policy_rollouts(state, "rolled", state.base, begun, 3, 5, said)
            return found, sorted(row["key"] for row in state.journal.rows("SELECT key FROM calls"))

    here = asyncio.run(rolled(config_of(tmp_path / "alone")))

    async def load(*_: Any) -> Any:
        raise AssertionError("the driver has no GPU")

    monkeypatch.setattr(PolicyServer, "engine", load)  # workers are other processes
    there = asyncio.run(rolled(config_of(tmp_path / "spread", workers=2)))
    assert there == here
    assert (len(here[0]), len(here[1])) == (12, 12)
    assert all(len(rollouts) == 3 for rollouts in here[0])


@pytest.mark.model
def test_on_one_machine_nothing_of_ray_is_imported(tmp_path: Path) -> None:
    """A search and an evaluation in a process of their own."""
    code = (
        "import asyncio, sys\nfrom pathlib import Path\n"
        f"sys.path[:0] = {sys.path!r}\n"
        "from tests.evolution.spread import config_of, search\n"
        "from tests.evolution.test_stages import Quiet\n"
        "from meds3.evolution.evaluating import evaluate\n"
        f"config = config_of(Path({str(tmp_path)!r}))\n"
        "assert search(config).trees == 12\n"
        "asyncio.run(evaluate(config, 'base', Quiet(), n=2))\n"
        "print([name for name in sys.modules if name.partition('.')[0] == 'ray'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"


async def test_findings_are_taken_over_once(tmp_path: Path) -> None:
    with Journal(tmp_path / "a.sqlite") as one, Journal(tmp_path / "b.sqlite") as other:
        await one.add_call("k1", [{"text": "x"}], tokens=3, seconds=1.0, purpose="p")
        await one.write(
            ("INSERT INTO trees VALUES (?,?,?,?,?,?)", [(1, "a", "q", "done", 3, "[]")]),
            ("INSERT INTO trees VALUES (?,?,?,?,?,?)", [(1, "b", "q", "", 3, "[]")]),
            ("INSERT INTO failures VALUES (?,?,?,?)", [(1, "c", "broken", 0.0)]),
        )
        await other.write(
            ("INSERT INTO failures VALUES (?,?,?,?)", [(1, "a", "an earlier try", 0.0)])
        )
        found = findings(one, 1, ["a", "b", "c"])
        assert (len(found.trees), len(found.failures), found.tokens, found.upto) == (1, 1, 3, 1)
        await take_over(other, found)
        await take_over(other, found)
        assert [r["problem_id"] for r in other.rows("SELECT * FROM trees")] == ["a"]
        assert [r["problem_id"] for r in other.rows("SELECT * FROM failures")] == ["c"]
        assert other.call_totals()["p"]["tokens"] == 3
        await one.add_call("k2", [{"text": "y"}], tokens=4, seconds=1.0, purpose="p")
        assert [row[0] for row in findings(one, 1, ["a"], found.upto).calls] == ["k2"]


@pytest.mark.slow
@pytest.mark.model
def test_a_node_that_is_killed_half_way_loses_nothing(tmp_path: Path) -> None:
    """Two nodes, a worker on each; the second node is killed when half of the trees are there.

    Not before both workers have given some: one may start seconds after the other, so calls take
    their time.
    """
    import ray
    from ray.cluster_utils import Cluster

    ray.shutdown()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    second = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()

    def take_time() -> None:
        """Runs in each worker's process; a closure, so that it travels by value."""
        import asyncio

        from meds3.engines.scripted import ScriptedEngine

        at_once = ScriptedEngine.generate

        async def generate(self: Any, *asked: Any) -> Any:
            await asyncio.sleep(0.15)
            return await at_once(self, *asked)

        ScriptedEngine.generate = generate  # type: ignore[method-assign]

    ray.init(
        address=cluster.address,
        log_to_driver=False,
        configure_logging=False,
        runtime_env={"worker_process_setup_hook": take_time},
    )
    config = RunConfig.model_validate(
        config_of(tmp_path, workers=2, cpus=1.0, chunk=4, at_once=2).model_dump()
        | {"problems": {"sources": [{"kind": "gym", "seeds": 200, "heldout": 6}]}}
        | {"search": {"max_nodes": 24, "rollout_base": 8, "rollout_min": 8}}
    )
    journal = config.run_path / "journal.sqlite"
    shards = [config.run_path / "shards" / f"{number}.sqlite" for number in (0, 1)]
    killed_at = 0

    def kill_half_way() -> None:
        nonlocal killed_at
        while killed_at < 100 or not all(finished(shard) for shard in shards):
            time.sleep(0.02)
            killed_at = finished(journal)
            if killed_at == 200:
                return
        cluster.remove_node(second, allow_graceful=False)

    killer = threading.Thread(target=kill_half_way)
    killer.start()
    try:
        stats = search(config)
    finally:
        killer.join()
        ray.shutdown()
        cluster.shutdown()
    assert 100 <= killed_at < 200
    assert (stats.trees, stats.failed) == (200, 0)
    found = trees(journal)
    assert len(found) == 200
    assert all(trees(shard) for shard in shards)
    assert all(stopped for stopped, _, _ in found.values())
    with sqlite3.connect(journal) as db:
        assert db.execute("SELECT COUNT(*) - COUNT(DISTINCT key) FROM calls").fetchone() == (0,)
