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
        # Some CPUs sum batches of other sizes in another order, and Adam's steps make that larger.
        assert b.grad_norm == pytest.approx(a.grad_norm, rel=5e-3, abs=1e-4)
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


def workers() -> list[int]:
    """The living processes that this test's training started, the launcher's own too."""
    import psutil

    return [
        child.pid
        for child in psutil.Process().children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and "meds3.learning.train" in child.cmdline()
    ]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["a rank is killed", "the caller is cancelled"])
def test_nobody_outlives_the_training(tiny_model, tmp_path, how):
    import os
    import signal
    import time

    from meds3.errors import EngineError

    job = job_of("sft", tiny_model, tmp_path, 12, accelerate=TWO, epochs=500, packs_per_step=2)
    started: list[int] = []

    async def go() -> None:
        task = asyncio.create_task(run_job(job, tmp_path / "log", look))
        tasks.append(task)
        await task

    tasks: list[asyncio.Task] = []

    def look(metrics: dict) -> None:
        if metrics["step"] != 3:
            return
        started.extend(workers())
        if how == "a rank is killed":
            os.kill(started[-1], signal.SIGKILL)
        else:
            tasks[0].cancel()

    expected = EngineError if how == "a rank is killed" else asyncio.CancelledError
    with pytest.raises(expected):
        asyncio.run(go())
    assert len(started) == 3  # the launcher and two ranks
    deadline = time.monotonic() + 10
    while (left := [pid for pid in started if _alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left
    assert not job.output.exists()


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["sft", "prm"])
def test_a_rank_that_fails_is_told_with_its_log_and_the_next_try_goes_on(
    tiny_model, tmp_path, stage
):
    """gloo, two processes; one is killed between two checkpoints."""
    import os
    import signal

    from meds3.errors import EngineError

    more = {"epochs": 4, "save_every": 3, "packs_per_step": 2, "accelerate": TWO}
    whole = job_of(stage, tiny_model, tmp_path / "whole", 12, **more)
    run(whole, tmp_path / "whole.log")
    killed = job_of(stage, tiny_model, tmp_path / "killed", 12, **more)
    log = tmp_path / "logs" / "round-1.log"

    def kill(metrics: dict) -> None:
        if metrics["loss"] is not None and metrics["step"] == 8:
            os.kill(workers()[-1], signal.SIGKILL)

    said = r"the end of .*round-1\.log(.|\n)*last checkpoint"
    with pytest.raises(EngineError, match=said) as told:
        asyncio.run(run_job(killed, log, kill))
    assert "Signal 9" in str(told.value)
    assert "Signal 9" in log.read_text()
    assert not killed.output.exists()
    again = [metrics["step"] for metrics in run(killed, log) if metrics["loss"] is not None]
    assert 6 < again[0] <= 10, "it did not go on from its last checkpoint"
    lines, theirs = read_metrics(killed.metrics), read_metrics(whole.metrics)
    assert [m.step for m in lines] == [m.step for m in theirs]
    for ours, its in zip(lines, theirs, strict=True):
        assert ours.loss == pytest.approx(its.loss, abs=1e-5)
    assert largest_difference(killed.output, whole.output) < 1e-5
    assert not killed.checkpoints.exists()


def two_machines(folder: Path) -> Path:
    """A file of two machines with a process each, both of them this one."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    one = TWO.read_text().replace("num_machines: 1", "num_machines: 2")
    path = folder / "two-machines.yaml"
    path.write_text(
        one.replace(
            "main_process_port: 0", f"main_process_ip: 127.0.0.1\nmain_process_port: {port}"
        )
    )
    return path


@pytest.mark.slow
def test_another_machine_follows_and_joins_again_after_a_failure(tiny_model, tmp_path):
    import os
    import signal

    from meds3.errors import EngineError
    from meds3.learning.follow import follow

    more = {"epochs": 4, "save_every": 3, "packs_per_step": 2}
    alone = job_of("sft", tiny_model, tmp_path / "alone", 12, **more)
    run(alone, tmp_path / "alone.log")
    folder = tmp_path / "run"
    job = job_of(
        "sft", tiny_model, folder / "round-1", 12, **more, accelerate=two_machines(tmp_path)
    )
    said: list[str] = []
    steps: list[int] = []

    def kill(metrics: dict) -> None:
        steps.append(metrics["step"])
        if metrics["step"] == 8:
            os.kill(workers()[-1], signal.SIGKILL)

    async def go() -> None:
        following = asyncio.create_task(follow(folder, 1, tmp_path / "machine-1.log", said.append))
        try:
            with pytest.raises(EngineError, match="last checkpoint"):
                await run_job(job, tmp_path / "log", kill)
            await run_job(job, tmp_path / "log", lambda metrics: steps.append(metrics["step"]))
            await asyncio.sleep(5)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    asyncio.run(go())
    assert sum("joined as machine 1" in line for line in said) == 2
    assert said[-1].endswith("out.job.json: done")
    assert steps[-1] == read_metrics(alone.metrics)[-1].steps
    assert largest_difference(job.output, alone.output) < 2e-3
    assert not workers()


def test_the_first_machine_follows_nobody(tmp_path):
    from meds3.learning.follow import follow

    with pytest.raises(InputError, match="machine that begins"):
        asyncio.run(follow(tmp_path, 0, tmp_path / "log", print))


@pytest.mark.slow
def test_ranks_die_with_a_killed_parent(tiny_model, tmp_path):
    """`kill -9` of the process that runs the training: nobody could tell its children."""
    import os
    import signal
    import subprocess
    import sys
    import time

    import psutil

    job = job_of("sft", tiny_model, tmp_path, 12, accelerate=TWO, epochs=500, packs_per_step=2)
    (tmp_path / "job.json").write_text(job.model_dump_json())
    code = (
        "import asyncio, pathlib; from meds3.learning.jobs import JOB;"
        "from meds3.learning.launch import run_job;"
        f"job = JOB.validate_json(pathlib.Path({str(tmp_path / 'job.json')!r}).read_text());"
        f"asyncio.run(run_job(job, pathlib.Path({str(tmp_path / 'log')!r}), lambda _: None))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 60
    while not read_metrics(job.metrics) and time.monotonic() < deadline:
        time.sleep(0.2)
    started = [child.pid for child in psutil.Process(parent.pid).children(recursive=True)]
    assert len(started) >= 3
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 20
    while (left := [pid for pid in started if _alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left


def _alive(pid: int) -> bool:
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["sft", "prm"])
def test_sharded_weights_learn_the_same_and_are_gathered(tiny_model, tmp_path, stage):
    import subprocess
    import sys

    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    child = ["-m", "tests.learning.sharded_child", str(tiny_model), str(tmp_path), stage]
    done = subprocess.run(
        [sys.executable, *launch, *child], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "moved" in done.stdout
