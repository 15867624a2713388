"""`meds3 calibrate`: how votes and step scores become a probability, from kept candidates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meds3.cli.common import console
from meds3.errors import InputError


def calibrate(
    ref: Annotated[
        str, typer.Argument(metavar="RUN", help="A run, RUN:SYSTEM, or a file of candidates.")
    ],
    strategy: Annotated[
        str | None, typer.Option(help="pvs where the steps are scored, else majority.")
    ] = None,
    adaptive: Annotated[
        str | None,
        typer.Option(
            help="off, exact or likely: as answers are to be drawn (answering.md). Default: exact "
            "where votes add up, as `meds3 ask` draws."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the folds and of the bootstrap.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Write the curve here, as calibration.json.")
    ] = None,
) -> None:
    """Fit the confidence of answers on kept candidates, and tell what it is worth.

    Nothing is generated. `meds3 evolve` does it after every round; this fits anew, or for another
    strategy. Beside a policy as `round-K/calibration.json`, the curve is what `meds3 ask` uses.

    Example: `meds3 calibrate runs/cpu-demo`

    Example: `meds3 calibrate runs/cpu-demo --adaptive likely --out calibration.json`
    """
    from meds3.evaluation.adaptive import as_stopped
    from meds3.evaluation.calibrating import calibrate as fit
    from meds3.evaluation.kept import kept_evaluation
    from meds3.evaluation.report.reliability_table import coverage_table, reliability_table
    from meds3.runs.atomic import write_json
    from meds3.selection.rules import check_strategy
    from meds3.selection.stopping import check_stopping, usual_stopping

    evaluation = kept_evaluation(ref)
    chosen = check_strategy(strategy or ("pvs" if evaluation.header.scorer else "majority"))
    if not evaluation.measurable([chosen]):
        raise InputError(
            f"--strategy {chosen}: needs step scores, and {evaluation.name} has none",
            "meds3 rescore RUN --prm DIR, or choose majority",
        )
    rule = check_stopping(adaptive) if adaptive else usual_stopping(chosen)
    curve, found = fit(as_stopped(evaluation, chosen, rule), chosen, seed=seed, stopping=rule)
    console.print(reliability_table(found))
    method = curve.method if curve else "votes"
    console.print(coverage_table(next(one for one in found if one.confidence == method)))
    if curve is None:
        console.print("too few questions answered right, or wrong, to fit a curve: nothing written")
    elif out is not None:
        write_json(out, curve.model_dump(mode="json"))
        console.print(f"{curve.method}, fitted on {curve.n_questions} questions: {out}")
