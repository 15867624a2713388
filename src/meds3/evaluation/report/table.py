"""The one table of results, for the console and for the report."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from meds3.evaluation.results import Comparison, GroupRow, Results, Row
from meds3.evaluation.results_measures import SliceRow
from meds3.evaluation.results_parts import Macro, MacroDifference
from meds3.evaluation.statistics.macro import LARGE

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = (
    "system", "strategy", "n", "accuracy", "95% interval", "unparsable", "chains unread",
    "tokens", "seconds", "prompt",
)  # fmt: skip
COMPARISON_HEADINGS = (
    "a", "b", "n", "a − b", "95% interval", "p (McNemar)", "p (Holm)",
    "only a : b", "tokens a : b", "seconds a : b",
)  # fmt: skip


def percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def points(difference: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{100 * difference:+.1f}".replace("-", "−")


def p_value(p: float) -> str:
    """Three decimals, or a bound below 0.001: never `0.000`."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def domain_name(domain: str) -> str:
    """`long_context_qa` as people write it."""
    words = domain.split("_")
    return " ".join(word.upper() if word in ("qa", "nli") else word for word in words)


def interval(low: float, high: float) -> str:
    return f"{100 * low:.1f} – {100 * high:.1f}"


class _Interval(Protocol):
    """A row of results; some kinds have `wilson_low` and `wilson_high` too."""

    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def bounds(row: _Interval) -> tuple[float, float, bool]:
    """The row's interval, and whether it is Wilson's.

    Where all answers are alike nothing can be resampled: the bootstrap interval is a point, which
    three questions do not deserve.
    """
    low, high = row.low, row.high
    others = getattr(row, "wilson_low", None), getattr(row, "wilson_high", None)
    if low < high or others[0] is None or others[1] is None:
        return low, high, False
    return others[0], others[1], True


def limits(row: _Interval) -> str:
    """The interval of `bounds`; Wilson's is marked W."""
    low, high, is_wilson = bounds(row)
    return f"{interval(low, high)}{' W' if is_wilson else ''}"


def accuracy_cell(row: GroupRow | SliceRow) -> str:
    """Accuracy with its interval."""
    return f"{percent(row.accuracy)} ({limits(row)})"


def hardware(found: Mapping[str, Any]) -> dict[str, str]:
    """The machine for people: bytes as GiB."""
    return {
        key.removesuffix("_bytes"): f"{value / 2**30:.1f} GiB"
        if key.endswith("_bytes")
        else str(value)
        for key, value in found.items()
    }


def macro_columns(rows: Sequence[Row | Comparison]) -> dict[str, str]:
    """Field to heading of the macro averages that say something of their own here."""
    found: dict[str, str] = {}
    for one in rows:
        if one.macro is not None:
            found["macro"] = f"macro over {one.macro.datasets} sets"
            if one.macro_large is not None and one.macro_large.datasets < one.macro.datasets:
                found["macro_large"] = f"over {one.macro_large.datasets} sets of ≥ {LARGE}"
    return found


def _macro(one: Macro | MacroDifference | None) -> str:
    if one is None:
        return "–"
    if isinstance(one, Macro):
        return f"{percent(one.accuracy)} ({interval(one.low, one.high)})"
    limits = f"{points(one.low)} to {points(one.high)}"
    return f"{points(one.difference)} ({limits}), p {p_value(one.p_value)}"


def headings(macros: Mapping[str, str]) -> tuple[str, ...]:
    """`HEADINGS` with the macro columns after the interval."""
    return (*HEADINGS[:5], *macros.values(), *HEADINGS[5:])


def comparison_headings(macros: Mapping[str, str]) -> tuple[str, ...]:
    """`COMPARISON_HEADINGS` with the macro columns after the p."""
    return (*COMPARISON_HEADINGS[:7], *macros.values(), *COMPARISON_HEADINGS[7:])


def strategy_name(row: Row) -> str:
    """The strategy, with the number of chains where there is more than one."""
    return f"{row.strategy} ({row.n_samples})" if row.n_samples > 1 else row.strategy


def cells(row: Row, macros: Collection[str] = ()) -> tuple[str, ...]:
    """One line of the table, in the order of `headings`."""
    return (
        row.system,
        strategy_name(row),
        str(row.n_questions),
        percent(row.accuracy),
        interval(row.low, row.high),
        *(_macro(getattr(row, name)) for name in macros),
        percent(row.share_unparsable),
        percent(row.share_candidates_unparsable),
        f"{row.tokens:,}",
        f"{row.seconds:,.0f}",
        row.prompt_style,
    )


def comparison_cells(c: Comparison, macros: Collection[str] = ()) -> tuple[str, ...]:
    """One paired comparison, in the order of `comparison_headings`."""
    return (
        f"{c.a.system} {c.a.strategy}",
        f"{c.b.system} {c.b.strategy}",
        str(c.n),
        points(c.difference),
        f"{points(c.low)} to {points(c.high)}",
        p_value(c.p_mcnemar),
        "–" if c.p_holm is None else p_value(c.p_holm),
        *(_macro(getattr(c, name)) for name in macros),
        f"{c.only_a} : {c.only_b}",
        f"{c.a.cost.tokens:,} : {c.b.cost.tokens:,}",
        f"{c.a.cost.seconds:,.0f} : {c.b.cost.seconds:,.0f}",
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


def macro_table(results: Results) -> Table | None:
    """A line per system, a column per strategy; None with fewer than two datasets."""
    names = macro_columns(results.rows)
    if not names:
        return None
    strategies = list(dict.fromkeys(row.strategy for row in results.rows))
    table = _table(f"{names['macro']}, each counted the same", ("system", *strategies), {"system"})
    for system in dict.fromkeys(row.system for row in results.rows):
        found = {row.strategy: row.macro for row in results.rows if row.system == system}
        shares = [percent(macro.accuracy) if (macro := found.get(s)) else "–" for s in strategies]
        table.add_row(system, *shares)
    return table


def comparison_table(results: Results) -> Table:
    """The paired comparisons; the cost of either side is in the table above."""
    headings = ("a", "b", "n", "a − b", "p", "only a : b")
    table = _table("paired on the same questions", headings, left={"a", "b"})
    for comparison in results.comparisons:
        a, b, n, difference, limits, p, _, only, _, _ = comparison_cells(comparison)
        table.add_row(a, b, n, f"{difference} ({limits})", p, only)
    return table


def _table(title: str, headings: Sequence[str], left: set[str]) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for heading in headings:
        numeric = heading not in left
        table.add_column(heading, justify="right" if numeric else "left", no_wrap=not numeric)
    return table
