"""`results.json` and the report of a suite, made anew from the candidates that were kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from meds3.evaluation.calibrating import calibrate
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.cost_curve import cost_curve
from meds3.evaluation.kept import kept_problems, permuted_evaluations, suite_evaluations
from meds3.evaluation.measure import by_dataset, by_domain, compare, corrected, rows, system
from meds3.evaluation.mirror_scores import mirror_rows
from meds3.evaluation.outcome import SystemEvaluation
from meds3.evaluation.report.examples import pick_examples
from meds3.evaluation.report.page import ReportData, write_report
from meds3.evaluation.results import Comparison, Results, StageCost, write_results
from meds3.evaluation.results_measures import BenchmarkEntry, OptionOrder
from meds3.evaluation.slices import slice_rows
from meds3.evaluation.suites.contamination import clean_rows
from meds3.evaluation.suites.option_order import option_order
from meds3.problems.problem import Problem
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal

STAGE = "eval/"
_PAIRS = (
    ("majority", "greedy"),
    ("pvs", "majority"),
    ("pvs", "greedy"),
    ("pvs", "best-of-n/last"),
)


def publish(
    run: RunDirectory,
    journal: Journal,
    config: EvaluationConfig,
    missing: Sequence[BenchmarkEntry] = (),
) -> Results:
    """Write `results.json` and the report, return what they hold; `missing` were not asked."""
    manifest = run.read_manifest()
    asked = kept_problems(journal)
    stages = journal.stages()
    entries = [
        BenchmarkEntry.model_validate(stage["detail"]["entry"])
        for stage in stages
        if stage["name"].startswith(STAGE) and stage["detail"].get("entry")
    ]
    found = list(suite_evaluations(run).values())
    overlapping = {i for e in entries if e.contamination for i in e.contamination.problem_ids}
    results = Results(
        run=run.name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        meds3_version=manifest["meds3"],
        seed=config.seed,
        hardware=manifest["hardware"],
        versions=manifest["versions"],
        config_digest=manifest["science_digest"],
        model=manifest["config"]["model"],
        model_digest=manifest["science"]["model_digest"],
        systems=[system(e, config) for e in found],
        rows=[row for e in found for row in rows(e, config)],
        comparisons=corrected(_compared(found, config)),
        by_domain=[group for e in found for group in by_domain(e, config)],
        by_dataset=[group for e in found for group in by_dataset(e, config)],
        clean_by_dataset=[group for e in found for group in clean_rows(e, overlapping, config)],
        benchmarks=[*entries, *missing],
        slices=[part for e in found for part in slice_rows(e, asked, config)],
        cost_curve=[point for e in found for point in cost_curve(e, config)],
        mirrors=[row for e in found for row in mirror_rows(e, asked)],
        reliability=[
            one
            for e in found
            for strategy in e.measurable(["majority", "pvs"])
            for one in calibrate(e, strategy, seed=config.seed)[1]
        ],
        option_order=[one for e in found for one in _orders(run, e, asked, config)],
        stages=[
            StageCost(
                name=s["name"], seconds=s["seconds"], tokens=s["detail"].get("generated_tokens", 0)
            )
            for s in stages
        ],
    )
    write_results(run.results_path, results)
    last, problems = found[-1], list(asked.values())
    examples = pick_examples(last, last.measurable(["majority", "pvs"])[-1], problems)
    data = ReportData(results=results, examples=examples, config=manifest["config"])
    write_report(run.report_path, data)
    return results


def _compared(
    evaluations: Sequence[SystemEvaluation], config: EvaluationConfig
) -> list[Comparison]:
    """The strategies of each system against each other, paired."""
    return [
        compare(one, a, one, b, config)
        for one in evaluations
        for a, b in _PAIRS
        if {a, b} <= set(one.measurable([*config.strategies, "best-of-n/last"]))
    ]


def _orders(
    run: RunDirectory,
    evaluation: SystemEvaluation,
    problems: Mapping[str, Problem],
    config: EvaluationConfig,
) -> list[OptionOrder]:
    others = permuted_evaluations(run, evaluation.name)
    return option_order(evaluation, others, problems, config) if others else []
