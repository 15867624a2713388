"""The stage in which a new policy writes the chains that its PRM learns from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from meds3.answering.prompting import bare_prompt
from meds3.errors import InputError
from meds3.evolution.policies import Policy
from meds3.evolution.rollouts import Begun, policy_rollouts
from meds3.evolution.state import Evolution
from meds3.learning.both_sides import add_missing_side
from meds3.learning.config import FreshConfig
from meds3.learning.prm_rows import prm_rows
from meds3.learning.rows import write_rows
from meds3.learning.summary import summary_page
from meds3.learning.verified import ALONE
from meds3.problems.load import ProblemSplit
from meds3.problems.problem import Problem
from meds3.runs.atomic import write_text
from meds3.search.tree import Tree, seedling


async def fresh_prm_rows(
    state: Evolution, number: int, config: FreshConfig, policy: Policy, trees: Collection[Tree]
) -> int:
    """Write `prm.jsonl` of round `number` from chains that `policy` samples; how many rows.

    Raises `InputError` when no chain can be learned from.
    """
    folder, name = state.run.round(number), f"round-{number}/fresh"
    problems = _seeds(state.problems, number, config)
    output = folder / "prm.jsonl"

    async def work() -> dict[str, Any]:
        fresh = await _written(state, number, config.chains, policy, problems)
        if config.both_sides:
            for tree, problem in zip(fresh, problems, strict=True):
                add_missing_side(tree, problem, ALONE[state.config.sft.reasons])
        await state.server.release()  # training needs the memory
        learned = [*fresh, *trees] if config.trees else fresh
        rows, summary = prm_rows(learned, state.problems.seeds, state.config.prm)
        if not rows:
            raise InputError(
                f"round {number}: no chain of {policy.name} teaches its PRM anything "
                f"({config.chains} chains of {len(problems)} seeds)",
                "give fresh.chains more, or set fresh.trees",
            )
        write_rows(output, rows)
        write_text(folder / "fresh.md", summary_page({"prm": summary}))
        return {
            "rows": len(rows),
            "chains": sum(len(tree.nodes[0].rollouts) for tree in fresh),
            "generated_tokens": int(state.journal.call_totals().get(name, {}).get("tokens", 0)),
        }

    inputs = {
        "policy": policy.digest,
        "fresh": state.config.science()["fresh"],
        "prm": state.config.science()["prm"],
        "answering": state.config.answering.drawing(),
        "seed": state.config.seed,
        "problems": [problem.id for problem in problems],
        "trees": (state.journal.stage(f"round-{number}/search") or {}).get("inputs"),
    }
    return int((await state.stages.run(name, inputs, [output], work))["rows"])


def _seeds(problems: ProblemSplit, number: int, config: FreshConfig) -> list[Problem]:
    taken = [p for p in problems.seeds if config.takes(problems.first_round(p), number)]
    if not taken:
        waits = "the next round" if config.seeds == "next" else "a later round"
        raise InputError(
            f"round {number}: fresh.seeds is {config.seeds}, but no seed waits for {waits}",
            f"list a file again under problems.sources with seeds and rounds: [{number + 1}], or "
            "set fresh.seeds to learned",
        )
    return taken


async def _written(
    state: Evolution, number: int, count: int, policy: Policy, problems: Sequence[Problem]
) -> list[Tree]:
    """`count` chains of every problem, sampled as the policy answers: the rollouts of Step 0."""
    trees = [seedling(problem.id, bare_prompt(state.template, problem)) for problem in problems]
    begun = [Begun(problem, f"fresh:{number}") for problem in problems]
    name, said = f"round-{number}/fresh", ("seeds", "chains written")
    rolled = await policy_rollouts(state, name, policy, begun, count, state.config.seed, said)
    for tree, rollouts in zip(trees, rolled, strict=True):
        tree.nodes[0].rollouts = rollouts
    return trees
