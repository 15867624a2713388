"""Is the simulator right? Its time beside that of real searches of the same configurations.

    python benchmarks/simulator_check.py configs/cpu-demo.yaml

The engine is measured as `meds3 simulate --measure` does it. Then every configuration is searched
for real, and predicted twice: from its own answers (the same calls, so that what is off is the
model of the engine) and from the answers of the first configuration alone, copied as often as
wanted (what somebody has who plans a larger run). Prints a table and a last line of JSON.
Needs `pip install 'meds3[cpu]'`.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import tempfile
import time
from pathlib import Path
from typing import Any

from search_bench import report, table

from meds3.engines.build import build_engine, cache_block
from meds3.engines.models import ensure_model
from meds3.evolution.config import RunConfig, load_config
from meds3.evolution.evolve import search_only
from meds3.evolution.policies import base_policy
from meds3.evolution.simulation.curve import Curve, measured
from meds3.evolution.simulation.simulate import Workload, simulate, workload_of
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal
from meds3.runs.manifest import hardware

# Problems, and what is set beside the config. The first is what the others are planned from.
CONFIGURATIONS: dict[str, tuple[int, tuple[str, ...]]] = {
    "24 problems": (24, ()),
    "60 problems": (60, ()),
    "60 problems, 16 sequences at once": (60, ("engine.max_sequences=16",)),
    "24 problems, 3 trees at a time": (24, ("search.trees_in_flight=3",)),
    "60 problems, two replicas of a thread": (
        60,
        ("engine.threads=1", "executor=ray", "ray.workers=2", "ray.chunk=2"),
    ),
}


class Quiet:
    """Watches nothing."""

    def stage(self, name: str, state: str) -> None: ...

    def progress(self, done: float, total: float, unit: str, note: str = "") -> None: ...


def config_of(
    path: Path, folder: Path, number: int, problems: int, changes: tuple[str, ...]
) -> RunConfig:
    """The config with so many seeds, whatever its sources hold."""
    config = load_config(path, [f"name=check-{number}", f"runs_dir={folder}", *changes])
    source = config.problems.sources[0].model_copy(update={"seeds": problems})
    return config.model_copy(
        update={"problems": config.problems.model_copy(update={"sources": (source,)})}
    )


async def curve_of(config: RunConfig, workload: Workload) -> Curve:
    """The engine's curve on a fresh engine, from calls of the first search."""
    policy = base_policy(ensure_model(config.model), config.engine)
    engine = build_engine(config.engine, policy.served)
    try:
        return await measured(engine, workload.recorded.calls, cache_block(config.engine))
    finally:
        await engine.close()


def searched(config: RunConfig) -> tuple[float, int]:
    """Seconds and tokens of a real search, from its first call to its last: without loading."""
    stats = asyncio.run(search_only(config, Quiet()))
    with Journal(RunDirectory(config.run_path).journal_path, read_only=True) as journal:
        totals = journal.call_totals()["round-1/search"]
    return totals["last"] - totals["first"], stats.tokens


async def check(path: Path, folder: Path, only: list[str]) -> dict[str, Any]:
    """Measure, search, predict."""
    rows, first = [], None
    curves: dict[int | None, Curve] = {}
    for number, (name, (problems, changes)) in enumerate(CONFIGURATIONS.items()):
        if only and name not in only:
            continue
        config = config_of(path, folder, number, problems, changes)
        seconds, tokens = await asyncio.to_thread(searched, config)
        own = await asyncio.to_thread(workload_of, RunDirectory(config.run_path))
        first, threads = first or own, config.engine.threads
        if threads not in curves:
            curves[threads] = await curve_of(config, own)
            told = curves[threads].model_dump_json()
            print(f"# {told}", flush=True)
            (folder / f"engine-{threads or 'all'}.json").write_text(told)
        replicas = config.ray.workers if config.executor == "ray" else 1
        planned = dataclasses.replace(first, config=config.search)
        began = time.perf_counter()
        curve = curves[threads].model_copy(update={"capacity": config.engine.max_sequences})
        same = await asyncio.to_thread(simulate, own, curve, replicas=replicas)
        other = await asyncio.to_thread(
            simulate, planned, curve, replicas=replicas, problems=problems
        )
        print(f"# {name}: {seconds:.1f} s, simulated in {time.perf_counter() - began:.1f} s")
        rows.append(
            {
                "": name,
                "trees": len(own.problems),
                "tokens": tokens,
                "measured s": round(seconds, 1),
                "predicted s, own answers": round(same.seconds, 1),
                "ratio": round(same.seconds / seconds, 2),
                "predicted s, planned": round(other.seconds, 1),
                "planned ratio": round(other.seconds / seconds, 2),
                "planned tokens": other.tokens,
            }
        )
    print(table(rows))
    return {"benchmark": "simulator_check", "rows": rows, "hardware": hardware()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("config", type=Path, nargs="?", default=Path("configs/cpu-demo.yaml"))
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--keep", type=Path, help="a folder for the runs and the engine's curve")
    given = parser.parse_args()
    if given.keep is not None:
        given.keep.mkdir(parents=True)
        report(check(given.config, given.keep, given.only))
        return
    with tempfile.TemporaryDirectory() as folder:
        report(check(given.config, Path(folder), given.only))


if __name__ == "__main__":
    main()
