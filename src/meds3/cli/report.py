"""`meds3 report`: the results of a run, now."""

from __future__ import annotations

from meds3.cli.common import RunPath, console


def report(run: RunPath) -> None:
    """Print the table of a run's results and where its report lies.

    Works while the run goes on: the results so far are those of its finished rounds.

    Example: `meds3 report runs/cpu-demo`
    """
    from meds3.evaluation.report.quality_words import alarms, of_own_chains
    from meds3.evaluation.report.table import comparison_table, macro_table, to_table
    from meds3.evaluation.results import read_results
    from meds3.runs.directory import RunDirectory

    directory = RunDirectory.existing(run)
    results = read_results(directory.results_path)
    console.print(to_table(results))
    if (macro := macro_table(results)) is not None:
        console.print(macro)
    console.print(comparison_table(results))
    for info in results.rounds:
        if info.gate is not None:
            fate = "kept" if info.gate.kept else "rolled back"
            console.print(f"round {info.number} {fate}: {info.gate.reason}", highlight=False)
    for line in alarms(of_own_chains(results)):
        console.print(line, highlight=False)
    console.print(f"report: {directory.report_path}", highlight=False)
