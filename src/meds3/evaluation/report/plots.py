"""The report's figures of accuracy, cost and search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from meds3.evaluation.report.figure import MARKERS, colour, figure_of, narrow, styled, svg_of
from meds3.evaluation.results import Results, RoundInfo

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@styled
def accuracy_plot(results: Results) -> str:
    """Accuracy with its 95% interval: systems along x, one mark per strategy."""
    systems = [s.name for s in results.systems]
    strategies = list(dict.fromkeys(row.strategy for row in results.rows))
    figure, (axes,) = figure_of(1, width=max(7.5, 1.6 * len(systems)), height=3.8)
    for i, strategy in enumerate(strategies):
        rows = [r for r in results.rows if r.strategy == strategy and r.system in systems]
        shift = (i - (len(strategies) - 1) / 2) * 0.7 / len(strategies)
        y = [100 * r.accuracy for r in rows]
        axes.errorbar(
            [systems.index(r.system) + shift for r in rows],
            y,
            # Rounding may leave a bound a hair inside the estimate; matplotlib refuses that.
            yerr=[
                [max(0.0, v - 100 * r.low) for v, r in zip(y, rows, strict=True)],
                [max(0.0, 100 * r.high - v) for v, r in zip(y, rows, strict=True)],
            ],
            fmt=MARKERS[i % len(MARKERS)],
            color=colour(i),
            capsize=3,
            label=strategy,
        )
    labels = [s.name if s.kept else f"{s.name}\n(rolled back)" for s in results.systems]
    axes.set_xticks(range(len(systems)), labels)
    axes.set_xlim(-0.6, len(systems) - 0.4)
    axes.set_ylim(0, 100)
    axes.set_ylabel("accuracy, %")
    axes.grid(axis="x", visible=False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2 if narrow() else 3)
    return svg_of(figure, "accuracy", "Accuracy of each system under each strategy")


@styled
def cost_plot(results: Results) -> str:
    """Seconds and generated tokens of each stage, in the order they ran."""
    names = [stage.name for stage in results.stages]
    figure, panels = figure_of(2, width=7.5, height=0.9 + 0.32 * max(len(names), 2))
    _bars(panels[0], names, [s.seconds for s in results.stages], "seconds", colour(0))
    _bars(panels[1], names, [s.tokens for s in results.stages], "generated tokens", colour(1))
    if not narrow():
        panels[1].set_yticklabels([])
    return svg_of(figure, "cost", "Seconds and generated tokens of each stage")


def _bars(axes: Axes, names: Sequence[str], values: Sequence[float], title: str, ink: str) -> None:
    bars = axes.barh(range(len(names)), values, color=ink, height=0.65)
    axes.bar_label(bars, [f"{v:,.0f}" if v else "–" for v in values], padding=3, fontsize=9)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.margins(x=0.2)
    axes.set_title(title)
    axes.set_xticks([])
    axes.grid(visible=False)


@styled
def tree_plot(rounds: Sequence[RoundInfo]) -> str:
    """Nodes per depth, and how the values of the simulated steps are spread."""
    figure, (left, right) = figure_of(2, width=7.5, height=3.0)
    searched = [(r.number, r.search) for r in rounds if r.search is not None]
    width = 0.8 / max(len(searched), 1)
    for i, (number, search) in enumerate(searched):
        shift = (i - (len(searched) - 1) / 2) * width
        ink, label = colour(i), f"round {number}"
        depths = list(search.depths)
        left.bar([d + shift for d in depths], list(search.depths.values()), width, color=ink)
        centres = [(b + 0.5) / 10 + shift / 10 for b in range(len(search.values))]
        right.bar(centres, search.values, width / 10, color=ink, label=label)
    left.set_title("nodes per depth")
    left.set_xlabel("depth (step number)")
    left.locator_params(axis="x", integer=True)
    right.set_title("steps per value")
    right.set_xlabel("share of rollouts verified correct")
    for axes in (left, right):
        axes.grid(axis="x", visible=False)
    if len(searched) > 1:
        right.legend()
    return svg_of(figure, "trees", "Nodes per depth, and values of simulated steps")
