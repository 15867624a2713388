"""The scripts from their command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_QUICK = ["--problems", "4", "--set", "engine.kind=scripted"]


@pytest.mark.model
@pytest.mark.parametrize(
    ("script", "given", "told"),
    [
        (
            "search_thrift",
            ["--only", "all", "other_seed", "--set", "search.max_nodes=6"],
            "other_seed",
        ),
        ("search_throughput", ["--pairs", "2"], "search_to_flat_shared"),
    ],
)
def test_a_script_ends_with_a_line_of_json(script: str, given: list[str], told: str) -> None:
    """From its command line, over an engine that answers at once."""
    done = subprocess.run(
        [sys.executable, f"benchmarks/{script}.py", *given, *_QUICK],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["benchmark"] == script
    assert found["problems"] == 4
    assert told in done.stdout.rsplit("\n", 2)[0]  # in the tables


def test_a_script_says_what_is_wrong_without_a_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/search_thrift.py", "--set", "search.max_node=6"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "did you mean 'max_nodes'?" in done.stderr
    assert "Traceback" not in done.stderr
