"""What `meds3 train` makes of its arguments; the training itself is tested elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from meds3.cli.app import app
from meds3.learning.jobs import Job


@pytest.mark.parametrize("brings", [True, False])
def test_a_policy_that_brings_a_gguf_is_trained_into_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brings: bool
) -> None:
    policy = tmp_path / "policy"
    policy.mkdir()
    (policy / "config.json").write_text("{}")
    if brings:
        (policy / "policy.gguf").write_bytes(b"GGUF")
    rows = tmp_path / "rows.jsonl"
    rows.touch()
    jobs: list[Job] = []

    async def run_job(job: Job, *_: Any) -> None:
        jobs.append(job)

    monkeypatch.setattr("meds3.learning.launch.run_job", run_job)
    asked = ["train", "sft", str(rows), "-o", str(tmp_path / "new"), "--model", str(policy)]
    shown = CliRunner().invoke(app, asked, catch_exceptions=False)
    assert shown.exit_code == 0, shown.output
    assert jobs[0].model == policy
    assert jobs[0].gguf_base == (policy / "policy.gguf" if brings else None)  # type: ignore[union-attr]
