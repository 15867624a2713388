"""Problems kept out of a training, to see on them when it has learnt enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from meds3.errors import InputError
from meds3.learning.jobs import Job
from meds3.learning.processes import say
from meds3.learning.rows import Row
from meds3.runs.digest import digest_of

RowT = TypeVar("RowT", bound=Row)


def split_rows(job: Job, rows: Sequence[RowT]) -> tuple[list[RowT], list[RowT]]:
    """Rows to train on and rows held out, each in the order given.

    A problem is on one side with all of its rows, and always on the same one: what is held out
    in round 1 is held out in round 2. Raises `InputError` when a side would be empty.
    """
    share = job.config.holdout
    if not share:
        return list(rows), []
    sides: tuple[list[RowT], list[RowT]] = ([], [])
    for row in rows:
        sides[is_held_out(row.problem_id, share)].append(row)
    problems = [len({row.problem_id for row in side}) for side in sides]
    for side, name in zip(sides, ("to train on", "held out"), strict=True):
        if rows and not side:
            raise InputError(
                f"train {job.stage}: holdout {share} of the {sum(problems)} problems of "
                f"{job.data} leaves none {name}",
                f"set {job.stage}.holdout nearer to 0.5, or to 0, or give it more problems",
            )
    say(f"held out: {problems[1]} of {sum(problems)} problems, {len(sides[1])} rows")
    return sides


def is_held_out(problem_id: str, share: float) -> bool:
    """Whether a problem falls into the held-out share, by a digest of its id alone."""
    return int(digest_of(["holdout", problem_id])[:8], 16) < share * 16**8
