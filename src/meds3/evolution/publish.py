"""`results.json` and `report.html` of a run, written anew after every round."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from meds3.evaluation.adaptive import as_stopped
from meds3.evaluation.baselines.commonest import label_baselines, label_evaluation
from meds3.evaluation.baselines.stated import against
from meds3.evaluation.baselines.stated import by_dataset as baselines_by_dataset
from meds3.evaluation.baselines.words import word_evaluation
from meds3.evaluation.calibrating import calibrate
from meds3.evaluation.cost_curve import cost_curve
from meds3.evaluation.measure import by_dataset, by_domain, compare, corrected, rows, system
from meds3.evaluation.mirror_scores import mirror_rows
from meds3.evaluation.outcome import SystemEvaluation
from meds3.evaluation.report.curves import read_curves
from meds3.evaluation.report.examples import pick_examples
from meds3.evaluation.report.page import ReportData, write_report
from meds3.evaluation.results import Results, RoundInfo, StageCost, write_results
from meds3.evaluation.results_measures import Reliability
from meds3.evaluation.results_parts import PrmQuality
from meds3.evaluation.slices import slice_rows
from meds3.evolution.ledger import data_ledger
from meds3.evolution.measure import to_compare
from meds3.evolution.outcome import CALIBRATION
from meds3.evolution.state import Evolution
from meds3.runs.atomic import write_json
from meds3.selection.stopping import adds_up

CALLS_FROM = "calls from"  # the event of a start that took over another run's calls


def publish(
    state: Evolution,
    rounds: Sequence[RoundInfo],
    systems: Mapping[str, SystemEvaluation],
    rolled_back: set[str],
    quality: Sequence[PrmQuality] = (),
) -> Results:
    """Write both files after `rounds`; returns what `results.json` holds."""
    config, manifest = state.config, state.run.read_manifest()
    measured = config.evaluation
    evaluations = list(systems.values())
    seeds, heldout = state.learned_from(rounds[-1].number), state.problems.heldout
    always, words = label_evaluation(seeds, heldout), word_evaluation(seeds, heldout)
    asked = {problem.id: problem for problem in heldout}
    results = Results(
        run=config.name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        meds3_version=manifest["meds3"],
        preset=config.preset,
        seed=config.seed,
        hardware=manifest["hardware"],
        versions=manifest["versions"],
        config_digest=manifest["science_digest"],
        model=config.model,
        model_digest=state.base.digest,
        beyond_paper=config.beyond_paper(),
        calls_from=sorted({event["run"] for event in state.journal.events(CALLS_FROM)}),
        data=data_ledger(
            state.run, config.problems.sources, (info.number for info in rounds)
        ).entries,
        systems=[system(e, measured, kept=e.name not in rolled_back) for e in evaluations],
        rows=[row for e in evaluations for row in rows(e, measured)],
        comparisons=corrected(
            [
                *(
                    compare(systems[a], a_strategy, systems[b], b_strategy, measured)
                    for a, a_strategy, b, b_strategy in to_compare(
                        list(systems), measured.strategies
                    )
                    # A gate on counted votes leaves the systems before unscored.
                    if systems[a].measurable([a_strategy]) and systems[b].measurable([b_strategy])
                ),
                *(against(evaluations[-1], "pvs", one, measured) for one in (always, words) if one),
            ]
        ),
        by_domain=[group for e in evaluations for group in by_domain(e, measured)],
        by_dataset=[group for e in evaluations for group in by_dataset(e, measured)],
        majority_label=label_baselines(seeds, always, measured) if always else [],
        bag_of_words=baselines_by_dataset(seeds, words, measured) if words else [],
        prm_quality=list(quality),
        reliability=[one for e in evaluations for one in _calibrated(state, e)],
        cost_curve=[point for e in evaluations for point in cost_curve(e, measured)],
        slices=[part for e in evaluations for part in slice_rows(e, asked, measured)],
        mirrors=[row for e in evaluations for row in mirror_rows(e, asked)],
        rounds=list(rounds),
        stages=[
            StageCost(
                name=s["name"], seconds=s["seconds"], tokens=s["detail"].get("generated_tokens", 0)
            )
            for s in state.journal.stages()
        ],
    )
    last = evaluations[-1]
    examples = pick_examples(last, "pvs", heldout)
    write_results(state.run.results_path, results)
    curves = read_curves({info.number: state.run.round(info.number) for info in rounds})
    data = ReportData(results=results, examples=examples, curves=curves, config=manifest["config"])
    write_report(state.run.report_path, data)
    return results


def _calibrated(state: Evolution, evaluation: SystemEvaluation) -> list[Reliability]:
    """What the confidence of a system is worth; a round's curve is kept beside its policy."""
    asked, seed = state.config.answering.as_served(), state.config.evaluation.seed
    found, curves = [], []
    for strategy in evaluation.measurable(list(dict.fromkeys(["majority", asked.strategy]))):
        rule = asked.adaptive if adds_up(strategy) else "off"
        drawn = as_stopped(evaluation, strategy, rule, sure=asked.sure, least_wave=asked.least_wave)
        curve, measured = calibrate(drawn, strategy, seed=seed, stopping=rule)
        found += measured
        curves.append(curve)
    place = re.fullmatch(r"round-(\d+)", evaluation.name)
    if place and curves[-1] is not None:
        body = curves[-1].model_dump(mode="json")
        write_json(state.run.round(int(place[1])) / CALIBRATION, body)
    return found
