"""Two runs side by side, for the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds3.evaluation.comparing import RunComparison
from meds3.evaluation.report.table import p_value, percent, points
from meds3.evaluation.results import Comparison

if TYPE_CHECKING:
    from rich.table import Table


def comparison_of_runs_table(found: RunComparison) -> Table:
    """A line per dataset, then all questions, then the macro averages."""
    from rich.table import Table

    table = Table(title=f"{found.a} − {found.b}, paired", title_justify="left")
    table.add_column("dataset")
    for heading in ("n", "a", "b", "a − b", "95% interval", "p", "p (Holm)", "only a : b"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in found.datasets:
        table.add_row(one.dataset, *_cells(one.comparison, p_value(one.p_holm)))
    table.add_section()
    table.add_row("all questions", *_cells(found.overall, ""), style="bold")
    macros = (("macro", found.overall.macro), ("macro, sets ≥ 100", found.overall.macro_large))
    for label, macro in macros:
        if macro is not None:
            limits = f"{points(macro.low)} to {points(macro.high)}"
            cells = (f"{macro.datasets} sets", "", "", points(macro.difference), limits)
            table.add_row(label, *cells, p_value(macro.p_value), "", "")
    return table


def _cells(c: Comparison, p_holm: str) -> tuple[str, ...]:
    return (
        str(c.n),
        percent(c.a.accuracy),
        percent(c.b.accuracy),
        points(c.difference),
        f"{points(c.low)} to {points(c.high)}",
        p_value(c.p_mcnemar),
        p_holm,
        f"{c.only_a} : {c.only_b}",
    )
