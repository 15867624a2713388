"""`report.md`: the report's words and tables without its figures, for a repository or a mail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from meds3 import SAFETY_NOTE
from meds3.evaluation.report import quality_words as words
from meds3.evaluation.report import table
from meds3.evaluation.report.dataset_plot import shown_baselines, shown_lines
from meds3.evaluation.report.measure_sheets import SECTIONS, measure_sheets
from meds3.evaluation.report.tiles import tiles
from meds3.evaluation.report.words import asked_where, caveats, headline
from meds3.evaluation.results import Results, Row
from meds3.runs import atomic


def markdown(results: Results) -> str:
    """The page as Markdown; what models and users wrote stays on its line and in its cell."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("meds3.evaluation.report", "."),
        autoescape=False,  # noqa: S701 (Markdown; `line` and `_sheet` escape)
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    row_macros = table.macro_columns(results.rows)
    comparison_macros = table.macro_columns(results.comparisons)
    environment.filters["line"] = _line
    environment.filters["cells"] = lambda row: table.cells(row, row_macros)
    environment.filters["comparison_cells"] = lambda c: table.comparison_cells(c, comparison_macros)
    lines = shown_lines(results)
    kinds = list(results.data[0].rows) if results.data else []
    return environment.get_template("report.md.j2").render(
        results=results,
        safety=SAFETY_NOTE,
        tiles=tiles(results),
        headline=headline(results),
        caveats=caveats(results),
        where=asked_where(results),
        hardware=table.hardware(results.hardware),
        headings=table.headings(row_macros),
        comparison_headings=table.comparison_headings(comparison_macros),
        dataset_headings=("dataset", "n", *map(_named, lines), *shown_baselines(results)),
        dataset_rows=_dataset_rows(results, lines),
        ledger_headings=(
            *("dataset", "domain", "licence", "seeds", "held out"),
            *(f"{kind} rows" for kind in kinds),
        ),
        ledger_rows=[
            (
                *(one.name, ", ".join(map(table.domain_name, one.domains)), one.licence),
                *(one.seeds, one.heldout, *one.rows.values()),
            )
            for one in results.data
        ],
        measures=measure_sheets(results),
        measure_titles=SECTIONS,
        quality=words.of_own_chains(results),
        in_words=words.in_words,
        sheet=_sheet,
    )


def _named(row: Row) -> str:
    return f"{row.system}, {table.strategy_name(row)}"


def _dataset_rows(results: Results, lines: Sequence[Row]) -> list[tuple[str, ...]]:
    """A line per dataset: the strongest base, the kept rounds, the baselines."""
    by_key = {(g.group, g.system, g.strategy): g for g in results.by_dataset}
    baselines = shown_baselines(results).values()
    rows = []
    for name, n in sorted({g.group: g.n_questions for g in results.by_dataset}.items()):
        groups = [by_key.get((name, row.system, row.strategy)) for row in lines]
        found = [*groups, *(ones.get(name) for ones in baselines)]
        shares = [f"{table.percent(g.accuracy)} ({table.limits(g)})" if g else "–" for g in found]
        rows.append((name, str(n), *shares))
    return rows


def _line(text: object) -> str:
    """Text as one line of Markdown that starts no tag (`p < 0.001` starts none)."""
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", " ".join(str(text).split()))


def _sheet(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    cells = ([_line(cell).replace("|", r"\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def write_markdown(path: Path, results: Results) -> None:
    """Write `report.md` whole or not at all."""
    atomic.write_text(path, markdown(results))
