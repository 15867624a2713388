"""`report.html`: one file that opens anywhere, needs no network and runs no script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from meds3 import SAFETY_NOTE
from meds3.evaluation.report import measure_plots, plots, quality_plots, quality_sheets, table
from meds3.evaluation.report import quality_words as words
from meds3.evaluation.report.curves import LossCurve
from meds3.evaluation.report.dataset_plot import dataset_plot
from meds3.evaluation.report.examples import Example
from meds3.evaluation.report.markdown import write_markdown
from meds3.evaluation.report.measure_sheets import SECTIONS, measure_sheets
from meds3.evaluation.report.tiles import tiles
from meds3.evaluation.report.words import asked_where, caveats, headline
from meds3.evaluation.results import Results
from meds3.runs import atomic


class ReportData(BaseModel):
    """Everything the report shows; nothing else is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    results: Results
    examples: list[Example] = Field(default_factory=list)
    curves: list[LossCurve] = Field(default_factory=list)
    config: dict[str, Any] = Field(default_factory=dict, description="the run's, as it began")


def render(data: ReportData) -> str:
    """The page. All text goes through autoescape; only our own SVG is trusted."""
    import jinja2

    results = data.results
    row_macros = table.macro_columns(results.rows)
    comparison_macros = table.macro_columns(results.comparisons)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("meds3.evaluation.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., Any]] = {
        "percent": table.percent,
        "domain": table.domain_name,
        "yaml": _yaml,
        "points": table.points,
        "p_value": table.p_value,
        "interval": table.limits,
        "cells": lambda row: table.cells(row, row_macros),
        "comparison_cells": lambda c: table.comparison_cells(c, comparison_macros),
        "shade": shade,
    }
    environment.filters |= filters
    datasets = {group.group for group in results.by_dataset}
    own = words.of_own_chains(results)
    has_trees = any(info.search is not None for info in results.rounds)
    return environment.get_template("report.html.j2").render(
        results=results,
        examples=data.examples,
        safety=SAFETY_NOTE,
        headline=headline(results),
        caveats=caveats(results),
        where=asked_where(results),
        hardware=table.hardware(results.hardware),
        headings=table.headings(row_macros),
        comparison_headings=table.comparison_headings(comparison_macros),
        accuracy_svg=plots.accuracy_plot(results),
        tiles=tiles(results),
        config=data.config,
        dataset_svg=dataset_plot(results) if len(datasets) > 1 else "",
        cost_svg=plots.cost_plot(results) if results.stages else "",
        measures=measure_sheets(results),
        measure_titles=SECTIONS,
        curve_svg=measure_plots.cost_curve_plot(results),
        confidence_svg=measure_plots.confidence_plot(results),
        quality=own,
        in_words=words.in_words,
        alarms=words.alarms(own),
        sheets=[
            quality_sheets.score_sheet(results.prm_quality),
            quality_sheets.length_sheet(own[-1:]),
            quality_sheets.group_sheet(own[-1:]),
        ],
        calibration_svg=quality_plots.calibration_plot(own),
        loss_svg=quality_plots.loss_plot(data.curves),
        majority_label={one.dataset: one for one in results.majority_label},
        bag_of_words={one.dataset: one for one in results.bag_of_words},
        tree_svg=plots.tree_plot(results.rounds) if has_trees else "",
    )


def _yaml(config: dict[str, Any]) -> str:
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True)


def shade(score: float) -> int:
    """A step score in [0, 1] as one of five shades, 0 (worst) to 4."""
    return min(int(score * 5), 4)


def write_report(path: Path, data: ReportData) -> None:
    """Write the page and, beside it, its Markdown twin (`.md`); each whole or not at all."""
    atomic.write_text(path, render(data))
    write_markdown(path.with_suffix(".md"), data.results)
