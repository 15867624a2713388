"""Three HTTP servers, one killed and one added while a search runs: is anything lost?

    python benchmarks/replica_faults.py --problems 600

Servers are real processes (`faulty_server.py` without faults, 0.1 s a call), the search is the
real one on gym problems. When a quarter of the trees are there, the second server is killed (kill
-9); when half are, a fourth joins by the file of servers. Prints the load table, and counts
problems without a tree, calls that were journalled twice, and answers that a server gave and
nobody took.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from search_faults import free_port, problem

from meds3.chains.template import ChatTemplate
from meds3.engines.calls import JournalCalls
from meds3.engines.journalled import JournalledEngine
from meds3.engines.openai import OpenAIEngine
from meds3.engines.replicas import load_lines
from meds3.runs.journal import Journal
from meds3.search.config import SearchConfig
from meds3.search.progress import SearchProgress
from meds3.search.scheduler import search_problems
from meds3.search.store import finished_ids

_TEMPLATE = ChatTemplate("{% for m in messages %}{{ m.content }}\n{% endfor %}", "<end>")


def serve(folder: Path, name: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server; its process and its address."""
    port = free_port()
    command = [sys.executable, str(Path(__file__).with_name("faulty_server.py"))]
    command += ["--port", str(port), "--log", str(folder / f"{name}.jsonl"), "--share", "0"]
    return subprocess.Popen([*command, "--delay", "0.1"]), f"http://127.0.0.1:{port}/v1"


async def reached(progress: SearchProgress, share: float) -> None:
    """Wait until this share of the trees is there."""
    while progress.done < share * progress.trees:  # noqa: ASYNC110 (it knows no event)
        await asyncio.sleep(0.05)


def requests(folder: Path) -> list[str]:
    """The key of each request that a server was sent."""
    lines = [line for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]
    return [json.loads(line)["key"] for line in lines if line.endswith("}")]


async def measure(given: argparse.Namespace, folder: Path) -> None:
    """Search with servers that come and go, then count."""
    running = [serve(folder, f"server-{number}") for number in (1, 2, 3)]
    listing = folder / "servers.txt"
    listing.write_text("".join(f"{url}\n" for _, url in running))
    await asyncio.sleep(2.0)
    engine = OpenAIEngine([], "faulty", servers_file=listing, max_in_flight=48)
    problems = [problem(number) for number in range(given.problems)]
    progress = SearchProgress(len(problems))

    async def disturb() -> None:
        await reached(progress, 1 / 4)
        running[1][0].send_signal(signal.SIGKILL)
        print(f"{progress.done} trees: killed {running[1][1]}", flush=True)
        await reached(progress, 1 / 2)
        running.append(serve(folder, "server-4"))
        await asyncio.sleep(1.0)
        with listing.open("a") as stream:
            stream.write(f"{running[-1][1]}\n")
        print(f"{progress.done} trees: added {running[-1][1]}", flush=True)

    began = time.monotonic()
    with Journal(folder / "journal.sqlite") as journal:
        called = JournalledEngine(engine, JournalCalls(journal))
        config = SearchConfig(max_nodes=12, rollout_base=4, rollout_min=4)
        disturbing = asyncio.create_task(disturb())
        await search_problems(
            problems, called, _TEMPLATE, journal, config, round_=1, seed=0, progress=progress
        )
        await disturbing
        seconds = time.monotonic() - began
        trees, keys = finished_ids(journal, 1), journal.rows("SELECT key FROM calls")
    loads = engine.loads()
    await engine.close()
    for server, _ in running:
        server.kill()
        server.wait()
    print("\n".join(load_lines(loads)))
    given_out = requests(folder)
    print(
        f"{len(trees)} of {len(problems)} problems have a tree, {progress.failed} failed; "
        f"{len(keys)} calls journalled, {len(given_out)} requests served "
        f"({len(given_out) - len(set(given_out))} of a call that another server had taken); "
        f"{seconds:.1f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--problems", type=int, default=600)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(parser.parse_args(), Path(folder)))


if __name__ == "__main__":
    main()
