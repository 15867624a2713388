"""`meds3 rescore`: another PRM, other rules or other strategies over kept candidates."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from meds3.cli.common import Overrides, console
from meds3.cli.watch import Watch
from meds3.errors import InputError

if TYPE_CHECKING:
    from meds3.evolution.suites.rescoring import Rescored


def rescore(
    target: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run directory, or one file of its eval/.")
    ],
    prm: Annotated[Path | None, typer.Option(help="Score the steps with this PRM instead.")] = None,
    rules: Annotated[
        bool, typer.Option("--rules", help="Read and judge the answers again, by today's rules.")
    ] = False,
    mirrors: Annotated[
        bool, typer.Option("--mirrors", help="Show the rules of other projects beside ours.")
    ] = False,
    strategies: Annotated[
        str | None, typer.Option(help="Comma-separated: greedy,majority,pvs,best-of-n/min,…")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="What the new files and systems are called: SYSTEM@LABEL.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    overrides: Overrides = None,
) -> None:
    """Score candidates that were kept once more; nothing is generated, no file is replaced.

    Example: `meds3 rescore runs/paper-embedded-n16 --prm runs/cpu-real/round-2/prm`

    The PRM is read by the scorer of the run's config: `--set scorer.kind=vllm` is another.

    Example: `meds3 rescore runs/cpu-demo --strategies majority,vote-mean/last --mirrors`
    """
    from meds3.evaluation.config import EvaluationConfig
    from meds3.evolution.suites.rescoring import check_label, rescore_kept
    from meds3.selection.rules import check_strategy

    if not target.exists():
        raise InputError(f"{target}: no such run or file", "see runs/")
    asked = [check_strategy(name.strip()) for name in (strategies or "").split(",") if name.strip()]
    config = EvaluationConfig(seed=seed)
    if asked:
        config = config.model_copy(update={"strategies": tuple(asked)})
    name = check_label(label or (f"{prm.resolve().parent.name}-prm" if prm else "rules"))
    with Watch(console) as watch:
        found = asyncio.run(
            rescore_kept(
                target,
                name,
                watch,
                prm=prm,
                overrides=overrides or (),
                rules=rules,
                config=config,
            )
        )
    _show(found, target, config.strategies, seed, mirrors)


def _show(
    found: Rescored, target: Path, strategies: tuple[str, ...], seed: int, mirrors: bool
) -> None:
    from meds3.evaluation.config import EvaluationConfig
    from meds3.evaluation.cost_curve import cost_curve
    from meds3.evaluation.measure import rows
    from meds3.evaluation.mirror_scores import mirror_rows
    from meds3.evaluation.report.suite_tables import curve_table, mirror_table
    from meds3.evaluation.report.table import rows_table

    config = EvaluationConfig(strategies=strategies, seed=seed)
    if found.results is not None:
        from meds3.cli.suite import show_suite

        show_suite(found.results, target, mirrors=mirrors)
    else:
        measured = [row for one in found.evaluations for row in rows(one, config)]
        console.print(rows_table(measured, f"{target}: kept candidates"))
        console.print(
            curve_table([p for one in found.evaluations for p in cost_curve(one, config)])
        )
        if mirrors:
            told = [m for one in found.evaluations for m in mirror_rows(one, found.problems)]
            console.print(mirror_table(told))
    for (before, now), count in sorted(found.changes.items()):
        console.print(f"{count} verdicts: {before.value} → {now.value}", highlight=False)
    for path in found.files:
        console.print(f"candidates: {path}", highlight=False, soft_wrap=True)
