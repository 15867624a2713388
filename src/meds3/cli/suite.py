"""What `meds3 evaluate --suite` does, and how its results are shown."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from meds3.cli.common import console
from meds3.cli.watch import Watch

if TYPE_CHECKING:
    from meds3.evaluation.results import Results


def run_suite(
    ref: str,
    model: str,
    *,
    prm: Path | None,
    overrides: Sequence[str],
    strategies: Sequence[str],
    limit: int | None,
    orders: int,
    out: Path | None,
    seed: int,
    skip_missing: bool,
    accept_changed: bool,
) -> None:
    """Ask the suite, print the tables and where everything lies."""
    from meds3.evaluation.config import EvaluationConfig
    from meds3.evaluation.suites.suite import load_suite
    from meds3.evolution.answerer import answerer_of
    from meds3.evolution.suites.asking import Request, ask_suite
    from meds3.evolution.suites.workers import workers_of
    from meds3.selection.rules import needs_scores

    suite = load_suite(ref)
    ray, rest = workers_of(overrides)
    answerer = answerer_of(model, prm=prm, overrides=rest)
    measured = EvaluationConfig(seed=seed)
    if strategies:
        measured = measured.model_copy(update={"strategies": tuple(strategies)})
    folder = out or Path("runs") / f"{suite.name}-{answerer.name}-n{answerer.settings.n}"
    request = Request(
        suite=suite,
        answerer=answerer,
        out=folder,
        measured=measured,
        limit=limit,
        orders=orders,
        skip_missing=skip_missing,
        accept_changed=accept_changed,
        ray=ray,
    )
    with Watch(console) as watch:
        results = asyncio.run(ask_suite(request, watch))
    show_suite(results, folder)
    unscored = [name for name in strategies if needs_scores(name)] if answerer.prm is None else []
    if unscored:
        console.print(
            f"not measured: {', '.join(unscored)}: {answerer.name} has no PRM to score steps; "
            "give one with --prm DIR",
            highlight=False,
            soft_wrap=True,
        )


def show_suite(results: Results, folder: Path, *, mirrors: bool = False) -> None:
    """The tables of a suite's results; `mirrors`: also every scoring rule."""
    from meds3.evaluation.report.suite_tables import (
        benchmark_table,
        curve_table,
        mirror_table,
        order_table,
        told,
    )
    from meds3.evaluation.report.table import comparison_table, macro_table, rows_table

    console.print(rows_table(results.rows, f"{folder}: all questions"))
    if (macro := macro_table(results)) is not None:
        console.print(macro)
    console.print(benchmark_table(results))
    if results.comparisons:
        console.print(comparison_table(results))
    console.print(curve_table(results.cost_curve))
    if mirrors:
        console.print(mirror_table(results.mirrors))
    if results.option_order:
        console.print(order_table(results))
    for line in told(results):
        console.print(line, highlight=False, soft_wrap=True)
    console.print(
        f"report: {folder / 'report.html'}, candidates: {folder / 'eval'}", highlight=False
    )
