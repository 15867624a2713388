"""The one table of results, for the console and for the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from meds3.evaluation.results import Comparison, Results, Row

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = (
    "system", "strategy", "n", "accuracy", "95% interval", "unparsable", "chains unread",
    "tokens", "seconds", "prompt",
)  # fmt: skip
COMPARISON_HEADINGS = (
    "a", "b", "n", "a − b", "95% interval", "p (McNemar)", "only a : only b", "cost a", "cost b",
)  # fmt: skip


def percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def points(difference: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{100 * difference:+.1f}"


def p_value(p: float) -> str:
    """Three decimals, or a bound below 0.001: never `0.000`."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def interval(low: float, high: float) -> str:
    return f"{100 * low:.1f} – {100 * high:.1f}"


def cells(row: Row) -> tuple[str, ...]:
    """One line of the table, in the order of `HEADINGS`."""
    samples = f" ({row.n_samples})" if row.n_samples > 1 else ""
    return (
        row.system,
        f"{row.strategy}{samples}",
        str(row.n_questions),
        percent(row.accuracy),
        interval(row.low, row.high),
        percent(row.share_unparsable),
        percent(row.share_candidates_unparsable),
        f"{row.tokens:,}",
        f"{row.seconds:,.0f}",
        row.prompt_style,
    )


def comparison_cells(c: Comparison) -> tuple[str, ...]:
    """One paired comparison, in the order of `COMPARISON_HEADINGS`."""
    return (
        f"{c.a.system} {c.a.strategy}",
        f"{c.b.system} {c.b.strategy}",
        str(c.n),
        points(c.difference),
        f"{points(c.low)} – {points(c.high)}",
        p_value(c.p_mcnemar),
        f"{c.only_a} : {c.only_b}",
        f"{c.a.cost.tokens:,} tok, {c.a.cost.seconds:,.0f} s",
        f"{c.b.cost.tokens:,} tok, {c.b.cost.seconds:,.0f} s",
    )


def to_table(results: Results) -> Table:
    """The console's table; the report shows the same cells."""
    return rows_table(results.rows, f"{results.run}: held-out problems")


def rows_table(rows: Sequence[Row], title: str) -> Table:
    """A line per system and strategy, the systems set apart; fits 80 columns."""
    headings = ("system", "strategy", "n", "accuracy", "unparsable", "tokens", "seconds")
    table = _table(title, headings, left={"system", "strategy"})
    for before, row in zip([None, *rows], rows, strict=False):
        if before is not None and before.system != row.system:
            table.add_section()
        system, strategy, n, accuracy, limits, unparsable, _, tokens, seconds, _ = cells(row)
        right = f"{accuracy} ({limits})"
        table.add_row(system, strategy, n, right, unparsable, tokens, seconds)
    return table


def comparison_table(results: Results) -> Table:
    """The paired comparisons; the cost of either side is in the table above."""
    headings = ("a", "b", "n", "a − b", "p", "only a : b")
    table = _table("paired on the same questions", headings, left={"a", "b"})
    for comparison in results.comparisons:
        a, b, n, difference, limits, p, only, _, _ = comparison_cells(comparison)
        table.add_row(a, b, n, f"{difference} ({limits})", p, only)
    return table


def _table(title: str, headings: Sequence[str], left: set[str]) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for heading in headings:
        numeric = heading not in left
        table.add_column(heading, justify="right" if numeric else "left", no_wrap=not numeric)
    return table
