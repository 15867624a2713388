"""`meds3 evaluate`: measure a policy on the held-out problems."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from meds3.cli.common import ConfigPath, Overrides, console
from meds3.cli.watch import Watch
from meds3.errors import InputError


def evaluate(
    config: ConfigPath,
    system: Annotated[
        str, typer.Option(help="`kept`: the policy the run has reached; `base`: its base model.")
    ] = "kept",
    n: Annotated[int | None, typer.Option("-n", min=1, help="Chains per question.")] = None,
    strategies: Annotated[
        str | None, typer.Option(help="Comma-separated: greedy,majority,pvs,best-of-n/min,…")
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Ask the held-out problems of a config and print accuracy with interval and cost.

    Chains asked before come from the run's journal and cost nothing.

    Example: `meds3 evaluate configs/cpu-demo.yaml --system base -n 4 --strategies greedy,majority`
    """
    from meds3.evaluation.table import rows_table
    from meds3.evolution.config import load_config
    from meds3.evolution.evaluating import evaluate as run_evaluation
    from meds3.selection.rules import check_strategy

    if system not in ("kept", "base"):
        raise InputError(f"--system {system}: expected kept or base")
    asked = [check_strategy(name.strip()) for name in (strategies or "").split(",") if name.strip()]
    settings = load_config(config, overrides or ())
    with Watch(console) as watch:
        _, rows, path = asyncio.run(
            run_evaluation(settings, system, watch, n, asked)  # type: ignore[arg-type]  # checked
        )
    console.print(rows_table(rows, f"{settings.run_path}: held-out problems"))
    console.print(f"candidates: {path}", highlight=False)
