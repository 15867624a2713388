"""A killed training, resumed, ends where an uninterrupted one ends."""

import asyncio
import os
import signal

import psutil
import pytest

from meds3.errors import EngineError
from meds3.learning.launch import run_job
from meds3.learning.metrics import read_metrics
from meds3.learning.train import train
from tests.learning.some_rows import job_of, largest_difference

pytestmark = [pytest.mark.model, pytest.mark.slow]
HELD = {"holdout": 0.3, "eval_every": 4, "patience": 50}


@pytest.mark.parametrize(
    ("stage", "more"),
    [
        ("sft", {"packs_per_step": 2}),
        ("sft", {"packing": "none", "batch_size": 4, "full": True, **HELD}),
        ("prm", {"packs_per_step": 2, "head_l2": 1.0, **HELD}),
        ("dpo", {"batch_size": 2}),
    ],
)
def test_kill_and_resume_change_nothing(tiny_model, tmp_path, stage, more):
    # Killed in the second epoch, between two checkpoints.
    more = {"epochs": 4, "save_every": 3, **more}
    whole = job_of(stage, tiny_model, tmp_path / "whole", 12, **more)
    train(whole)
    killed = job_of(stage, tiny_model, tmp_path / "killed", 12, **more)
    steps = read_metrics(whole.metrics)[-1].steps
    at = steps // 4 + 3

    def kill(metrics: dict) -> None:
        if metrics["loss"] is not None and metrics["step"] == at:
            for child in psutil.Process().children():
                if "meds3.learning.train" in child.cmdline():
                    os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(EngineError, match="signal 9"):
        asyncio.run(run_job(killed, tmp_path / "log", kill))
    assert not killed.output.exists()
    seen: list[dict] = []
    asyncio.run(run_job(killed, tmp_path / "log", seen.append))
    again = [m["step"] for m in seen if m["loss"] is not None]
    saved = (at - 1) // 3 * 3  # the last checkpoint that was certainly whole
    assert saved < again[0] <= at + 2, "it did not go on from its last checkpoint"
    lines, theirs = read_metrics(killed.metrics), read_metrics(whole.metrics)
    assert [m.step for m in lines] == [m.step for m in theirs] == [*range(1, steps + 1)]
    assert [m.seconds for m in lines] == sorted(m.seconds for m in lines)
    for ours, its in zip(lines, theirs, strict=True):
        assert ours.loss == pytest.approx(its.loss, abs=1e-5)
        assert ours.eval_loss == pytest.approx(its.eval_loss, abs=1e-5)
        assert ours.lr == pytest.approx(its.lr)
    assert largest_difference(killed.output, whole.output) < 1e-5
    assert not killed.checkpoints.exists()


def test_a_torn_checkpoint_and_a_torn_line_are_passed_over(tiny_model, tmp_path):
    """What a kill leaves that comes while a checkpoint or a line is written."""
    from unittest.mock import patch

    from meds3.learning import trainer

    job = job_of("sft", tiny_model, tmp_path, 12, packs_per_step=2, save_every=3)
    with patch("meds3.learning.sft.save_policy"):  # the kill: everything but the result is there
        train(job)
    state = job.checkpoints / "checkpoint-12" / "trainer_state.json"
    state.write_text(state.read_text()[:50])
    with job.metrics.open("a") as stream:
        stream.write('{"step": 13, "ste')
    assert trainer.open_checkpoints(job) == job.checkpoints / "checkpoint-9"
    train(job)
    assert [m.step for m in read_metrics(job.metrics)] == [*range(1, 13)]
    assert job.output.is_dir()


def test_checkpoints_of_another_job_are_not_resumed(tiny_model, tmp_path):
    from unittest.mock import patch

    job = job_of("sft", tiny_model, tmp_path, 6, packs_per_step=2)
    with patch("meds3.learning.sft.save_policy"):
        train(job)
    other = job_of("sft", tiny_model, tmp_path, 6, packs_per_step=2, lr=0.001)
    train(other)
    assert read_metrics(other.metrics)[0].step == 1
    assert max(m.lr for m in read_metrics(other.metrics)) <= 0.001


class Killed(BaseException):
    """Ends a training in this process as a kill would: nothing is tidied up."""


def test_patience_is_not_forgotten(tiny_model, tmp_path):
    """Killed when the first of two disappointments is behind it."""
    from unittest.mock import patch

    from transformers import Trainer

    more = {"holdout": 0.3, "eval_every": 2, "patience": 2, "lr": 0.3, "epochs": 40}
    whole = job_of("sft", tiny_model, tmp_path / "whole", 14, **more)
    train(whole)
    last = read_metrics(whole.metrics)[-1].step
    killed = job_of("sft", tiny_model, tmp_path / "killed", 14, **more)
    normal = Trainer.training_step

    def step(self, *args, **kwargs):
        if self.state.global_step == last - 1:  # one evaluation after the best, one before the end
            raise Killed
        return normal(self, *args, **kwargs)

    with patch.object(Trainer, "training_step", step), pytest.raises(Killed):
        train(killed)
    train(killed)
    assert read_metrics(killed.metrics)[-1].step == last
    assert largest_difference(killed.output, whole.output) < 1e-5


@pytest.mark.parametrize("full", [True, False])
def test_a_kill_after_an_early_stop_does_not_train_on(tiny_model, tmp_path, full):
    from unittest.mock import patch

    more = {"holdout": 0.3, "eval_every": 2, "patience": 2, "lr": 0.3, "epochs": 40, "full": full}
    whole = job_of("sft", tiny_model, tmp_path / "whole", 14, **more)
    train(whole)
    killed = job_of("sft", tiny_model, tmp_path / "killed", 14, **more)
    with patch("meds3.learning.sft.save_policy"):  # the kill: it has stopped, nothing is saved
        train(killed)
    stopped = [m.step for m in read_metrics(killed.metrics)]
    assert stopped[-1] < read_metrics(killed.metrics)[-1].steps
    train(killed)
    assert [m.step for m in read_metrics(killed.metrics)] == stopped
    assert largest_difference(killed.output, whole.output) == 0
