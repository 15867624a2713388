"""A run does not start on seeds that give its held-out problems away."""

from __future__ import annotations

from meds3.errors import InputError
from meds3.problems.config import ProblemsConfig
from meds3.problems.curation.config import OverlapConfig
from meds3.problems.curation.overlap import find_overlaps
from meds3.problems.load import ProblemSplit, load_problems

_SHOWN = 3


def checked_problems(config: ProblemsConfig) -> ProblemSplit:
    """The problems of a config, seeds and held-out ones kept apart (`curation.overlap`).

    Raises `InputError` naming the first pairs, unless `allow_overlap` is true.
    """
    problems = load_problems(config)
    if config.allow_overlap:
        return problems
    found = find_overlaps(problems.seeds, problems.heldout, OverlapConfig())
    if found:
        pairs = "\n  ".join(f"{o.seed.id} ~ {o.other.id} ({o.detail})" for o in found[:_SHOWN])
        more = f"\n  and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise InputError(
            f"{len(found)} of {len(problems.seeds)} seeds overlap the held-out problems, so the "
            f"run would be measured on what it learned:\n  {pairs}{more}",
            "`meds3 problems curate SEEDS --against HELDOUT --out seeds.jsonl` and use that file, "
            "or let others take their place: --set problems.replace_overlap=true, "
            "or accept it: --set problems.allow_overlap=true",
        )
    return problems
