"""The questions of a suite: read, checked by digest, drawn, named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from meds3.answers.kinds import FreeText
from meds3.errors import InputError
from meds3.evaluation.results_measures import BenchmarkEntry
from meds3.evaluation.suites.suite import Benchmark, Suite
from meds3.problems.config import DatasetSource, GymSource, HubSource, Source
from meds3.problems.gym.registry import TASKS, make
from meds3.problems.problem import Problem
from meds3.problems.sources.read import Reading, read_source
from meds3.problems.sources.registry import DATASETS
from meds3.runs.digest import digest_of, digest_path


@dataclass(frozen=True)
class Asked:
    """A benchmark with the problems that are asked of it; none when its file is `missing`."""

    benchmark: Benchmark
    entry: BenchmarkEntry
    problems: tuple[Problem, ...] = ()


def read_suite(
    suite: Suite, *, limit: int | None = None, accept_changed: bool = False
) -> list[Asked]:
    """Every benchmark in the suite's order; one whose file is not here has no problems.

    `limit` lowers that of each benchmark. Raises `InputError` for a faulty file, for a file with
    another sha256 than the suite names (unless `accept_changed`), and for an id used twice.
    """
    found = [_asked(suite, one, limit, accept_changed) for one in suite.benchmarks]
    owner: dict[str, str] = {}
    for asked in found:
        for problem in asked.problems:
            other = owner.setdefault(problem.id, asked.benchmark.name)
            if other != asked.benchmark.name:
                raise InputError(
                    f"suite {suite.name}: problem {problem.id!r} is in {other} and in "
                    f"{asked.benchmark.name}",
                    "list its file once",
                )
    return found


def check_all_here(asked: Sequence[Asked]) -> None:
    """Raise `InputError` that says of each missing benchmark how to get it."""
    missing = [a for a in asked if a.entry.missing]
    if missing:
        lines = "\n  ".join(f"{a.benchmark.name}: {a.entry.missing}" for a in missing)
        raise InputError(
            f"{len(missing)} of {len(asked)} benchmarks are not here:\n  {lines}",
            "get them, or go on without: --skip-missing",
        )


def drawn(problems: Sequence[Problem], limit: int | None) -> tuple[Problem, ...]:
    """`limit` problems, chosen by the digest of their ids: a smaller limit is part of a larger."""
    if limit is None or limit >= len(problems):
        return tuple(problems)
    chosen = sorted(problems, key=lambda p: digest_of(["limit", p.id]))[:limit]
    ids = {problem.id for problem in chosen}
    return tuple(problem for problem in problems if problem.id in ids)


def _asked(suite: Suite, benchmark: Benchmark, limit: int | None, accept_changed: bool) -> Asked:
    source = benchmark.source
    path = file_of(source)
    entry = BenchmarkEntry(
        name=benchmark.name,
        suite=suite.name,
        suite_version=suite.version,
        source=f"{source.where}{_part(source)}",
        file_sha256=None,
        problems_sha256=None,
        n_read=0,
        n_asked=0,
        note=benchmark.note,
    )
    if path is not None and not path.exists():
        return Asked(benchmark, entry.model_copy(update={"missing": _how_to_get(benchmark, path)}))
    digest = digest_path(path) if path else None
    if digest and benchmark.sha256 not in (None, digest) and not accept_changed:
        raise InputError(
            f"suite {suite.name}, {benchmark.name}: sha256 of {path} is {digest[:16]}…, the suite "
            f"names {str(benchmark.sha256)[:16]}…: these are other questions",
            "fetch the file again, or mend sha256 in a suite of your own, or --accept-changed",
        )
    reading = _read(source)
    verifiable = [p for p in reading.problems if not isinstance(p.answer, FreeText)]
    least = min((n for n in (limit, benchmark.limit) if n is not None), default=None)
    problems = [
        problem.model_copy(update={"dataset": benchmark.name})
        for problem in drawn(verifiable, least)
    ]
    if not problems:
        raise InputError(f"{source.where}: no problem in it that a rule can verify")
    seen = {
        "file_sha256": digest,
        "problems_sha256": digest_of([p.model_dump(mode="json") for p in verifiable]),
        "n_read": len(verifiable),
        "n_asked": len(problems),
        "n_left_out": len(reading.skipped) + len(reading.problems) - len(verifiable),
    }
    return Asked(benchmark, entry.model_copy(update=seen), tuple(problems))


def file_of(source: Source) -> Path | None:
    """The file (or folder) a source is read from; None for the gym and the hub."""
    if isinstance(source, GymSource | HubSource):
        return None
    if not isinstance(source, DatasetSource):
        return source.path
    if source.hub:
        return None
    return source.path or DATASETS[source.name].path_of(source.split or "train")


def _read(source: Source) -> Reading:
    if not isinstance(source, GymSource):
        return read_source(source, held=False)
    names = list(TASKS) if source.tasks == "all" else list(source.tasks)
    groups = [(TASKS[name], level) for level in source.level for name in names]
    share, rest = divmod(source.heldout, len(groups))
    return Reading(
        [
            problem
            for i, (task, level) in enumerate(groups)
            for problem in make(task, level, "test", source.seed, share + (i < rest))
        ]
    )


def _part(source: Source) -> str:
    if isinstance(source, DatasetSource):
        return f" {source.split or 'train'}{f' ({source.path})' if source.path else ''}"
    return f" {source.split}" if isinstance(source, HubSource) else ""


def _how_to_get(benchmark: Benchmark, path: Path) -> str:
    source = benchmark.source
    if benchmark.get:
        how = benchmark.get
    elif isinstance(source, DatasetSource):
        dataset = DATASETS[source.name]
        command = f"meds3 problems pull {source.name} --split {source.split or 'train'}"
        how = dataset.by_hand or command
    else:
        how = "mend `path` in the suite"
    return f"{how} (expected at {path})"
