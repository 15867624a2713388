"""Several processes learn what one learns."""

import asyncio
import json
from pathlib import Path

import pytest

from meds3.errors import InputError
from meds3.learning.launch import run_job
from meds3.learning.metrics import read_metrics
from tests.learning.some_rows import job_of, largest_difference

pytestmark = pytest.mark.model
TWO = Path("configs/accelerate/cpu-2.yaml").resolve()


def run(job, log: Path) -> list[dict]:
    seen: list[dict] = []
    asyncio.run(run_job(job, log, seen.append))
    return seen


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "more"),
    [
        ("sft", {"packs_per_step": 4}),
        ("sft", {"packing": "none", "batch_size": 4}),
        ("prm", {"packs_per_step": 4, "head_l2": 1.0}),
        ("dpo", {"batch_size": 4}),
    ],
)
def test_two_processes_learn_what_one_learns(tiny_model, tmp_path, stage, more):
    # Sixteen problems, none of them left over: the steps hold the same rows.
    more = {"full": stage == "sft", "holdout": 0.3, **more}
    one = job_of(stage, tiny_model, tmp_path / "one", 26, **more)
    two = job_of(stage, tiny_model, tmp_path / "two", 26, **more, accelerate=TWO)
    alone, together = run(one, tmp_path / "one.log"), run(two, tmp_path / "two.log")
    assert [m["step"] for m in together] == [m["step"] for m in alone]
    for a, b in zip(read_metrics(one.metrics), read_metrics(two.metrics), strict=True):
        assert b.loss == pytest.approx(a.loss, abs=1e-4)
        assert b.eval_loss == pytest.approx(a.eval_loss, abs=1e-4)
        assert b.grad_norm == pytest.approx(a.grad_norm, rel=1e-3, abs=1e-4)
    assert largest_difference(one.output, two.output) < 2e-3  # saved in 16 bits
    assert not two.checkpoints.exists()


@pytest.mark.slow
def test_bad_input_of_a_rank_is_bad_input(tiny_model, tmp_path):
    job = job_of("sft", tiny_model, tmp_path, accelerate=TWO)
    job.data.write_text(json.dumps({"prompt": "x"}) + "\n")
    with pytest.raises(InputError, match="line 1"):
        run(job, tmp_path / "log")


def test_packs_that_do_not_divide_are_refused(tiny_model, tmp_path, monkeypatch):
    from meds3.learning.trainer import training_arguments

    monkeypatch.setenv("WORLD_SIZE", "2")
    job = job_of("sft", tiny_model, tmp_path)
    with pytest.raises(InputError, match="packs_per_step 3 does not divide by 2"):
        training_arguments(job, 8, 3, "packs_per_step")
    assert training_arguments(job, 8, 4, "packs_per_step")["gradient_accumulation_steps"] == 2


def test_a_missing_accelerate_file_is_named(tiny_model, tmp_path):
    job = job_of("sft", tiny_model, tmp_path, accelerate=tmp_path / "none.yaml")
    with pytest.raises(InputError, match=r"none\.yaml: no such file"):
        run(job, tmp_path / "log")
