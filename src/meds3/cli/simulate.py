"""`meds3 simulate`: what a search would take on more replicas, or with more problems."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from meds3.cli.common import Overrides, console

if TYPE_CHECKING:
    from meds3.evolution.simulation.curve import Asked
    from meds3.runs.directory import RunDirectory


def simulate(
    run: Annotated[Path, typer.Argument(help="a run that has searched: its calls are the work")],
    engine: Annotated[
        Path, typer.Option(help="what one replica takes (JSON); `--measure` writes it")
    ] = Path("engine.json"),
    problems: Annotated[
        int | None, typer.Option(min=1, help="copies of the run's own; default: as many as it has")
    ] = None,
    replicas: Annotated[str, typer.Option(help="numbers of replicas, separated by commas")] = "1",
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure the run's engine here, write it to --engine.")
    ] = False,
    overrides: Overrides = None,
) -> None:
    """Predict the time of a search: the real scheduler over a modelled engine.

    The engine is six numbers: seconds of a step, seconds more for each sequence in it, prompt
    tokens a second, tokens of a block of its cache, sequences at once, and what a call over HTTP
    costs the driver. The answers are those of
    the run's first search, its problems are copied as often as wanted, and the time that the
    driver works counts.

    Example: `meds3 simulate runs/cpu-demo --measure`, then
    `meds3 simulate runs/cpu-demo --problems 8000 --replicas 1,2,4,8,16,32,64`
    """
    from meds3.errors import InputError
    from meds3.evolution.simulation.curve import read_curve
    from meds3.evolution.simulation.simulate import simulate as simulated
    from meds3.evolution.simulation.simulate import workload_of
    from meds3.runs.directory import RunDirectory

    numbers = [part.strip() for part in replicas.split(",")]
    if not all(part.isdigit() and int(part) for part in numbers):
        raise InputError(f"--replicas {replicas}: expected numbers", "for example 1,2,4,8")
    directory = RunDirectory.existing(run)
    with console.status("reading the run's search"):
        workload = workload_of(directory)
    if measure:
        _measure(directory, workload.recorded.calls, engine, overrides or ())
    curve = read_curve(engine)
    console.print(
        f"{curve.engine}: a step {1000 * curve.step_s:.1f} ms + {1000 * curve.sequence_s:.2f} ms a "
        f"sequence, {curve.prompt_per_s:,.0f} prompt tokens/s, {curve.capacity} at once",
        highlight=False,
    )
    table = Table(title=f"{run}: round 1, simulated", title_justify="left")
    for heading in (
        "replicas", "problems", "hours", "tokens/s", "replicas busy", "driver busy",
        "replica-hours", "strayed",
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    for number in map(int, numbers):
        with console.status(f"{number} replicas"):
            found = simulated(workload, curve, replicas=number, problems=problems)
        table.add_row(
            str(number),
            f"{found.problems:,}",
            f"{found.seconds / 3600:.3f}",
            f"{found.tokens_per_s:,.0f}",
            f"{found.engine_busy:.0%}",
            f"{found.driver_s / found.seconds:.0%}",
            f"{found.replica_hours:.2f}",
            f"{found.strayed:.0%}",
        )
    console.print(table)


def _measure(
    run: RunDirectory, calls: Sequence[Asked], file: Path, overrides: Sequence[str]
) -> None:
    from meds3.engines.build import build_engine, cache_block
    from meds3.engines.models import ensure_model
    from meds3.evolution.config import changed
    from meds3.evolution.outcome import config_of
    from meds3.evolution.policies import base_policy
    from meds3.evolution.simulation.curve import Curve, measured
    from meds3.runs.atomic import write_text

    config = config_of(run)
    given = [one.removeprefix("engine.") for one in overrides]
    settings = changed(config.engine, given)
    policy = base_policy(ensure_model(config.model), settings)

    async def work() -> Curve:
        engine = build_engine(settings, policy.served)
        try:
            over_http = settings.kind in ("vllm", "openai")
            return await measured(engine, calls, cache_block(settings), over_http=over_http)
        finally:
            await engine.close()

    with console.status("measuring the engine: a minute or two"):
        write_text(file, asyncio.run(work()).model_dump_json(indent=2) + "\n")
    console.print(f"written: {file}", highlight=False)
