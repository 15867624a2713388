"""What confidence is worth, for the console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from meds3.evaluation.report.table import interval, percent
from meds3.evaluation.results_measures import Reliability

if TYPE_CHECKING:
    from rich.table import Table


def reliability_table(found: Sequence[Reliability]) -> Table:
    """A line per kind of confidence."""
    table = _table("confidence", "system", "strategy", "confidence")
    for heading in ("n", "accuracy", "error (ECE)", "Brier", "AUC", "risk area", "best"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in found:
        table.add_row(
            one.system,
            one.strategy,
            one.confidence,
            str(one.n_questions),
            percent(one.accuracy),
            f"{percent(one.ece)} ({interval(one.ece_low, one.ece_high)})",
            f"{one.brier:.3f}",
            "–" if one.auc is None else f"{one.auc:.2f}",
            f"{one.aurc:.3f}",
            f"{one.aurc_best:.3f}",
        )
    return table


def coverage_table(one: Reliability) -> Table:
    """What is gained by leaving the least confident answers to a clinician."""
    title = f"{one.system}, {one.strategy}: answered only above a confidence ({one.confidence})"
    table = _table(title)
    for heading in ("abstain_below", "answered", "right of those"):
        table.add_column(heading, justify="right", no_wrap=True)
    for point in one.risk_coverage:
        table.add_row(
            f"{point.threshold:.2f}",
            f"{percent(point.coverage)} ({point.n_answered})",
            f"{percent(point.accuracy)} ({interval(point.low, point.high)})",
        )
    return table


def _table(title: str, *columns: str) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    return table
