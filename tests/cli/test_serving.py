"""`serve`, `keys` and `audit` on the command line: what is wrong is said before anything loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from meds3.cli.serve import _repeating
from meds3.evolution.answerer import answerer_of
from meds3.serving.keys import read_keys

_MEDS3 = [sys.executable, "-c", "from meds3.cli.app import main; main()"]


def meds3(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_MEDS3, *arguments], cwd=folder, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["serve", "--host", "0.0.0.0"], "give a file of API keys"),
        (["serve", "--port", "99999"], "--port"),
        (["serve", "--keys", "none.jsonl"], "meds3 keys new"),
        (["serve", "nowhere"], "nowhere"),
        (["serve", "--set", "engine.kind=transformers"], "made for 'openvino'"),
        (["serve", "--set", "engine.cache_gb=0"], "cache_gb"),
        (["audit", "ans-1"], "no record of answers there"),
        (["keys", "list"], "no such file"),
    ],
)
def test_what_cannot_be_served_is_told(tmp_path: Path, arguments: list[str], told: str) -> None:
    done = meds3(*arguments, folder=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_shown_once(tmp_path: Path) -> None:
    made = meds3("keys", "new", "ward-7", folder=tmp_path)
    secret = next(line for line in made.stdout.splitlines() if line.startswith("meds3-"))
    assert [key.name for key in read_keys(tmp_path / "keys.jsonl")] == ["ward-7"]
    listed = meds3("keys", "list", folder=tmp_path).stdout
    assert "ward-7" in listed
    assert secret not in listed


@pytest.mark.model
def test_on_a_cpu_no_prompt_is_remembered_unless_asked_for() -> None:
    """A prompt found in the cache rounds otherwise: a seed would not give the same answer."""
    found = answerer_of("embedded")
    assert found.engine.prefix_caching
    assert not _repeating(found, ["engine.threads=1"]).engine.prefix_caching
    kept = answerer_of("embedded", overrides=["engine.prefix_caching=true"])
    assert _repeating(kept, ["engine.prefix_caching=true"]).engine.prefix_caching
