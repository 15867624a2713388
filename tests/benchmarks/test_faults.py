"""A small torment: real server, real faults, real kills."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from search_faults import audit

from meds3.runs.journal import Journal

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "search_faults.py"


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_paid_twice() -> None:
    command = [sys.executable, str(SCRIPT), "--problems", "30", "--kills", "4", "--share", "0.2"]
    ran = subprocess.run([*command, "--restart-every", "4"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    for name in ("problems lost", "failed for good", "calls paid twice", "calls unknown"):
        assert found[name] == 0
    assert found["kills"] == 4
    assert found["requests"] > found["calls"] > 100  # some were lost or failed, and asked again
    assert len(found["faults"]) >= 4


def test_the_audit_finds_what_is_wrong(tmp_path: Path) -> None:
    """Three calls are journalled; b is asked again later; c was never asked; x was lost."""
    path, log = tmp_path / "journal.sqlite", tmp_path / "log"

    async def write() -> None:
        with Journal(path) as journal:
            for key in "abc":
                await journal.add_call(key, [], tokens=10, seconds=0.1, purpose="search")

    asyncio.run(write())
    early, late = time.time() - 60, time.time() + 60
    requests = [("a", early, "500", 0), ("a", early, "", 10), ("b", early, "", 10)]
    requests += [("b", late, "", 10), ("x", early, "dropped", 7)]
    lines = [dict(zip(("key", "at", "fault", "tokens"), r, strict=True)) for r in requests]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"key": "cu')
    found = audit(path, log, problems=2)
    assert (found["problems lost"], found["calls"], found["requests"]) == (2, 3, 5)
    assert (found["calls paid twice"], found["calls unknown"]) == (1, 1)
    assert found["tokens lost"] == 10 + 10 + 10 + 7 - 30
    assert found["faults"] == {"500": 1, "dropped": 1}
