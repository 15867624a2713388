"""`meds3 compare`: two evaluations of the same questions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meds3.cli.common import console
from meds3.errors import InputError

_WHAT = "A run, RUN:SYSTEM, or a file of candidates (eval/*.jsonl)."


def compare(
    a: Annotated[str, typer.Argument(metavar="RUN_A", help=_WHAT)],
    b: Annotated[str, typer.Argument(metavar="RUN_B", help=_WHAT)],
    strategies: Annotated[
        str | None,
        typer.Option(help="One for both, or A,B; pvs where both are step-scored, else majority."),
    ] = None,
    intersection: Annotated[
        bool, typer.Option("--intersection", help="Compare the questions that both were asked.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Also write the figures as JSON.")] = None,
) -> None:
    """Compare two evaluations question by question: difference, interval, McNemar, Holm, cost.

    Nothing is generated: the candidates that were kept are read.

    Example: `meds3 compare runs/paper-embedded-n16 runs/paper-cpu-real-round-2-n16`

    Example: `meds3 compare runs/cpu-demo:round-1 runs/cpu-demo:base --strategies majority`
    """
    from meds3.evaluation.comparing import compare_runs
    from meds3.evaluation.config import EvaluationConfig
    from meds3.evaluation.kept import kept_evaluation
    from meds3.evaluation.report.runs_table import comparison_of_runs_table
    from meds3.runs.atomic import write_json

    left, right = kept_evaluation(a), kept_evaluation(b)
    names = (f"{a} ({left.name})", f"{b} ({right.name})")
    found = compare_runs(
        left,
        right,
        _pair(strategies),
        names=names,
        intersection=intersection,
        config=EvaluationConfig(seed=seed),
    )
    console.print(comparison_of_runs_table(found))
    for label, name, side in (("a", names[0], found.overall.a), ("b", names[1], found.overall.b)):
        console.print(
            f"{label}: {name}, {side.strategy} of {side.n_samples}: {side.cost.tokens:,} tokens, "
            f"{side.cost.seconds:,.0f} s",
            highlight=False,
            soft_wrap=True,
        )
    if found.left_out_a or found.left_out_b:
        console.print(
            f"left out: {found.left_out_a} questions that only a was asked, "
            f"{found.left_out_b} that only b was",
            highlight=False,
        )
    if out is not None:
        write_json(out, found.model_dump(mode="json"))


def _pair(strategies: str | None) -> tuple[str, str] | None:
    from meds3.selection.rules import check_strategy

    if strategies is None:
        return None
    names = [check_strategy(name.strip()) for name in strategies.split(",")]
    if len(names) > 2:
        raise InputError(f"--strategies {strategies}: expected one for both, or two: A,B")
    return names[0], names[-1]
