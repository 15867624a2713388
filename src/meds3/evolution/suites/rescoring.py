"""`meds3 rescore`: another PRM or other rules over candidates that were kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from meds3.errors import InputError
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.kept import is_suite_run, kept_files, kept_problems
from meds3.evaluation.outcome import SystemEvaluation, load_evaluation
from meds3.evaluation.rejudge import Changes, rejudged
from meds3.evaluation.results import Results
from meds3.evaluation.run import rescore
from meds3.evolution.config import changed
from meds3.evolution.outcome import config_of
from meds3.evolution.stages import Watcher
from meds3.evolution.suites.publish import publish
from meds3.problems.problem import Problem
from meds3.rewards.build import build_scorer
from meds3.rewards.config import ScorerConfig
from meds3.rewards.protocol import StepScorer
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal

_SCORER = "scorer."


@dataclass
class Rescored:
    """The new files, what they hold, and for a suite its new results."""

    files: list[Path] = field(default_factory=list)
    evaluations: list[SystemEvaluation] = field(default_factory=list)
    changes: Changes = field(default_factory=Counter)
    problems: dict[str, Problem] = field(default_factory=dict)
    results: Results | None = None


async def rescore_kept(
    target: Path,
    label: str,
    watcher: Watcher,
    *,
    prm: Path | None = None,
    overrides: Sequence[str] = (),
    rules: bool = False,
    config: EvaluationConfig | None = None,
) -> Rescored:
    """Score the candidates of a run or of one file again; nothing is generated.

    The old files stay; each new one lies beside as `NAME@label.jsonl` and its system is called
    `SYSTEM@label`. The PRM is read by the scorer that the run's config names, changed by
    `overrides` (`scorer.kind=vllm`); a suite's folder names none and gets the reference. With
    neither `prm` nor `rules` no candidates are written: the kept ones are read with the strategies
    of `config`. A suite's `results.json` is made anew. Raises `InputError` when nothing is kept
    there.
    """
    run, files = _kept_in(target)
    suite, found = is_suite_run(run), Rescored()
    writes = suite or rules or prm is not None
    async with AsyncExitStack() as stack:
        if writes:
            stack.enter_context(run.only_writer())
        journal = stack.enter_context(Journal(run.journal_path, read_only=not writes))
        found.problems = kept_problems(journal)
        scorer: StepScorer | None = None
        if prm is not None:
            log = run.root / "logs" / "vllm-prm.log"
            scorer = build_scorer(prm, _scorer_config(run, suite, overrides), log)
            stack.push_async_callback(scorer.close)
        for path in files:
            evaluation = load_evaluation(path)
            if scorer is not None:
                watcher.stage(f"score {path.stem}", f"{len(evaluation.outcomes)} questions")
            again = await _again(evaluation, label, watcher, scorer, rules, found)
            found.evaluations.append(again)
            if again is not evaluation:
                found.files.append(path.with_name(f"{path.stem.partition('@')[0]}@{label}.jsonl"))
                again.save(found.files[-1])
        if suite:
            found.results = publish(run, journal, config or EvaluationConfig())
    return found


def _scorer_config(run: RunDirectory, suite: bool, overrides: Sequence[str]) -> ScorerConfig:
    wrong = [one for one in overrides if not one.startswith(_SCORER)]
    if wrong:
        raise InputError(f"--set {wrong[0]}: expected scorer.FIELD=…", "--set scorer.kind=vllm")
    usual = ScorerConfig() if suite else config_of(run).scorer
    return changed(usual, [one.removeprefix(_SCORER) for one in overrides])


async def _again(
    evaluation: SystemEvaluation,
    label: str,
    watcher: Watcher,
    scorer: StepScorer | None,
    rules: bool,
    found: Rescored,
) -> SystemEvaluation:
    name = f"{evaluation.name.partition('@')[0]}@{label}"
    if rules:
        evaluation, changes = rejudged(evaluation, found.problems, name)
        found.changes += changes
    if scorer is not None:

        def show(done: int, total: int, phase: str) -> None:
            watcher.progress(done, total, "questions", phase)

        evaluation = await rescore(evaluation, scorer, show, name=name)
    return evaluation


def _kept_in(target: Path) -> tuple[RunDirectory, list[Path]]:
    """The run of a folder or a file, and the files to read."""
    if not target.is_dir():
        return RunDirectory.existing(target.parent.parent), [target]
    run = RunDirectory.existing(target)
    files = kept_files(run)
    if not files:
        raise InputError(f"{target}: no kept candidates in it", "meds3 evaluate …")
    return run, files


def check_label(label: str) -> str:
    """`label`, when it may end a file's name; `InputError` otherwise."""
    if not re.fullmatch(r"[\w.-]+", label) or re.fullmatch(r"prm(-\d+)?", label):
        raise InputError(
            f"--label {label!r}: expected letters, digits, dots and dashes, and not prm or prm-K",
            "for example --label soft-prm",
        )
    return label
