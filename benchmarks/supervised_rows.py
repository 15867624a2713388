"""The control without a search: SFT rows that say every seed's right answer.

    python benchmarks/supervised_rows.py configs/cpu-real.yaml -o all.jsonl
    python benchmarks/supervised_rows.py configs/cpu-real.yaml --rounds 2 --rows 554 -o some.jsonl

What plain supervised fine-tuning learns from the seeds of some rounds: of each its answer, worded
as the config's `sft.reasons` words it, through the same balance as a run's rows. `--rows` draws as
many as a run learned from, so that the two are compared at equal training. Then `meds3 train sft`
with the config's `sft`, and `try_policy.py --problems heldout`. Prints a line of JSON.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from search_bench import report

from meds3.answering.prompting import bare_prompt
from meds3.chains.template import ChatTemplate
from meds3.engines.models import ensure_model
from meds3.errors import InputError
from meds3.evolution.config import RunConfig, load_config
from meds3.evolution.overlap import checked_problems
from meds3.learning.both_sides import add_missing_side
from meds3.learning.rows import SftRow, write_rows
from meds3.learning.sft_rows import sft_rows
from meds3.learning.verified import ALONE
from meds3.problems.problem import Problem
from meds3.runs.digest import digest_of
from meds3.search.tree import Tree, seedling


def told(problem: Problem, prompt: str, config: RunConfig) -> Tree:
    """A tree that holds nothing but the right answer, as if it had been sampled."""
    tree = seedling(problem.id, prompt)
    add_missing_side(tree, problem, ALONE[config.sft.reasons])
    return tree


def drawn(rows: list[SftRow], count: int | None) -> list[SftRow]:
    """`count` of the rows, in their order; which ones is the same on every machine."""
    ordered = sorted(rows, key=lambda row: digest_of(["supervised", row.problem_id]))[:count]
    kept = {row.problem_id for row in ordered}
    return [row for row in rows if row.problem_id in kept]


async def write(given: argparse.Namespace) -> dict[str, Any]:
    config = load_config(given.config, given.set)
    if config.sft.reasons not in ALONE:
        raise InputError(
            f"sft.reasons {config.sft.reasons}: expected one of {', '.join(ALONE)}: nobody wrote "
            "reasons here",
            "--set sft.reasons=option",
        )
    split = checked_problems(config.problems)
    wanted = {p.id for number in given.rounds for p in split.seeds_of(number)}
    seeds = [p for p in split.seeds if p.id in wanted]
    template = ChatTemplate.from_model(ensure_model(config.model))
    trees = [told(problem, bare_prompt(template, problem), config) for problem in seeds]
    rows, _ = sft_rows(trees, seeds, config.sft)
    kept = drawn(rows, given.rows)
    write_rows(given.output, kept)
    return {
        "benchmark": "supervised_rows",
        "config": str(given.config),
        "rounds": given.rounds,
        "seeds": len(seeds),
        "rows": len(kept),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--rounds", type=int, nargs="+", default=[1], help="whose seeds")
    parser.add_argument("--rows", type=int, help="at most so many")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the JSONL to write")
    report(write(parser.parse_args()))


if __name__ == "__main__":
    main()
