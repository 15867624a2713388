"""The report's figures of how step scores agree with rollouts, and of training losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from meds3.evaluation.report.curves import LossCurve
from meds3.evaluation.report.figure import INK, MARKERS, colour, figure_of, styled, svg_of
from meds3.evaluation.results_parts import PrmQuality, StepAgreement

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PER_LINE = 3  # panels beside one another


@styled
def calibration_plot(quality: Sequence[PrmQuality]) -> str:
    """Mean score against the share of rollouts that were right, a panel per round; "" without."""
    shown = [(q.round, q.steps) for q in quality if q.steps is not None]
    if not shown:
        return ""
    figure, panels = figure_of(len(shown), width=3.4 * max(len(shown), 2), height=3.3)
    for axes, (number, steps) in zip(panels, shown, strict=True):
        _calibration(axes, steps)
        axes.set_title(f"round {number}: {steps.steps} steps × {steps.rollouts_per_step} rollouts")
    panels[0].set_ylabel("rollouts verified correct")
    return svg_of(figure, "calibration", "Step score against share of correct rollouts")


def _calibration(axes: Axes, steps: StepAgreement) -> None:
    axes.plot([0, 1], [0, 1], color=INK, alpha=0.5, linewidth=1.2, linestyle="--")
    y = [b.value.value for b in steps.bins]
    axes.errorbar(
        [b.score for b in steps.bins],
        y,
        yerr=[
            [max(0.0, v - b.value.low) for v, b in zip(y, steps.bins, strict=True)],
            [max(0.0, b.value.high - v) for v, b in zip(y, steps.bins, strict=True)],
        ],
        fmt=MARKERS[0],
        color=colour(0),
        capsize=3,
    )
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    axes.set_xlabel("step score")


@styled
def loss_plot(curves: Sequence[LossCurve]) -> str:
    """Training and held-out loss of every stage and round; "" without a curve."""
    if not curves:
        return ""
    lines = -(-len(curves) // _PER_LINE)
    columns = min(len(curves), _PER_LINE)
    figure, panels = figure_of(columns, lines=lines, width=7.5, height=0.4 + 2.2 * lines)
    for axes, curve in zip(panels, curves, strict=False):
        axes.plot(*zip(*curve.loss, strict=True), color=colour(0), linewidth=0.8, alpha=0.35)
        axes.plot(*zip(*curve.smoothed(), strict=True), color=colour(0), label="training")
        if curve.heldout:
            points = list(zip(*curve.heldout, strict=True))
            axes.plot(*points, MARKERS[1], linestyle="-", color=colour(1), label="held out")
        axes.set_title(f"round {curve.round}, {curve.stage}")
        axes.locator_params(axis="x", integer=True, nbins=5)
    for axes in panels[len(curves) :]:
        axes.set_visible(False)
    panels[0].set_ylabel("loss")
    if any(curve.heldout for curve in curves):
        panels[next(i for i, c in enumerate(curves) if c.heldout)].legend(labelcolor=INK)
    return svg_of(figure, "loss", "Training and held-out loss of every stage")
