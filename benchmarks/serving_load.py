"""A server under load: answers a minute, latency, memory, and whether answers stay the same.

    pip install locust
    python benchmarks/serving_load.py runs/cpu-demo                       # 100 users, 2 minutes
    python benchmarks/serving_load.py runs/cpu-demo --users 8 -n 8 --seconds 60

Starts `meds3 serve`, asks every question once with nobody else there, then lets locust's users
ask the same ones (each with its seed) from a process of their own. Anything but an answer or a 429
is a failure and ends the script with 1; answers that differ from the one at rest are counted.
Memory is that of the server, in MiB, the medians of the quarters of the time. Ends with a line of
JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean, median
from typing import Any

import httpx

from meds3.problems.gym.registry import TASKS, make

_HERE = Path(__file__).parent
_LOAD_S = 180.0  # a model may take so long to load
# What locust counts apart.
EQUAL, OTHER, REFUSED = "answered as at rest", "answered otherwise", "refused: queue full"
_CLI = "from meds3.cli.app import main; main()"


def questions(count: int, n: int, seed: int) -> list[dict[str, Any]]:
    """Requests for problems of the gym, over all its tasks."""
    drawn = [make(task, 1, "train", seed, 1 + count // len(TASKS)) for task in TASKS.values()]
    problems = [one for group in zip(*drawn, strict=True) for one in group][:count]
    return [
        {
            "model": "",
            "messages": [{"role": "user", "content": one.question}],
            "n": n,
            "seed": number,
            "kind": one.answer.kind if one.answer.kind in ("number", "date") else "span",
            **({"options": one.options} if one.options else {}),
            **({"context": one.context} if one.context else {}),
        }
        for number, one in enumerate(problems)
    ]


@contextmanager
def served(given: argparse.Namespace, folder: Path) -> Iterator[tuple[str, int]]:
    """A `meds3 serve` of its own: its address and process id."""
    with socket.create_server(("127.0.0.1", 0)) as line:
        port = line.getsockname()[1]
    command = [sys.executable, "-c", _CLI, "serve", given.model, "--port", str(port)]
    command += ["--at-once", str(given.at_once), "--waiting", str(given.waiting)]
    command += ["--audit", str(folder / "audit.sqlite")]
    command += [part for setting in given.set for part in ("--set", setting)]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
        address, until = f"http://127.0.0.1:{port}", time.monotonic() + _LOAD_S
        while not ready(address):
            if server.poll() is not None or time.monotonic() > until:
                raise SystemExit((folder / "server.log").read_text())
            time.sleep(0.2)
        try:
            yield address, server.pid
        finally:
            server.terminate()
            if server.wait(60) != 0:
                raise SystemExit((folder / "server.log").read_text())


def ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def told(reply: dict[str, Any]) -> dict[str, Any]:
    """What must be the same at rest and under load."""
    ours = reply["meds3"]
    return {
        "answer": ours["answer"],
        "text": reply["choices"][0]["message"]["content"],
        "votes": ours["votes"],
    }


def at_rest(address: str, bodies: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[float]]:
    """Every question with its answer when nobody else asks, and the seconds each took."""
    cases, seconds = [], []
    with httpx.Client(base_url=address, timeout=600) as client:
        name = client.get("/v1/models").json()["data"][0]["id"]
        for body in bodies:
            began = time.perf_counter()
            reply = client.post("/v1/chat/completions", json={**body, "model": name})
            seconds.append(time.perf_counter() - began)
            reply.raise_for_status()
            cases.append({"body": {**body, "model": name}, "expected": told(reply.json())})
    return cases, seconds


class Memory(threading.Thread):
    """The resident memory of a process, in MiB, every second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.status = Path(f"/proc/{pid}/status")
        self.ended = threading.Event()
        self.mib: list[float] = []

    def run(self) -> None:
        while not self.ended.wait(1.0):
            line = next(x for x in self.status.read_text().splitlines() if x.startswith("VmRSS"))
            self.mib.append(int(line.split()[1]) / 1024)

    def quarters(self) -> list[int]:
        size = max(1, len(self.mib) // 4)
        return [round(median(self.mib[i * size : (i + 1) * size])) for i in range(4)]


def under_load(address: str, pid: int, given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    memory = Memory(pid)
    memory.start()
    command = [sys.executable, "-m", "locust", "-f", str(_HERE / "serving_load_users.py")]
    command += ["--headless", "--only-summary", "--host", address, "--csv", str(folder / "load")]
    command += ["-u", str(given.users), "-r", str(given.users), "-t", f"{given.seconds}s"]
    environment = {**os.environ, "MEDS3_LOAD": str(folder / "cases.json")}
    done = subprocess.run(command, env=environment, stdout=sys.stderr, stderr=sys.stderr)
    memory.ended.set()
    memory.join()
    with (folder / "load_stats.csv").open(newline="") as stream:
        rows = {row["Name"]: row for row in csv.DictReader(stream)}
    count = {name: int(row["Request Count"]) for name, row in rows.items()}
    answered = count.get(EQUAL, 0) + count.get(OTHER, 0)
    return {
        "answered": answered,
        "as_at_rest": count.get(EQUAL, 0),
        "refused": count.get(REFUSED, 0),
        "failures": int(rows["Aggregated"]["Failure Count"]),
        "answers_a_minute": round(60 * answered / given.seconds, 1),
        "p50_s": float(rows[EQUAL]["50%"]) / 1000 if EQUAL in rows else None,
        "p95_s": float(rows[EQUAL]["95%"]) / 1000 if EQUAL in rows else None,
        "memory_mib": memory.quarters(),
        "locust_exit": done.returncode,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", help="a run, an export, a GGUF file, or embedded")
    parser.add_argument("-n", type=int, default=8, help="chains of an answer")
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--questions", type=int, default=24)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--waiting", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0, help="of the questions")
    parser.add_argument("--set", action="append", default=[], help="as for meds3 serve")
    given = parser.parse_args()
    if find_spec("locust") is None:
        raise SystemExit("locust makes the load. Fix: pip install locust")
    bodies = questions(given.questions, given.n, given.seed)
    with tempfile.TemporaryDirectory() as name, served(given, Path(name)) as (address, pid):
        folder = Path(name)
        cases, seconds = at_rest(address, bodies)
        (folder / "cases.json").write_text(json.dumps(cases), "utf-8")
        found = under_load(address, pid, given, folder)
    asked = {key: getattr(given, key) for key in ("users", "seconds", "n", "at_once", "waiting")}
    rest = {"rest_mean_s": round(fmean(seconds), 2), "rest_max_s": round(max(seconds), 2)}
    print(json.dumps({"benchmark": "serving_load", **asked, **rest, **found}))
    raise SystemExit(1 if found["failures"] else 0)


if __name__ == "__main__":
    main()
