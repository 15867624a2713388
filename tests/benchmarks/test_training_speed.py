"""training_speed compares like with like: both loops have the same loss on the same chains."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import plain_training as plain
import pytest

from meds3.learning.config import PrmConfig, SftConfig
from meds3.learning.jobs import PrmJob, SftJob
from meds3.learning.prm import prm_loss
from meds3.learning.prm_items import prm_items
from meds3.learning.rows import PrmRow, SftRow, write_rows
from meds3.learning.sft import sft_items, sft_loss
from meds3.problems.problem import Domain
from tests.learning.conftest import tiny_model

__all__ = ["tiny_model"]
pytestmark = pytest.mark.model
ROOT = Path(__file__).parents[2]
HEAD = {"domain": Domain.KNOWLEDGE_QA, "dataset": "made-up"}
SFT = [
    SftRow(problem_id=p, prompt=f"Question {p}?", completion=f"Step 0: Go.\n\nStep 1: {t}", **HEAD)
    for p, t in (("a", "It is so."), ("a", "The answer is yes, I think."), ("b", "No."))
]
PRM = [
    PrmRow(
        problem_id=p,
        prompt=f"Question {p}?",
        steps=list(steps),
        values=list(labels),
        labels=list(labels),
        end="finish",
        **HEAD,
    )
    for p, steps, labels in (
        ("a", ("One.", "The answer is yes."), (0.5, 1.0)),
        ("a", ("Other.", "Skipped.", "The answer is no."), (0.25, None, 0.0)),
        ("b", ("Third.",), (0.75,)),
    )
]


def job_of(model: Path) -> dict[str, Path]:
    return {"model": model, "data": Path("rows.jsonl"), "output": Path("none")}


def test_the_losses_of_both_sft_loops_are_the_same(tiny_model: Path) -> None:
    from meds3.engines.weights import load_causal_lm

    model, tokenizer = load_causal_lm(tiny_model)
    items = sft_items(SftJob(**job_of(tiny_model), config=SftConfig()), SFT, tokenizer)
    rows = [plain.sft_row(row, tokenizer) for row in SFT]
    (batch,) = plain.batches(rows, 0)
    ours = sum(float(sft_loss(model, item)) / item.weight for item in items)
    targets = sum(len(row.targets) for row in rows)
    theirs = float(plain.sft_loss(model, batch, tokenizer.pad_token_id)) * targets
    assert ours == pytest.approx(theirs, rel=1e-4)
    assert targets == sum(len(item.targets) for item in items)
    assert sum(len(item.pack) for item in items) < batch.computed


def test_the_losses_of_both_prm_loops_are_the_same(tiny_model: Path) -> None:
    from meds3.engines.weights import load_causal_lm
    from meds3.rewards.prm_model import prm_from_policy

    causal, tokenizer = load_causal_lm(tiny_model)
    model = prm_from_policy(causal).eval()  # its class has dropout, which ours leaves out
    items = prm_items(PrmJob(**job_of(tiny_model), config=PrmConfig()), PRM, tokenizer)
    rows = [plain.prm_row(row, tokenizer) for row in PRM]
    (batch,) = plain.batches(rows, 0)
    labels = sum(len(row.targets) for row in rows)
    assert labels == sum(len(item.labels) for item in items) == 5
    scale = items[0].weights[0]  # the same for all steps: none is shared here
    ours = sum(float(prm_loss(model, item)) / scale for item in items)
    theirs = float(plain.prm_loss(model, batch, tokenizer.pad_token_id)) * labels
    assert ours == pytest.approx(theirs, rel=1e-4)


@pytest.mark.slow
def test_the_script_ends_with_a_line_of_json(tiny_model: Path, tmp_path: Path) -> None:
    write_rows(tmp_path / "sft.jsonl", SFT)
    write_rows(tmp_path / "prm.jsonl", PRM)
    command = [sys.executable, "benchmarks/training_speed.py", "--data", str(tmp_path)]
    command += ["--model", str(tiny_model), "--chains", "3", "--pairs", "2"]
    done = subprocess.run(
        [*command, "--only", "ours", "plain"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    for stage in ("sft", "prm"):
        ours, theirs = found[stage]
        assert ours["useful tokens"] == theirs["useful tokens"]
        assert ours["computed tokens"] < theirs["computed tokens"]
        assert theirs["over plain"] == 1.0
        assert ours["peak memory (MiB)"] > 50
    too_many = [*command, "--chains", "99"]
    refused = subprocess.run(too_many, cwd=ROOT, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "the file has 3 rows" in refused.stderr
    assert "Traceback" not in refused.stderr
