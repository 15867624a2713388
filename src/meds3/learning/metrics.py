"""What every optimiser step cost and reached: one JSON line a step, beside the output."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from meds3.learning.jobs import Job
from meds3.runs.atomic import storing, write_text

_BARS = "▁▂▃▄▅▆▇█"


class StepMetrics(BaseModel):
    """`steps`: planned in all; `eval_loss`: null but after an evaluation; `tokens`, `seconds`:
    from the start, time before a kill included; `peak_memory_mb`: of the GPU, else of the
    process; both of the main process."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    step: int
    steps: int
    epoch: float
    loss: float
    eval_loss: float | None = None
    lr: float
    grad_norm: float | None
    tokens: int
    seconds: float
    peak_memory_mb: float


def read_metrics(path: Path) -> list[StepMetrics]:
    """The lines of a metrics file in order; none when it is not there.

    A line that a kill cut off is left out.
    """
    if not path.is_file():
        return []
    found = []
    for line in path.read_text("utf-8").splitlines():
        try:
            found.append(StepMetrics.model_validate_json(line))
        except ValidationError:
            break  # the training was killed here; what is below was never written
    return found


def sparkline(values: Sequence[float], bars: int = 12) -> str:
    """The course of `values` as at most `bars` bars, each the mean of an equal share of them.

    The lowest mean is the lowest bar, the highest the highest; not-a-number is a space.
    """
    bars = min(bars, len(values))
    edges = [round(i * len(values) / bars) for i in range(bars + 1)] if bars else []
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]
    finite = [mean for mean in means if abs(mean) < float("inf")]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(
        _BARS[round((mean - low) * scale)] if abs(mean) < float("inf") else " " for mean in means
    )


def metric_lines(job: Job, tokens_per_epoch: int) -> Any:
    """A callback of the trainer that prints each step's line and appends it to `job.metrics`.

    On a resume the lines after the checkpoint go: those steps are done again. A line is on the
    disk before the checkpoint of its step, so none is missing either.
    """
    from transformers import TrainerCallback

    class MetricLines(TrainerCallback):
        began = time.monotonic()
        waiting: StepMetrics | None = None  # for the held-out loss of its step

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if not state.is_world_process_zero:
                return
            kept = [m for m in read_metrics(job.metrics) if m.step <= state.global_step]
            write_text(job.metrics, "".join(m.model_dump_json() + "\n" for m in kept))
            self.began = time.monotonic() - (kept[-1].seconds if kept else 0.0)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if not state.is_world_process_zero or not logs or "loss" not in logs:
                return
            norm = logs.get("grad_norm")
            line = StepMetrics(
                step=state.global_step,
                steps=state.max_steps,
                epoch=round(state.epoch or 0.0, 4),
                loss=round(float(logs["loss"]), 6),
                lr=float(logs["learning_rate"]),
                grad_norm=None if norm is None else round(float(norm), 6),
                tokens=int(tokens_per_epoch * (state.epoch or 0.0)),
                seconds=round(time.monotonic() - self.began, 2),
                peak_memory_mb=round(peak_memory_mb(), 1),
            )
            if control.should_evaluate:
                self.waiting = line
            else:
                _write(job.metrics, line)

        def on_evaluate(
            self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any
        ) -> None:
            if self.waiting is None:
                return
            loss = round(float(metrics["eval_loss"]), 6)
            seconds = round(time.monotonic() - self.began, 2)
            line = self.waiting.model_copy(update={"eval_loss": loss, "seconds": seconds})
            self.waiting = None
            _write(job.metrics, line)

    return MetricLines()


def _write(path: Path, line: StepMetrics) -> None:
    text = line.model_dump_json()
    with storing(path), path.open("a", encoding="utf-8") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    print(text, flush=True)


def peak_memory_mb() -> float:
    """Most memory so far: of the GPU where there is one, else of this process."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (2**20 if sys.platform == "darwin" else 2**10)
