"""Tokens paid for a verified-correct chain, with every option of thrift off and on.

    python benchmarks/search_thrift.py
    python benchmarks/search_thrift.py configs/cpu-demo.yaml --problems 40 --set search.max_nodes=20
    python benchmarks/search_thrift.py --problems 2 --only give_up merge_near

Grows the trees of the same problems with the same seed, first with the search of preset v4 and
everything beyond the paper off, then with one option on, then with all of them. Lengths of steps
and of rollouts and the temperature are the config's; `--set` holds for every line.

    chains      distinct verified chains: correct finishes and verified rollouts
    kept        those that the setting hands on: finishes, and rollouts where `kept_rollouts` is on
    finishes    distinct correct finishes alone
    solved      problems with at least one verified chain

A ratio is tokens per chain over the baseline's tokens per chain: below 1 the option saves. The
interval is a 95% percentile bootstrap over problems, the two searches of a problem drawn together.

The second table is offline: the baseline simulated every node in full, so the stop rules are
replayed over its rollouts, `search.rollout_wave` at a time, and the value at the stop is set
beside the full one. Both tables, and a last line of JSON. Needs `pip install 'meds3[cpu]'`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from label_error import label_error, simulations
from scipy import stats
from search_bench import Bench, Searched, load_bench, report, table, timed_search

from meds3.answers.verdict import Verdict
from meds3.chains.chain import Chain
from meds3.chains.examples import example_for
from meds3.chains.prompt import messages
from meds3.errors import InputError
from meds3.runs.manifest import hardware
from meds3.search.config import SearchConfig
from meds3.search.tree import Tree

# Preset v4 with the released config's tree, where a config made it smaller; nothing beyond the
# paper. ('off' in quotes: YAML reads a bare off as false.)
BASELINE = (
    "preset=v4",
    "search.correct_finishes=4",
    "search.max_nodes=60",
    "search.max_depth=10",
    "search.rollout_base=20",
    "search.rollout_min=5",
    "search.early_stop='off'",
    "search.kept_rollouts=false",
    "search.merge_siblings='off'",
    "search.budget=even",
    "search.give_up_after=null",
    "search.leaves_in_flight=1",
)
VARIANTS: dict[str, tuple[str, ...]] = {
    "early_stop_exact": ("search.early_stop=exact",),
    "early_stop_sequential": ("search.early_stop=sequential", "search.early_stop_error=0.05"),
    "kept_rollouts": ("search.kept_rollouts=true",),
    "merge_exact": ("search.merge_siblings=exact",),
    "merge_near": ("search.merge_siblings=near",),
    "budget_uncertain": ("search.budget=uncertain",),
    "give_up": ("search.give_up_after=40",),
    "leaves_in_flight": ("search.leaves_in_flight=4",),
    "all": (
        "search.early_stop=sequential",
        "search.early_stop_error=0.05",
        "search.kept_rollouts=true",
        "search.merge_siblings=near",
        "search.budget=uncertain",
        "search.give_up_after=40",
    ),
}
# Stop rules of the second table, with the error that each is allowed.
STOPS = (("exact", 0.05), ("sequential", 0.01), ("sequential", 0.05), ("sequential", 0.1))
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


async def measured(bench: Bench, search: SearchConfig, note: str) -> tuple[Thrift, list[Tree]]:
    """Search with `search` on a fresh engine, and count by problem."""
    done = await timed_search(bench, search, note=note)
    kept_rollouts = bool(getattr(search, "kept_rollouts", False))
    found = {tree.problem_id: chains_of(tree, kept_rollouts) for tree in done.trees}
    paid = tokens_by_problem(bench, search, done)
    nothing = dict.fromkeys(MEASURES, 0)  # a problem that failed for good has no tree
    counts = {
        name: np.array([found.get(p.id, nothing)[name] for p in bench.problems])
        for name in MEASURES
    }
    return Thrift(np.array(list(paid.values())), counts, done.seconds), done.trees


def cost_ratio(on: Thrift, off: Thrift, measure: str) -> dict[str, float | None]:
    """Tokens per chain, on over off: the value and its interval; None where it is not finite."""

    def ratio(
        paid: Counts, found: Counts, paid_off: Counts, found_off: Counts, axis: int = -1
    ) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            cost = paid.sum(axis) / found.sum(axis)
            return cost / (paid_off.sum(axis) / found_off.sum(axis))

    samples = (on.tokens, on.counts[measure], off.tokens, off.counts[measure])
    drawn = stats.bootstrap(
        samples, ratio, paired=True, vectorized=True, method="percentile", rng=0
    ).confidence_interval
    values = {"ratio": ratio(*samples), "low": drawn.low, "high": drawn.high}
    return {k: round(float(v), 3) if np.isfinite(v) else None for k, v in values.items()}


def row(name: str, thrift: Thrift, off: Thrift) -> dict[str, Any]:
    """A line of the first table."""
    tokens = int(thrift.tokens.sum())
    line: dict[str, Any] = {"": name, "tokens": tokens, "s": round(thrift.seconds)}
    line["solved"] = int((thrift.counts["chains"] > 0).sum())
    for measure in MEASURES:
        found = int(thrift.counts[measure].sum())
        line[measure] = found
        line[f"tokens/{measure}"] = round(tokens / found, 1) if found else None
        ratio = cost_ratio(thrift, off, measure)
        line[f"ratio {measure}"] = ratio["ratio"]
        line[f"95% {measure}"] = f"{ratio['low']}..{ratio['high']}"
    return line


def label_errors(trees: Sequence[Tree], search: SearchConfig) -> list[dict[str, Any]]:
    """The second table, over the full simulations of the baseline."""
    from meds3.search.early_stop import decided

    nodes, gates = simulations(trees), (0.0, search.finish_gate)
    lines = []
    for rule, error in STOPS:
        stop = partial(decided, rule=rule, gates=gates, error=error)
        found = label_error(nodes, stop, search.rollout_wave, search.finish_gate)
        lines.append({"": rule if rule == "exact" else f"{rule} {error}", **found})
    return lines


async def measure(given: argparse.Namespace) -> dict[str, Any]:
    def bench_of(changes: Sequence[str]) -> Bench:
        return load_bench(given.config, [*BASELINE, *given.set, *changes], given.problems)

    benches = {"baseline": bench_of(())} | {n: bench_of(VARIANTS[n]) for n in given.only}
    if len(benches["baseline"].problems) < 2:
        raise InputError("--problems 1: an interval over problems needs two", "--problems 20")
    rows: list[dict[str, Any]] = []
    off, errors = None, []
    for name, bench in benches.items():
        thrift, trees = await measured(bench, bench.config.search, name)
        if off is None:
            off, errors = thrift, label_errors(trees, bench.config.search)
        rows.append(row(name, thrift, off))
        print(f"# {rows[-1]}", flush=True)
    print(table(rows))
    print(table(errors))
    return {
        "benchmark": "search_thrift",
        "config": str(given.config),
        "set": given.set,
        "problems": len(benches["baseline"].problems),
        "search": benches["baseline"].config.search.model_dump(mode="json"),
        "variants": {name: VARIANTS[name] for name in given.only},
        "thrift": rows,
        "label_error": errors,
        "hardware": hardware(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("config", type=Path, nargs="?", default=Path("configs/cpu-demo.yaml"))
    parser.add_argument("--problems", type=int, help="the first so many seeds; all if not given")
    parser.add_argument("--set", action="append", default=[], help="override, as for `evolve`")
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    report(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
