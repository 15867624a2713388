"""The report's figure of every dataset: the strongest base, the rounds, the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from meds3.evaluation.report import table
from meds3.evaluation.report.figure import MARKERS, colour, figure_of, narrow, styled, svg_of
from meds3.evaluation.results import GroupRow, Results, Row
from meds3.evaluation.results_parts import Baseline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TICKS = (("|", 26), ("x", 10))  # shape as well as colour
_ROUNDS = 3  # the last ones; more would not be told apart
_AGREED = ("pvs", "vote-sum/last", "majority", "greedy")  # how a round answers, the first it has


def strongest_base(results: Results) -> Row | None:
    """The best line of any base system, by macro average, as no PRM was trained for it."""
    bases = {s.name for s in results.systems if s.kind == "base"}
    rows = [r for r in results.rows if r.system in bases and r.strategy in ("greedy", "majority")]
    return max(rows, key=lambda r: r.macro.accuracy if r.macro else r.accuracy, default=None)


def shown_lines(results: Results) -> list[Row]:
    """The strongest base, then the last rounds that were kept, each as it answers."""
    base = strongest_base(results)
    kept = [s.name for s in results.systems if s.kind == "round" and s.kept][-_ROUNDS:]
    found = [base] if base is not None else []
    for name in kept:
        rows = {row.strategy: row for row in results.rows if row.system == name}
        found += [rows[strategy] for strategy in _AGREED if strategy in rows][:1]
    return found


def shown_baselines(results: Results) -> dict[str, dict[str, Baseline]]:
    """What needs no language model, where a run has seeds: by name, then by dataset."""
    found: dict[str, Sequence[Baseline]] = {
        "always the commonest answer": results.majority_label,
        "bag of words": results.bag_of_words,
    }
    return {name: {one.dataset: one for one in ones} for name, ones in found.items() if ones}


@styled
def dataset_plot(results: Results) -> str:
    """Accuracy with its 95% interval: datasets along y; ticks and crosses need no model."""
    lines = shown_lines(results)
    sizes = {group.group: group.n_questions for group in results.by_dataset}
    names = sorted(sizes)
    figure, (axes,) = figure_of(1, width=9.0, height=1.3 + 0.17 * len(names) * (len(lines) + 1))
    for i, line in enumerate(lines):
        groups = [
            g
            for g in results.by_dataset
            if (g.system, g.strategy) == (line.system, line.strategy) and g.group in sizes
        ]
        shift = (i - (len(lines) - 1) / 2) * 0.75 / len(lines)
        _dots(axes, groups, [names.index(g.group) + shift for g in groups], i, line)
    baselines = shown_baselines(results)
    for i, (label, ones) in enumerate(baselines.items()):
        here = [one for one in ones.values() if one.dataset in sizes]
        x = [100 * one.accuracy for one in here]
        y = [names.index(one.dataset) for one in here]
        mark, size = _TICKS[i]
        drawn = axes.plot(x, y, mark, color=colour(5 - i), label=label, markersize=size, mew=2)
        drawn[0].set_clip_on(False)  # 0% and 100% stand on the edge
    axes.set_yticks(range(len(names)), [f"{name} ({sizes[name]})" for name in names])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("accuracy, % (in brackets: questions)")
    axes.grid(axis="y", visible=False)
    handles, labels = axes.get_legend_handles_labels()  # the ticks come first
    order = sorted(range(len(labels)), key=lambda i: labels[i] in baselines)
    axes.legend(
        [handles[i] for i in order],
        [labels[i] for i in order],
        loc="lower center",
        bbox_to_anchor=(0.4, 1.0),
        ncols=1 if narrow() else 2,
        markerscale=0.6,
    )
    return svg_of(figure, "datasets", "Accuracy on each dataset")


def _dots(axes: Axes, groups: Sequence[GroupRow], y: Sequence[float], i: int, line: Row) -> None:
    x = [100 * g.accuracy for g in groups]
    # Rounding may leave a bound a hair inside the estimate; matplotlib refuses that.
    low = [max(0.0, v - 100 * table.bounds(g)[0]) for v, g in zip(x, groups, strict=True)]
    high = [max(0.0, 100 * table.bounds(g)[1] - v) for v, g in zip(x, groups, strict=True)]
    label = f"{line.system}, {table.strategy_name(line)}"
    mark = MARKERS[i % len(MARKERS)]
    axes.errorbar(x, y, xerr=[low, high], fmt=mark, color=colour(i), capsize=2, label=label)
