"""The candidates that a run directory keeps: which file is which, and all of a system together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from meds3.errors import InputError
from meds3.evaluation.outcome import SystemEvaluation, load_evaluation
from meds3.evaluation.results import read_results
from meds3.problems.problem import Problem
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal

# BENCHMARK[~order-K][@SCORER] of a suite, SYSTEM[@prm-K] of a training run.
_STEM = re.compile(r"(?P<what>.+?)(?:~order-(?P<order>\d+))?(?:@(?P<scorer>[\w.-]+))?")


def file_name(benchmark: str, order: int = 0, scorer: str = "") -> str:
    """The stem of a suite's file of candidates."""
    return f"{benchmark}{f'~order-{order}' if order else ''}{f'@{scorer}' if scorer else ''}"


def suite_evaluations(run: RunDirectory, order: int = 0) -> dict[str, SystemEvaluation]:
    """Each system of a suite's run with all its benchmarks, by name.

    Of a benchmark with and without step scores the scored candidates are taken.
    """
    found: dict[str, dict[str, SystemEvaluation]] = {}
    for path in sorted((run.root / "eval").glob("*.jsonl")):
        parts = _parts(path)
        if int(parts["order"] or 0) != order:
            continue
        evaluation = load_evaluation(path)
        known = found.setdefault(evaluation.name, {})
        benchmark = str(parts["what"])
        if benchmark not in known or evaluation.header.scorer is not None:
            known[benchmark] = evaluation
    # A file scored by another PRM makes a system of its own; benchmarks it lacks stay missing.
    return {name: joined(list(benchmarks.values())) for name, benchmarks in found.items()}


def permuted_evaluations(run: RunDirectory, system: str) -> list[SystemEvaluation]:
    """What a system said to the questions in each further order of their options."""
    found, order = [], 1
    while (evaluations := suite_evaluations(run, order)) and system in evaluations:
        found.append(evaluations[system])
        order += 1
    return found


def joined(evaluations: Sequence[SystemEvaluation]) -> SystemEvaluation:
    """Evaluations of one system on several benchmarks as one; seconds are added up.

    It counts as scored only when all are. Raises `InputError` when they were not sampled alike.
    """
    headers = [evaluation.header for evaluation in evaluations]
    ways = {(h.system, h.prompt_style, h.forced, h.n_samples, h.seed) for h in headers}
    if len(ways) != 1:
        raise InputError(
            f"candidates of {headers[0].system} were sampled in different ways: {sorted(ways)}",
            "evaluate them in folders of their own",
        )
    scorers = {header.scorer for header in headers}
    header = headers[0].model_copy(
        update={
            "scorer": headers[0].scorer if len(scorers) == 1 else None,
            "greedy_seconds": sum(h.greedy_seconds for h in headers),
            "sample_seconds": sum(h.sample_seconds for h in headers),
            "score_seconds": sum(h.score_seconds for h in headers),
        }
    )
    outcomes = tuple(one for evaluation in evaluations for one in evaluation.outcomes)
    return SystemEvaluation(header=header, outcomes=outcomes)


def kept_files(run: RunDirectory) -> list[Path]:
    """The files that candidates were first kept in: one per benchmark, or per system.

    A training run's candidates with the scores of its last PRM; of the two forms of a file, with
    and without scores, the scored one. Files that `meds3 rescore` made are left out.
    """
    if not is_suite_run(run):
        return [path for _, path in _training_files(run).values()]
    files = {path.stem: path for path in sorted((run.root / "eval").glob("*.jsonl"))}
    plain = [stem for stem in files if "@" not in stem]
    return [files.get(f"{stem}@prm", files[stem]) for stem in plain]


def kept_problems(journal: Journal) -> dict[str, Problem]:
    """Every problem the run's journal holds, by id."""
    rows = journal.rows("SELECT body FROM problems ORDER BY rowid")
    problems = (Problem.model_validate_json(row["body"]) for row in rows)
    return {problem.id: problem for problem in problems}


def is_suite_run(run: RunDirectory) -> bool:
    """Whether the folder holds answers to a suite, not a training run."""
    return bool(run.read_manifest()["config"].get("kind") == "suite")


def kept_evaluation(ref: str) -> SystemEvaluation:
    """`RUN`, `RUN:SYSTEM` or a file of candidates.

    Without a system: of a suite's run the model that was asked, of a training run the last round
    that was kept. Raises `InputError` naming the systems that are there.
    """
    path = Path(ref)
    if path.is_file():
        return load_evaluation(path)
    folder, _, wanted = (ref, "", "") if path.is_dir() else ref.rpartition(":")
    run = RunDirectory.existing(Path(folder or ref))
    found = suite_evaluations(run) if is_suite_run(run) else _of_training(run)
    if not found:
        raise InputError(f"{run.root}: it keeps no candidates", "meds3 evaluate …")
    name = wanted or _main_system(run, list(found))
    if name not in found:
        raise InputError(
            f"{run.root}: no system is called {name!r}", f"it holds: {', '.join(found)}"
        )
    return found[name]


def _of_training(run: RunDirectory) -> dict[str, SystemEvaluation]:
    return {name: load_evaluation(path) for name, (_, path) in _training_files(run).items()}


def _training_files(run: RunDirectory) -> dict[str, tuple[int, Path]]:
    """By system the file of its candidates on the held-out problems, of the last PRM if of any."""
    chosen: dict[str, tuple[int, Path]] = {}
    for path in sorted((run.root / "eval").glob("*.jsonl")):
        parts = _parts(path)
        name = str(parts["what"])
        if re.search(r"-(gate|steps|n\d+)$", name):
            continue  # other problems, single steps, or a part measured apart
        number = re.fullmatch(r"prm-(\d+)", parts["scorer"] or "")
        if parts["scorer"] and not number:
            continue
        rank = int(number[1]) if number else 0
        if rank >= chosen.get(name, (0, path))[0]:
            chosen[name] = rank, path
    return chosen


def _main_system(run: RunDirectory, names: Sequence[str]) -> str:
    if is_suite_run(run):
        asked = str(run.read_manifest()["config"]["system"])
        return asked if asked in names else names[0]
    if run.results_path.is_file():
        kept = [s.name for s in read_results(run.results_path).systems if s.kept]
        rounds = [name for name in kept if name.startswith("round-") and name in names]
        if rounds:
            return rounds[-1]
    return max(names, key=lambda name: (name.startswith("round-"), name))


def _parts(path: Path) -> dict[str, str | None]:
    found = _STEM.fullmatch(path.stem)
    return found.groupdict() if found else {"what": path.stem, "order": None, "scorer": None}
