"""What the search itself costs: an engine that answers at once, and nothing else.

    python benchmarks/search_overhead.py
    python benchmarks/search_overhead.py --problems 100 1000 10000

Grows the trees of invented problems over an engine without a model or a delay, journalled to a
real SQLite file on disk (every call recorded before it is used). Prints completions per second,
bytes of memory per node, and how both grow with the number of problems. One JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from meds3.answers.kinds import Choice
from meds3.chains.template import ChatTemplate
from meds3.engines.calls import JournalCalls
from meds3.engines.journalled import JournalledEngine
from meds3.engines.protocol import Completion, Sampling
from meds3.problems.problem import Domain, Problem
from meds3.runs.journal import Journal
from meds3.search.config import SearchConfig
from meds3.search.progress import SearchProgress
from meds3.search.scheduler import search_problems

_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_OPTIONS = {"A": "aspirin", "B": "warfarin", "C": "heparin", "D": "clopidogrel"}


class Instant:
    """Answers at once: a step, then an answer that is right now and then. Counts its completions.

    The same answers for the same call.
    """

    name, capacity = "instant", 64

    def __init__(self) -> None:
        self.completions = 0

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        self.completions += sampling.n
        await asyncio.sleep(0)  # an engine is never done before it is asked
        draws = [(sampling.seed + 7919 * index) % 1009 for index in range(sampling.n)]
        head = "" if sampling.stop else "\n\nStep 9: The answer is "
        return [
            Completion(
                f" Finding {draw} speaks for one of the drugs.{head and head + 'ABCD'[draw % 4]}",
                14,
                "stop",
            )
            for draw in draws
        ]

    async def close(self) -> None:
        """Nothing to free."""


def problem(number: int) -> Problem:
    question = f"Which drug did patient {number} take for the heart?"
    gold = Choice(letter="B", options=_OPTIONS)
    return Problem(
        id=f"p{number}",
        dataset="invented",
        domain=Domain.KNOWLEDGE_QA,
        question=question,
        options=_OPTIONS,
        answer=gold,
    )


async def search(count: int, nodes: int) -> dict[str, Any]:
    """One search over `count` problems, in this process."""
    config = SearchConfig(max_nodes=nodes)
    engine = Instant()
    problems = [problem(number) for number in range(count)]
    process = psutil.Process()
    progress = SearchProgress(count)
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "j.sqlite") as journal:
        before = process.memory_info().rss
        began, cpu = time.perf_counter(), time.process_time()
        await search_problems(
            problems,
            JournalledEngine(engine, JournalCalls(journal), "m", "search"),
            ChatTemplate(_TEMPLATE, "<|im_end|>"),
            journal,
            config,
            round_=1,
            seed=0,
            progress=progress,
        )
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        grown = process.memory_info().rss - before
        size = (Path(folder) / "j.sqlite").stat().st_size
        made = journal.rows("SELECT COUNT(*) AS nodes FROM nodes")[0]["nodes"]
    return {
        "problems": count,
        "nodes": made,
        "completions": engine.completions,
        "seconds": round(seconds, 2),
        "completions_per_s": round(engine.completions / seconds),
        "completions_per_cpu_s": round(engine.completions / cpu),
        "memory_bytes_per_node": round(grown / made),
        "journal_bytes_per_node": round(size / made),
        "resident_mib": process.memory_info().rss // 2**20,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--problems", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--nodes", type=int, default=30, help="most nodes of a tree")
    parser.add_argument("--one", action="store_true", help="this process, the first count only")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(asyncio.run(search(given.problems[0], given.nodes))))
        return
    rows = []
    for count in given.problems:  # each in a process of its own: memory is not shared
        command = [sys.executable, __file__, "--one", "--problems", str(count)]
        ran = subprocess.run(
            [*command, "--nodes", str(given.nodes)], capture_output=True, text=True, check=True
        )
        rows.append(json.loads(ran.stdout))
        print(f"# {rows[-1]}", flush=True)
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
