"""Tokens and accuracy of drawing all chains against stopping early, on kept candidates.

    meds3 evaluate configs/cpu-real.yaml -n 16
    python benchmarks/adaptive_votes.py runs/cpu-real/eval/round-2-n16.jsonl

For each vote that adds up: all N chains; *exact*, stopped when no remaining chain can change the
answer; *likely*, stopped when the leader wins with probability `--sure`. The difference in
accuracy is paired on the questions, with its bootstrap interval. Expected calibration error: *curve
of all*, of the curve that was fitted on all chains of these questions, given only the chains that
were drawn; *own curve*, of one that was fitted on chains drawn by the same rule, cross-fitted.
Ends with a line of JSON.
"""

from __future__ import annotations

import argparse
import json
from statistics import fmean
from typing import Any

from search_bench import table

from meds3.answers.verdict import Verdict
from meds3.evaluation.adaptive import Stopped, as_stopped, stopped_early
from meds3.evaluation.calibrating import calibrate
from meds3.evaluation.kept import kept_evaluation
from meds3.evaluation.outcome import SystemEvaluation
from meds3.evaluation.statistics.inference import paired
from meds3.evaluation.statistics.reliability import calibration_error
from meds3.selection.confidence import Calibration
from meds3.selection.rules import select
from meds3.selection.stopping import Stopping


def confidence_error(
    evaluation: SystemEvaluation, curve: Calibration, ones: list[Stopped], right: list[bool]
) -> float:
    """Expected calibration error of `curve` on the chains that were drawn."""
    told = []
    for outcome, one in zip(evaluation.outcomes, ones, strict=True):
        drawn = [row.candidate() for row in outcome.samples[: one.chains]]
        told.append(curve.confidence(drawn, select(drawn, curve.strategy)))
    return calibration_error(told, right, evaluation.clusters)[0].value


def rows(evaluation: SystemEvaluation, strategy: str, given: argparse.Namespace) -> list[Any]:
    """One row per rule of stopping."""
    rules: tuple[Stopping, ...] = ("off", "exact", "likely")
    ways: dict[Stopping, list[Stopped]] = {
        rule: stopped_early(
            evaluation, strategy, rule, sure=given.sure, least_wave=given.least_wave
        )
        for rule in rules
    }
    whole = ways["off"]
    curve, _ = calibrate(evaluation, strategy, seed=given.seed)
    found = []
    for rule, ones in ways.items():
        drawn = as_stopped(evaluation, strategy, rule, sure=given.sure, least_wave=given.least_wave)
        curves = calibrate(drawn, strategy, seed=given.seed, stopping=rule)[1][1:]
        right = [one.verdict is Verdict.CORRECT for one in ones]
        change = paired(
            right,
            [one.verdict is Verdict.CORRECT for one in whole],
            evaluation.clusters,
            seed=given.seed,
        )
        found.append(
            {
                "strategy": strategy,
                "stop": rule,
                "chains": round(fmean(one.chains for one in ones), 2),
                "tokens": round(fmean(one.tokens for one in ones), 1),
                "saved": round(1 - sum(o.tokens for o in ones) / sum(o.tokens for o in whole), 3),
                "accuracy": round(fmean(right), 4),
                "difference": [round(x, 4) for x in (change.difference, change.low, change.high)],
                "other answers": sum(
                    a.answer != b.answer for a, b in zip(ones, whole, strict=True)
                ),
                "curve of all": None
                if curve is None
                else round(confidence_error(evaluation, curve, ones, right), 3),
                "own curve": round(min(curves, key=lambda one: one.brier).ece, 3)
                if curves
                else None,
            }
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("candidates", help="a run, RUN:SYSTEM, or a file of candidates")
    parser.add_argument("--strategies", nargs="+", default=["majority", "pvs", "vote-sum/min"])
    parser.add_argument("--sure", type=float, default=0.95)
    parser.add_argument("--least-wave", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    evaluation = kept_evaluation(given.candidates)
    found = [
        row
        for strategy in evaluation.measurable(given.strategies)
        for row in rows(evaluation, strategy, given)
    ]
    print(table([{key: str(value) for key, value in row.items()} for row in found]))
    told = {
        "benchmark": "adaptive_votes",
        "candidates": given.candidates,
        "system": evaluation.name,
        "questions": len(evaluation.outcomes),
        "n": evaluation.header.n_samples,
        "sure": given.sure,
    }
    print(json.dumps(told | {"rows": found}))


if __name__ == "__main__":
    main()
