"""The four figures a reader wants first, as the report shows them at its top."""

from __future__ import annotations

from dataclasses import dataclass

from meds3.evaluation.report import table
from meds3.evaluation.report.dataset_plot import shown_lines, strongest_base
from meds3.evaluation.results import Comparison, Results, Row


@dataclass(frozen=True)
class Tile:
    """A large figure, what it is, and its interval or its cost in small print."""

    figure: str
    label: str
    small: str


def tiles(results: Results) -> list[Tile]:
    """The last kept round, the strongest base, the difference, and the cost of an answer."""
    lines, base = shown_lines(results), strongest_base(results)
    if not lines:
        return []
    last = lines[-1]
    if base is None or len(lines) < 2:  # one model: what its votes gain over a single chain
        base = next(
            (r for r in results.rows if (r.system, r.strategy) == (last.system, "greedy")), None
        )
    if base is None or base == last:
        return [_accuracy(last), _cost(last)]
    found = [_accuracy(last), _accuracy(base)]
    if (test := _between(results, last, base)) is not None:
        shown = test.macro or test
        limits = f"{table.points(shown.low)} to {table.points(shown.high)}"
        p = table.p_value(test.macro.p_value if test.macro else test.p_mcnemar)
        found.append(
            Tile(
                f"{table.points(shown.difference)} points",
                f"{_apart(last, base)}, the same questions",
                f"95% interval {limits}; p {p if p.startswith('<') else f'= {p}'}",
            )
        )
    return [*found, _cost(last)]


def _cost(row: Row) -> Tile:
    tokens, seconds = (total / row.n_questions for total in (row.tokens, row.seconds))
    return Tile(f"{tokens:,.0f} tokens", "an answer costs", f"{seconds:.1f} s on this machine")


def _apart(a: Row, b: Row) -> str:
    """The two by what sets them apart."""
    return f"{a.system} − {b.system}" if a.system != b.system else f"{a.strategy} − {b.strategy}"


def _accuracy(row: Row) -> Tile:
    shown = row.macro or row
    mean = f"mean of {row.macro.datasets} datasets, " if row.macro else ""
    return Tile(
        table.percent(shown.accuracy),
        f"{row.system}, {table.strategy_name(row)}",
        f"{mean}95% interval {table.interval(shown.low, shown.high)}; {row.n_questions} questions",
    )


def _between(results: Results, a: Row, b: Row) -> Comparison | None:
    wanted = (a.system, a.strategy, b.system, b.strategy)
    sides = ((c, (c.a.system, c.a.strategy, c.b.system, c.b.strategy)) for c in results.comparisons)
    return next((c for c, found in sides if found == wanted), None)
