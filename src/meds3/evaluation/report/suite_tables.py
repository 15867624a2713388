"""The tables of a suite for the console."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from meds3.evaluation.report.table import accuracy_cell, interval, percent, points
from meds3.evaluation.results import Results
from meds3.evaluation.results_measures import BenchmarkEntry, CurvePoint, MirrorRow

if TYPE_CHECKING:
    from rich.table import Table


def benchmark_table(results: Results) -> Table:
    """A line per benchmark, system and strategy: accuracy with interval, standard error, overlap.

    `clean`: accuracy on the questions that overlap no seed; `rules`: highest less lowest accuracy
    of the same answers over all scoring rules.
    """
    table = _table(
        "benchmarks",
        "system",
        "strategy",
        "accuracy",
        "SE",
        "overlap",
        "clean",
        "rules",
        first="benchmark (n)",
    )
    entries = {entry.name: entry for entry in results.benchmarks}
    clean = {(g.group, g.system, g.strategy): g for g in results.clean_by_dataset}
    spreads = {(m.dataset, m.system, m.strategy): m.spread for m in results.mirrors}
    for name in sorted({group.group for group in results.by_dataset}):
        table.add_section()
        rows = [group for group in results.by_dataset if group.group == name]
        for i, row in enumerate(rows):
            key = (row.group, row.system, row.strategy)
            table.add_row(
                f"{name} ({row.n_questions})" if i == 0 else "",
                row.system,
                row.strategy,
                accuracy_cell(row),
                "–" if row.standard_error is None else f"{100 * row.standard_error:.1f}",
                _overlap(entries.get(name)),
                percent(clean[key].accuracy) if key in clean else "–",
                f"{100 * spreads[key]:.1f}" if key in spreads else "–",
            )
    table.caption = "W: Wilson's interval, where all answers are alike and nothing can be resampled"
    return table


def curve_table(curve: Sequence[CurvePoint]) -> Table:
    """Accuracy over the number of chains, a column per strategy; tokens per question beside it."""
    strategies = list(dict.fromkeys(point.strategy for point in curve))
    table = _table("accuracy at equal tokens", "chains", "tokens", *strategies, first="system")
    for system in dict.fromkeys(point.system for point in curve):
        table.add_section()
        points_here = [p for p in curve if p.system == system]
        greedy = [p for p in points_here if p.strategy == "greedy"]
        rest = [p for p in points_here if p.strategy != "greedy"]
        sizes = sorted({point.n_samples for point in rest})
        for label, group in (
            *(("greedy", [p]) for p in greedy),
            *((str(size), [p for p in rest if p.n_samples == size]) for size in sizes),
        ):
            found = {p.strategy: percent(p.accuracy) for p in group}
            cells = [found.get(strategy, "") for strategy in strategies]
            table.add_row(system, label, f"{group[0].tokens:,.0f}", *cells)
    return table


def mirror_table(mirrors: Sequence[MirrorRow]) -> Table:
    """The share right under every scoring rule, and the spread."""
    rules = list(mirrors[0].shares) if mirrors else []
    table = _table(
        "the same answers by several scoring rules",
        "system",
        "strategy",
        *rules,
        "spread",
        first="dataset (n)",
    )
    for row in mirrors:
        shares = ("–" if s is None else percent(s) for s in row.shares.values())
        name = f"{row.dataset} ({row.n_questions})"
        table.add_row(name, row.system, row.strategy, *shares, f"{100 * row.spread:.1f}")
    return table


def order_table(results: Results) -> Table:
    """How often the same question gets the same option in another order."""
    table = _table(
        "the same questions, options permuted",
        "system",
        "strategy",
        "orders",
        "agreement",
        "always the same",
        "accuracy",
        "permuted",
        first="benchmark (n)",
    )
    for row in results.option_order:
        table.add_row(
            f"{row.dataset} ({row.n_questions})",
            row.system,
            row.strategy,
            str(row.orders),
            f"{percent(row.agreement)} ({interval(row.low, row.high)})",
            percent(row.always_same),
            percent(row.accuracy),
            f"{percent(row.accuracy_permuted)} ({points(row.accuracy_permuted - row.accuracy)})",
        )
    return table


def told(results: Results) -> Iterator[str]:
    """What a reader must know and no table shows."""
    for entry in results.benchmarks:
        if entry.missing:
            yield f"not asked: {entry.name}: {entry.missing}"
        elif entry.contamination and entry.contamination.n_overlapping:
            rules = ", ".join(f"{n} {rule}" for rule, n in entry.contamination.by_rule.items())
            yield f"{entry.name}: {entry.contamination.share:.1%} overlap a seed ({rules})"
        if entry.note and not entry.missing:
            yield f"{entry.name}: {entry.note}"


def _overlap(entry: BenchmarkEntry | None) -> str:
    if entry is None or entry.contamination is None:
        return "?"
    return percent(entry.contamination.share)


def _table(title: str, *headings: str, first: str) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column(first)
    for heading in headings:
        left = heading in ("system", "strategy")
        table.add_column(heading, justify="left" if left else "right", no_wrap=not left)
    return table
