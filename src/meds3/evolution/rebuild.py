"""Training rows made anew from the trees of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from meds3.errors import InputError
from meds3.evolution.config import changed
from meds3.evolution.outcome import config_of
from meds3.learning.config import DpoConfig
from meds3.learning.pairs import dpo_rows
from meds3.learning.prm_rows import prm_rows
from meds3.learning.rows import Row
from meds3.learning.sft_rows import sft_rows
from meds3.problems.problem import Problem
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal
from meds3.search.store import StoredTrees

_BUILDERS: dict[str, Callable[..., tuple[Sequence[Row], dict[str, Any]]]] = {
    "sft": sft_rows,
    "dpo": dpo_rows,
    "prm": prm_rows,
}


def rebuilt_rows(
    run: Path, round_: int, stage: str, overrides: Iterable[str]
) -> tuple[Sequence[Row], dict[str, Any]]:
    """Rows of `stage` from the finished trees of `round_`, and their summary.

    The settings are the run's with `overrides` (`key=value`) on top. Raises `InputError` when the
    round has no finished tree yet.
    """
    directory = RunDirectory.existing(run)
    config: BaseModel = getattr(config_of(directory), stage) or DpoConfig()
    settings = changed(config, list(overrides))
    with Journal(directory.journal_path, read_only=True) as journal:
        seeds = [Problem.model_validate(body) for body in journal.problems("seed")]
        trees = StoredTrees(journal, round_, [problem.id for problem in seeds])
        if not trees:
            raise InputError(
                f"{run}: round {round_} has no finished tree",
                "`meds3 tree stats` shows what it has",
            )
        return _BUILDERS[stage](trees, seeds, settings)
