"""A small torment: real server, real faults, real kills."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "search_faults.py"


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_paid_twice() -> None:
    command = [sys.executable, str(SCRIPT), "--problems", "15", "--kills", "4", "--share", "0.2"]
    ran = subprocess.run([*command, "--restart-every", "4"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert (found["problems lost"], found["failed for good"], found["calls paid twice"]) == (
        0,
        0,
        0,
    )
    assert found["kills"] == 4
    assert found["requests"] > found["calls"] > 100  # some were lost or failed, and asked again
    assert len(found["faults"]) >= 4
