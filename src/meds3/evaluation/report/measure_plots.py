"""The report's figures of what more chains buy, and of what a confidence is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meds3.evaluation.report import table
from meds3.evaluation.report.dataset_plot import shown_lines
from meds3.evaluation.report.figure import INK, MARKERS, colour, figure_of, styled, svg_of
from meds3.evaluation.results import Results
from meds3.evaluation.results_measures import CurvePoint, Reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_SHADED = ("majority", "pvs", "vote-sum/last")  # more bands lie over one another and hide the lines


@styled
def cost_curve_plot(results: Results) -> str:
    """Accuracy over generated tokens per question, a panel per system that is shown; "" without."""
    names = [line.system for line in shown_lines(results)]
    shown = [n for n in dict.fromkeys(names) if any(p.system == n for p in results.cost_curve)]
    shown = [shown[0], shown[-1]] if len(shown) > 2 else shown
    if not shown:
        return ""
    strategies = list(dict.fromkeys(point.strategy for point in results.cost_curve))
    figure, panels = figure_of(len(shown), width=4.4 * max(len(shown), 2), height=3.6)
    top = max(100 * p.high for p in results.cost_curve if p.system in shown)
    for axes, system in zip(panels, shown, strict=True):
        for i, strategy in enumerate(strategies):
            points = [p for p in results.cost_curve if (p.system, p.strategy) == (system, strategy)]
            if not points:
                continue
            x, y = [p.tokens for p in points], [100 * p.accuracy for p in points]
            mark = MARKERS[i % len(MARKERS)]
            axes.plot(x, y, mark, linestyle="-", color=colour(i), label=strategy, markersize=5)
            if len(points) > 1 and strategy in _SHADED:
                low, high = [100 * p.low for p in points], [100 * p.high for p in points]
                axes.fill_between(x, low, high, color=colour(i), alpha=0.1, linewidth=0)
        ticks = sorted({p.tokens for p in results.cost_curve if _is_shared(p, system)})
        axes.set_xscale("log")
        axes.minorticks_off()
        axes.set_xticks(ticks, [f"{tokens:,.0f}" for tokens in ticks])
        axes.set_title(system)
        axes.set_xlabel("generated tokens per question")
        axes.set_ylim(0, min(100.0, 1.1 * top))
    panels[0].set_ylabel("accuracy, %")
    # The last one has a PRM, so it shows every strategy.
    panels[-1].legend(fontsize=8, loc="lower right", labelcolor=INK)
    return svg_of(figure, "curve", "Accuracy over generated tokens per question")


def _is_shared(point: CurvePoint, system: str) -> bool:
    """Majority stands for all strategies that choose among the same chains."""
    return (point.system, point.strategy) == (system, "majority")


def told_confidence(results: Results) -> list[Reliability]:
    """Of the last system that is shown, under its last strategy: the votes and the best curve."""
    lines = shown_lines(results)
    here = [r for r in results.reliability if lines and r.system == lines[-1].system]
    if not here:
        return []
    here = [r for r in here if r.strategy == here[-1].strategy]
    fitted = sorted((r for r in here if r.confidence != "votes"), key=lambda r: r.brier)
    return [*(r for r in here if r.confidence == "votes"), *fitted[:1]]


@styled
def confidence_plot(results: Results) -> str:
    """Accuracy over confidence, and accuracy over the share that is answered; "" without."""
    found = told_confidence(results)
    if not found:
        return ""
    figure, (left, right) = figure_of(2, width=8.6, height=3.6)
    left.plot([0, 100], [0, 100], color=INK, alpha=0.5, linewidth=1.2, linestyle="--")
    for i, one in enumerate(found):
        _reliability(left, one, i)
        _coverage(right, one, i)
    left.set_xlim(-2, 102)
    left.set_ylim(-2, 102)
    left.set_xlabel("confidence, %")
    left.set_ylabel("answered correctly, %")
    right.axhline(100 * found[0].accuracy, color=INK, alpha=0.5, linewidth=1.2, linestyle="--")
    right.set_xlabel("questions answered, the most confident first, %")
    right.set_ylabel("of those correct, %")
    right.set_xlim(-2, 102)
    right.set_ylim(bottom=0)
    right.legend(labelcolor=INK, fontsize=8)
    return svg_of(figure, "confidence", "Calibration of confidence, and accuracy over coverage")


def _label(one: Reliability) -> str:
    return "share of the chains" if one.confidence == "votes" else f"fitted ({one.confidence})"


def _reliability(axes: Axes, one: Reliability, i: int) -> None:
    x = [100 * b.confidence for b in one.bins]
    y = [100 * b.accuracy for b in one.bins]
    label = f"{_label(one)}, error {table.percent(one.ece)}"
    axes.plot(x, y, MARKERS[i], linestyle="-", color=colour(i), label=label, markersize=5)
    axes.legend(labelcolor=INK, fontsize=8)


def _coverage(axes: Axes, one: Reliability, i: int) -> None:
    x = [100 * p.coverage for p in one.risk_coverage]
    y = [100 * p.accuracy for p in one.risk_coverage]
    low = [100 * p.low for p in one.risk_coverage]
    high = [100 * p.high for p in one.risk_coverage]
    axes.plot(x, y, color=colour(i), marker=MARKERS[i], markersize=4, label=_label(one))
    axes.fill_between(x, low, high, color=colour(i), alpha=0.12, linewidth=0)
