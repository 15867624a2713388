"""`meds3 evolve`: the whole loop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from meds3.cli.common import CallsFrom, ConfigPath, Overrides, console
from meds3.cli.watch import Watch


def evolve(
    config: ConfigPath,
    overrides: Overrides = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            "--plan",
            help="Check the config, print the plan with calls, time and disk and what is missing "
            "on this machine, and leave with 0.",
        ),
    ] = False,
    rates: Annotated[
        Path | None,
        typer.Option(help="With --plan: a finished run whose speed on this machine is taken."),
    ] = None,
    calls_from: CallsFrom = None,
) -> None:
    """Search, learn, measure, keep or roll back: round after round.

    Ctrl-C stops it; the same command resumes. A finished run says so.

    Example: `meds3 evolve configs/cpu-demo.yaml --set rounds=1 --set name=short`

    Another recipe on the same search: `--set name=b --set prm.labels=soft --calls-from runs/a`
    """
    from meds3.evaluation.report.table import comparison_table, to_table
    from meds3.evolution.config import load_config
    from meds3.evolution.evolve import evolve as run_evolution
    from meds3.evolution.evolve import finished
    from meds3.evolution.plan import plan, plan_table
    from meds3.evolution.rates import TWO_CORES, rates_of
    from meds3.runs.directory import RunDirectory

    settings = load_config(config, overrides or ())
    if dry_run:
        planned = plan(settings, rates_of(RunDirectory.existing(rates)) if rates else TWO_CORES)
        console.print(plan_table(planned))
        if planned.missing:
            console.print(f"not on this machine: {', '.join(planned.missing)}", highlight=False)
            console.print("to fetch: meds3 model pull, meds3 problems pull", highlight=False)
        return
    run = RunDirectory(settings.run_path)
    if (results := finished(settings)) is not None:
        console.print(f"{run.root} is finished: nothing to do. Report: {run.report_path}")
        console.print(to_table(results))
        return
    with Watch(console) as watch:
        try:
            results = asyncio.run(run_evolution(settings, watch, calls_from))
        except KeyboardInterrupt:
            console.print(f"[bold]stopped[/]: {run.root} is kept, the same command resumes")
            raise
    console.print(to_table(results))
    console.print(comparison_table(results))
    console.print(f"report: {run.report_path}   results: {run.results_path}")
    console.print(f'try it: meds3 ask --run {run.root} "your question"')
