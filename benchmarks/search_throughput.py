"""How fast the search is beside other schedules of it, and beside the engine's own limit.

    python benchmarks/search_throughput.py
    python benchmarks/search_throughput.py configs/cpu-demo.yaml --problems 60 --pairs 5
    python benchmarks/search_throughput.py --problems 4 --pairs 1 --only ours lock_step
    python benchmarks/search_throughput.py --modelled --only lock_step serial flat_same

Same problems, same config, same model, a fresh engine (empty prefix cache) for each line, in one
process; the order is turned round from pair to pair, and ratios are medians over the pairs.

    ours        as `search_problems` does it: no barrier, all trees in one stream of calls
    lock_step   all trees advance together: their calls are collected until every tree waits, sent
                as one batch, and none is answered before the slowest of the batch
    serial      one problem at a time, one prompt per engine call
    flat_*      no search: the calls that `ours` made, all sent at once, journal left out

The flat rates are what the engine does with such calls when it never has to wait for one. They
differ in what is known of the prompts (a prefix is shared once it is computed, not before):

    flat_shared  every problem's prompt once, then all calls, one clock for both: each prefix of a
                 tree is paid once, as in the search, and nothing waits for a value. The fair limit
                 of a schedule, and the saturation: `search_to_flat_shared`.
    flat_same    the very same prompts, cold and all at once. Calls of one tree that start together
                 compute their common prefix each for itself, so the search can be faster: then
                 `search_to_flat_same` is above 1.
    flat_other   prompts of the same lengths that share no prefix, as many samples, each as long as
                 the mean of its call: what the search would cost without shared prefixes.
    flat_warm    the calls of `flat_same` once more on its engine. Prompts cost next to nothing (as
                 far as the cache holds them): generation alone, out of reach for any search that
                 has to read its problems. `search_to_flat_warm` counts waiting and prompts.

`--modelled` puts an engine without a model in place of the real one (`modelled.py`): its steps cost
nearly the same for one sequence as for 64, as on a GPU. On two CPU cores they do not: there the
engine is as fast half empty as full, and schedules differ little.

Rounding depends on what else is in the batch, so the trees of two schedules differ a little:
compare generated tokens per second as well as seconds. `vs_` ratios above 1 are in favour of ours.
`cores busy` below the cores of an idle machine says that the engine waited, or that something else
ran: then compare tokens per processor second, and measure again.
Flat lines of a turned-round pair replay the calls of the pair before. Prints a table of medians
and a last line of JSON. Needs `pip install 'meds3[cpu]'`.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flat import FLAT, Line, flat_lines
from schedules import LockStep, OneAtATime
from search_bench import Bench, Call, Wrapped, load_bench, report, table, timed_search

from meds3.engines.protocol import Engine
from meds3.runs.manifest import hardware

# No limit of ours may split a batch of another schedule.
_NO_LIMIT = 2**40


@dataclass(frozen=True)
class Schedule:
    """Changes of the search config, and who holds calls back."""

    changes: dict[str, int]
    engine: Callable[[Engine], Engine]


SCHEDULES = {
    "ours": Schedule({}, Wrapped),
    "lock_step": Schedule({"tokens_in_flight": _NO_LIMIT}, LockStep),
    "serial": Schedule({"trees_in_flight": 1}, OneAtATime),
}


async def pair(
    bench: Bench, names: Sequence[str], calls: list[Call]
) -> tuple[dict[str, Line], list[Call]]:
    """Every line of `names` in that order; the flat ones replay `calls`, or those of `ours`."""
    lines: dict[str, Line] = {}
    for name in names:
        if name in FLAT:
            found = await flat_lines(bench, name, calls)
        else:
            schedule = SCHEDULES[name]
            search = bench.config.search.model_copy(update=schedule.changes)
            done = await timed_search(bench, search, schedule.engine, note=name)
            prompts = sum(call.prompt_tokens for call in done.calls)
            line = Line(done.seconds, done.cpu_seconds, len(done.calls), prompts, done.tokens)
            found = {name: line}
            calls = done.calls if name == "ours" else calls
        lines |= found
        for told, line in found.items():
            print(f"# {told}: {line.seconds:.1f} s, {line.rate:.1f} tokens/s", flush=True)
    return lines, calls


def ratios(pairs: Sequence[dict[str, Line]]) -> dict[str, float]:
    """Medians over the pairs: other schedules' time over ours, our rate over every other."""

    def median(of: Callable[[Line, Line], float], name: str) -> float:
        return round(statistics.median(of(lines["ours"], lines[name]) for lines in pairs), 2)

    others = [name for name in pairs[0] if name != "ours"]
    time_ratios = {
        f"time_vs_{name}": median(lambda ours, other: other.seconds / ours.seconds, name)
        for name in others
        if name in SCHEDULES
    }
    rate_ratios = {
        (f"rate_vs_{name}" if name in SCHEDULES else f"search_to_{name}"): median(
            lambda ours, other: ours.rate / other.rate, name
        )
        for name in others
    }
    return time_ratios | rate_ratios


def medians(pairs: Sequence[dict[str, Line]]) -> list[dict[str, Any]]:
    """A row a line, the medians over the pairs."""

    def row(name: str) -> dict[str, Any]:
        lines = [lines[name] for lines in pairs]
        columns: dict[str, tuple[Callable[[Line], float], int | None]] = {
            "seconds": (lambda line: line.seconds, 1),
            "cores busy": (lambda line: line.cpu_seconds / line.seconds, 2),
            "calls": (lambda line: line.calls, None),
            "prompt tokens": (lambda line: line.prompt_tokens, None),
            "generated tokens": (lambda line: line.tokens, None),
            "tokens/s": (lambda line: line.rate, 1),
            "tokens/cpu s": (lambda line: line.tokens / line.cpu_seconds, 1),
        }
        return {"": name} | {
            column: round(statistics.median(map(of, lines)), digits)
            for column, (of, digits) in columns.items()
        }

    return [row(name) for name in pairs[0]]


async def measure(given: argparse.Namespace) -> dict[str, Any]:
    bench = load_bench(given.config, given.set, given.problems)
    bench = dataclasses.replace(bench, modelled=given.modelled)
    names = [
        "ours",
        *(name for name in (*SCHEDULES, *FLAT) if name in given.only and name != "ours"),
    ]
    pairs: list[dict[str, Line]] = []
    calls: list[Call] = []
    for number in range(given.pairs):
        order = names[::-1] if number % 2 else names
        print(f"# pair {number + 1} of {given.pairs}: {', '.join(order)}", flush=True)
        lines, calls = await pair(bench, order, calls)
        pairs.append({name: lines[name] for name in sorted(lines, key=_place)})
    print(table(medians(pairs)))
    found = ratios(pairs)
    print(table([{"": name, "median": value} for name, value in found.items()]))
    return {
        "benchmark": "search_throughput",
        "config": str(given.config),
        "set": given.set,
        "modelled": given.modelled,
        "problems": len(bench.problems),
        "ratios": found,
        "pairs": [
            {name: {k: round(v, 2) for k, v in vars(line).items()} for name, line in lines.items()}
            for lines in pairs
        ],
        "hardware": hardware(),
    }


def _place(name: str) -> int:
    return (*SCHEDULES, *FLAT, "flat_warm").index(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("config", type=Path, nargs="?", default=Path("configs/cpu-demo.yaml"))
    parser.add_argument("--problems", type=int, default=25, help="the first so many seeds")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument(
        "--modelled", action="store_true", help="an engine whose steps cost the same, full or not"
    )
    parser.add_argument("--set", action="append", default=[], help="override, as for `evolve`")
    every = [*SCHEDULES, *FLAT]
    parser.add_argument("--only", nargs="+", choices=every, default=every, help="besides ours")
    report(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
