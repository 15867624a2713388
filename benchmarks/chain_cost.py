"""Verified chains and what they cost, problem by problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from search_bench import Bench, Searched

from meds3.answers.verdict import Verdict
from meds3.chains.chain import Chain
from meds3.chains.examples import example_for
from meds3.chains.prompt import messages
from meds3.errors import InputError
from meds3.search.config import SearchConfig
from meds3.search.tree import Tree

MEASURES = ("chains", "kept", "finishes")

Counts = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Thrift:
    """One setting; arrays hold a number a problem, in one order for all settings."""

    tokens: Counts
    counts: dict[str, Counts]
    seconds: float


def chains_of(tree: Tree, kept_rollouts: bool) -> dict[str, int]:
    """How many distinct verified chains a tree holds, by measure."""
    right = Verdict.CORRECT
    finishes = {tree.chain(node).text for node in tree.finishes() if node.verdict is right}
    rollouts = {
        Chain(tree.chain(node).steps + rollout.steps).text
        for node in tree.nodes
        for rollout in node.rollouts
        if rollout.verdict is right
    }
    every = finishes | rollouts
    kept = every if kept_rollouts else finishes
    return {"chains": len(every), "kept": len(kept), "finishes": len(finishes)}


def tokens_by_problem(bench: Bench, search: SearchConfig, done: Searched) -> dict[str, int]:
    """Generated tokens of each problem's calls, told by the prompts they begin with."""
    heads = {}
    for problem in bench.problems:
        example = example_for(problem) if search.shows_example(1) else None
        heads[problem.id] = bench.template.render(messages(problem, example))
    paid = dict.fromkeys(heads, 0)
    for call in done.calls:
        owner = next((i for i, head in heads.items() if call.prompt.startswith(head)), None)
        if owner is None:
            raise InputError(
                f"a call belongs to no problem: {call.prompt[:80]!r}…",
                "mend tokens_by_problem: the search renders its prompts in another way",
            )
        paid[owner] += sum(call.generated)
    return paid


def counted(bench: Bench, search: SearchConfig, done: Searched) -> Thrift:
    """Tokens and chains of a search, by problem."""
    found = {tree.problem_id: chains_of(tree, search.kept_rollouts) for tree in done.trees}
    paid = tokens_by_problem(bench, search, done)
    nothing = dict.fromkeys(MEASURES, 0)  # a problem that failed for good has no tree
    counts = {
        name: np.array([found.get(p.id, nothing)[name] for p in bench.problems])
        for name in MEASURES
    }
    return Thrift(np.array(list(paid.values())), counts, done.seconds)


def cost_ratio(on: Thrift, off: Thrift, measure: str) -> dict[str, float | None]:
    """Tokens per chain, on over off: the value and its interval; None where it is not finite."""

    def ratio(
        paid: Counts, found: Counts, paid_off: Counts, found_off: Counts, axis: int = -1
    ) -> Any:
        cost = paid.sum(axis) / found.sum(axis)
        return cost / (paid_off.sum(axis) / found_off.sum(axis))

    samples = (on.tokens, on.counts[measure], off.tokens, off.counts[measure])
    with np.errstate(divide="ignore", invalid="ignore"):  # where no chain was found
        value = ratio(*samples)
        drawn = stats.bootstrap(
            samples, ratio, paired=True, vectorized=True, method="percentile", random_state=0
        ).confidence_interval
    values = {"ratio": value, "low": drawn.low, "high": drawn.high}
    return {k: round(float(v), 3) if np.isfinite(v) else None for k, v in values.items()}
