"""`meds3 evaluate`: measure a policy on the held-out problems of a config, or on a suite."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from meds3.cli.common import Overrides, console
from meds3.cli.watch import Watch
from meds3.errors import InputError


def evaluate(
    config: Annotated[
        Path | None, typer.Argument(metavar="[CONFIG]", help="A YAML file; see configs/.")
    ] = None,
    system: Annotated[
        str, typer.Option(help="`kept`: the policy the run has reached; `base`: its base model.")
    ] = "kept",
    suite: Annotated[
        str | None,
        typer.Option(help="paper, out-of-domain, extra, gym or a YAML file, instead of a CONFIG."),
    ] = None,
    model: Annotated[
        str,
        typer.Option(help="Suite: `embedded`, a run, an export, a GGUF file, a Hugging Face id."),
    ] = "embedded",
    prm: Annotated[
        Path | None, typer.Option(help="Suite: a PRM folder; a run brings its own.")
    ] = None,
    n: Annotated[int | None, typer.Option("--n", "-n", min=1, help="Chains per question.")] = None,
    strategies: Annotated[
        str | None, typer.Option(help="Comma-separated: greedy,majority,pvs,best-of-n/min,…")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Suite: questions per benchmark, drawn by digest.")
    ] = None,
    orders: Annotated[
        int, typer.Option(min=0, help="Suite: ask again in so many other orders of the options.")
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Suite: the folder; runs/SUITE-MODEL-nN by default.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Suite: of sampling and of the bootstrap.")] = 0,
    skip_missing: Annotated[
        bool, typer.Option("--skip-missing", help="Suite: go on without files that are not here.")
    ] = False,
    accept_changed: Annotated[
        bool, typer.Option("--accept-changed", help="Suite: also files of another sha256.")
    ] = False,
    overrides: Overrides = None,
) -> None:
    """Ask the held-out problems of a config, or a suite; print accuracy with interval and cost.

    Chains asked before come from the journal and cost nothing: the same command resumes.
    With --suite, --set changes how questions are answered (`--set temperature=0.6`), and
    `--set executor=ray` asks them on the workers of a cluster (`--set ray.workers=8`).

    Example: `meds3 evaluate --suite paper --model runs/cpu-demo --n 16 --strategies greedy,pvs`

    Example: `meds3 evaluate configs/cpu-demo.yaml --system base -n 4 --strategies greedy,majority`
    """
    from meds3.selection.rules import check_strategy

    if (config is None) == (suite is None):
        raise InputError(
            "give either a CONFIG or --suite",
            "meds3 evaluate configs/cpu-demo.yaml, or meds3 evaluate --suite paper --model …",
        )
    asked = [check_strategy(name.strip()) for name in (strategies or "").split(",") if name.strip()]
    if suite is not None:
        from meds3.cli.suite import run_suite

        numbers = [f"n={n}"] if n else []
        run_suite(
            suite,
            model,
            prm=prm,
            overrides=[*(overrides or ()), *numbers],
            strategies=asked,
            limit=limit,
            orders=orders,
            out=out,
            seed=seed,
            skip_missing=skip_missing,
            accept_changed=accept_changed,
        )
    elif config is not None:
        _heldout(config, system, n, asked, overrides or [])


def _heldout(
    config: Path, system: str, n: int | None, strategies: list[str], overrides: list[str]
) -> None:
    from meds3.evaluation.report.table import rows_table
    from meds3.evolution.config import load_config
    from meds3.evolution.evaluating import evaluate as run_evaluation

    if system not in ("kept", "base"):
        raise InputError(f"--system {system}: expected kept or base")
    settings = load_config(config, overrides)
    with Watch(console) as watch:
        _, rows, path = asyncio.run(
            run_evaluation(settings, system, watch, n, strategies)  # type: ignore[arg-type]  # checked
        )
    console.print(rows_table(rows, f"{settings.run_path}: held-out problems"))
    console.print(f"candidates: {path}", highlight=False)
