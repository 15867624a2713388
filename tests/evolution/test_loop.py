"""The whole loop with the real model: killed in search, killed in training, resumed, asked."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from meds3.evaluation.results import read_results

pytestmark = [pytest.mark.slow, pytest.mark.model]

CONFIG = """
name: small
rounds: 1
problems: {sources: [{kind: gym, tasks: [dose, note], seeds: 8, heldout: 6}]}
search: {max_nodes: 4, rollout_base: 3, rollout_min: 3, correct_finishes: 2, max_step_tokens: 40,
         max_rollout_tokens: 56, temperature: 0.7}
sft: {lr: 1.0e-3, per_problem: 2, packs_per_step: 2, lora: {top_layers: 8}}
prm: {lr: 1.0e-3, epochs: 1, per_problem: 4, packs_per_step: 2, lora: {top_layers: 8}}
fresh: {chains: 2, trees: true}
answering: {n: 2, max_tokens: 56}
gate: {seeds: 0.25}
"""
PATIENCE_S = 600


def meds3(
    folder: Path, *arguments: str, sigint: signal.Handlers = signal.SIG_DFL
) -> subprocess.Popen[str]:
    """`sigint`: a shell's background jobs, this test perhaps among them, ignore Ctrl-C."""
    log = (folder / "log.txt").open("a")
    code = "from meds3.cli.app import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(
        command,
        cwd=folder,
        stdout=log,
        stderr=log,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, sigint),
    )


def wait_for(condition: Callable[[], bool], child: subprocess.Popen[str], folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        log = (folder / "log.txt").read_text()
        assert child.poll() is None, f"ended with {child.returncode} too early:\n{log}"
        assert time.monotonic() < deadline, f"nothing for {PATIENCE_S} s:\n{log}"
        time.sleep(0.2)


def kill(child: subprocess.Popen[str]) -> None:
    """kill -9, and see that no training child outlives its driver."""
    children = psutil.Process(child.pid).children(recursive=True)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive


def test_stopped_killed_twice_resumed_and_asked(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(CONFIG)
    run = tmp_path / "runs" / "small"

    def calls(purpose: str = "%") -> dict[str, float]:
        """Key and time of every finished call; empty before the journal exists."""
        path = run / "journal.sqlite"
        if not path.is_file():
            return {}
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30) as db:
            tables = db.execute("SELECT 1 FROM sqlite_master WHERE name='calls'").fetchone()
            query = "SELECT key, at FROM calls WHERE purpose LIKE ?"
            return dict(db.execute(query, (purpose,)).fetchall()) if tables else {}

    child = meds3(tmp_path, "evolve", "small.yaml")
    wait_for(lambda: len(calls("eval%")) >= 3, child, tmp_path)
    child.send_signal(signal.SIGINT)
    assert child.wait(60) == 130
    said = (tmp_path / "log.txt").read_text()
    assert "the same command resumes" in said
    assert "Traceback" not in said
    stopped = calls()

    child = meds3(tmp_path, "evolve", "small.yaml", sigint=signal.SIG_IGN)
    wait_for(lambda: len(calls("eval%")) >= len(stopped) + 2, child, tmp_path)
    child.send_signal(signal.SIGINT)
    child.send_signal(signal.SIGTERM)
    assert child.wait(60) == 130
    said = (tmp_path / "log.txt").read_text()
    assert said.count("the same command resumes") == 2
    assert "Traceback" not in said

    child = meds3(tmp_path, "evolve", "small.yaml")
    wait_for(lambda: len(calls("%search")) >= 12, child, tmp_path)
    kill(child)
    paid = calls()
    assert {key: paid[key] for key in stopped} == stopped

    child = meds3(tmp_path, "evolve", "small.yaml")
    log = run / "round-1" / "sft.log"
    wait_for(lambda: log.is_file() and '{"step"' in log.read_text(), child, tmp_path)
    kill(child)
    after = calls()
    # What was finished before the first kill was neither lost nor bought again.
    assert {key: after[key] for key in paid} == paid

    child = meds3(tmp_path, "evolve", "small.yaml")
    assert child.wait(PATIENCE_S) == 0, (tmp_path / "log.txt").read_text()
    final = calls()
    assert {key: final[key] for key in after} == after

    assert len(calls("round-1/fresh")) == 6  # one for each seed that is searched

    results = read_results(run / "results.json")
    assert {row.strategy for row in results.rows} >= {"greedy", "majority", "pvs"}
    assert [system.name for system in results.systems] == ["base", "base-example", "round-1"]
    assert all(0 <= row.low <= row.accuracy <= row.high <= 1 for row in results.rows)
    gate = results.rounds[0].gate
    assert gate is not None
    assert gate.comparison.n == 2
    assert "2 seeds set apart" in gate.reason
    report = (run / "report.html").read_text()
    assert "<svg" in report
    assert "not a medical device" in report
    assert "://" not in report.replace("http://www.w3.org", "").replace("https://arxiv.org", "")

    before = (run / "results.json").stat().st_mtime_ns
    child = meds3(tmp_path, "evolve", "small.yaml")
    assert child.wait(60) == 0
    assert (run / "results.json").stat().st_mtime_ns == before
    assert "is finished" in (tmp_path / "log.txt").read_text()

    # Another baseline may be asked for when all is done; nothing else is done again.
    more = ("--set", "evaluation.baselines=[worked-example, direct]")
    assert meds3(tmp_path, "evolve", "small.yaml", *more).wait(120) == 0
    systems = [system.name for system in read_results(run / "results.json").systems]
    assert systems == ["base", "base-example", "base-direct", "round-1"]

    child = meds3(tmp_path, "evolve", "small.yaml", "--set", "search.c=1")
    assert child.wait(60) == 2
    assert "search.c: was 2.0, now 1" in (tmp_path / "log.txt").read_text()

    # Another recipe over the same trees: what the first run paid for is not paid again.
    other = ("search", "small.yaml", "--set", "name=other", "--set", "sft.lr=1e-4")
    assert meds3(tmp_path, *other, "--calls-from", str(run)).wait(120) == 0
    with sqlite3.connect(tmp_path / "runs" / "other" / "journal.sqlite") as db:
        query = "SELECT detail FROM stages WHERE name = 'round-1/search'"
        detail = json.loads(db.execute(query).fetchone()[0])
    assert (detail["paid_calls"], detail["generated_tokens"]) == (0, 0)
    assert detail["replayed_calls"] >= len(calls("%search"))

    question = "Which drug reverses an opioid overdose?"
    asked = ("ask", question, "-o", "naloxone", "-o", "aspirin", "--run", str(run), "-n", "3")
    assert meds3(tmp_path, *asked).wait(120) == 0
    said = (tmp_path / "log.txt").read_text()
    assert "round 1" in said
    assert "not medical advice" in said
