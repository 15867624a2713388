"""Tokens paid for a verified-correct chain, with every option of thrift off and on.

    python benchmarks/search_thrift.py
    python benchmarks/search_thrift.py configs/cpu-demo.yaml --problems 40 --set search.max_nodes=20
    python benchmarks/search_thrift.py --problems 2 --only give_up merge_near

Grows the trees of the same problems with the same seed, first with the search of preset v4 and
everything beyond the paper off, then with one option on, then with all of them, and once more
with another seed (`other_seed`: how far chance alone moves a ratio). Lengths of steps
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
from functools import partial
from pathlib import Path
from typing import Any, Literal

from chain_cost import MEASURES, Thrift, cost_ratio, counted
from label_error import label_error, simulations
from search_bench import Bench, load_bench, report, table, timed_search

from meds3.errors import InputError
from meds3.runs.manifest import hardware
from meds3.search.config import SearchConfig
from meds3.search.early_stop import decided
from meds3.search.tree import Tree

# Preset v4 with the released config's tree, where a config made it smaller; nothing beyond the
# paper.
BASELINE = (
    "preset=v4",
    "search.correct_finishes=4",
    "search.max_nodes=60",
    "search.max_depth=10",
    "search.rollout_base=20",
    "search.rollout_min=5",
    "search.early_stop=none",
    "search.kept_rollouts=false",
    "search.merge_siblings=none",
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
    "all": (  # leaves in flight are for speed: they cost tokens, if anything
        "search.early_stop=sequential",
        "search.early_stop_error=0.05",
        "search.kept_rollouts=true",
        "search.merge_siblings=near",
        "search.budget=uncertain",
        "search.give_up_after=40",
    ),
    "other_seed": ("seed=1",),  # no option: what chance alone does to the ratios
}
# Stop rules of the second table, with the error that each is allowed.
STOPS: tuple[tuple[Literal["exact", "sequential"], float], ...] = (
    ("exact", 0.05),
    ("sequential", 0.01),
    ("sequential", 0.05),
    ("sequential", 0.1),
)
COUNTS = ("", "tokens", "seconds", "solved", *MEASURES)


def row(name: str, thrift: Thrift, off: Thrift) -> dict[str, Any]:
    """A line of the first table."""
    tokens = int(thrift.tokens.sum())
    solved = int((thrift.counts["chains"] > 0).sum())
    line = {"": name, "tokens": tokens, "seconds": round(thrift.seconds), "solved": solved}
    for measure in MEASURES:
        found = int(thrift.counts[measure].sum())
        line[measure] = found
        line[f"tokens/{measure}"] = round(tokens / found, 1) if found else None
        line |= {f"{k} {measure}": v for k, v in cost_ratio(thrift, off, measure).items()}
    return line


def counts_table(rows: Sequence[dict[str, Any]]) -> str:
    """What was paid and found."""
    return table([{field: row[field] for field in COUNTS} for row in rows])


def ratio_table(rows: Sequence[dict[str, Any]]) -> str:
    """Tokens per chain by every measure, and over the baseline's with the interval."""
    lines = []
    for row in rows:
        line = {"": row[""]}
        for name in MEASURES:
            interval = f"({row[f'low {name}']} to {row[f'high {name}']})"
            line[f"tokens/{name}"] = row[f"tokens/{name}"]
            line[f"ratio {name}"] = f"{row[f'ratio {name}']} {interval}"
        lines.append(line)
    return table(lines)


def label_errors(trees: Sequence[Tree], search: SearchConfig) -> list[dict[str, Any]]:
    """The second table, over the full simulations of the baseline."""
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
        done = await timed_search(bench, bench.config.search, note=name)
        thrift = counted(bench, bench.config.search, done)
        if off is None:
            off, errors = thrift, label_errors(done.trees, bench.config.search)
        rows.append(row(name, thrift, off))
        print("# " + ", ".join(f"{rows[-1][k]} {k}".strip() for k in COUNTS), flush=True)
    print("\n\n".join((counts_table(rows), ratio_table(rows), table(errors))))
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
