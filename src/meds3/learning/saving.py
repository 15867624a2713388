"""The trained model on the disk, whole or not at all; with sharded weights gathered first."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from meds3.errors import EngineError
from meds3.learning.jobs import Job
from meds3.learning.processes import is_sharded
from meds3.runs.atomic import replace_directory, storing


def whole_model(trainer: Any, build: Callable[[], Any]) -> Any:
    """The trained model in one piece on the main process; None on the others.

    Where FSDP or ZeRO-3 spread the weights over processes, they are gathered into a fresh model
    from `build`. Raises `EngineError` when a weight is missing then.
    """
    accelerator = trainer.accelerator
    if not is_sharded(trainer):
        model = accelerator.unwrap_model(trainer.model)
        return model if accelerator.is_main_process else None
    state = accelerator.get_state_dict(trainer.model_wrapped)
    if not accelerator.is_main_process:
        return None
    model = build()
    missing, unexpected = model.load_state_dict(state, strict=False)
    tied = set(getattr(model, "all_tied_weights_keys", None) or ())
    if (lost := set(missing) - tied) or unexpected:
        raise EngineError(
            f"gathering the weights: {len(lost)} missing, {len(unexpected)} unknown, such as "
            f"{sorted([*lost, *unexpected])[0]}",
            "with DeepSpeed set zero3_save_16bit_model: true in the accelerate file",
        )
    return model


def save_model(
    job: Job, trainer: Any, model: Any, tokenizer: Any, finish: Callable[[Path], None]
) -> None:
    """Write the folder (16-bit safetensors, tokenizer, chat template), then its checkpoints go.

    `model` is None on all processes but the main one, which wait. `finish(folder)` may add to
    the folder before it is put in its place.
    """
    if model is not None:
        _write(job, model, tokenizer, finish)
    trainer.accelerator.wait_for_everyone()


def _write(job: Job, model: Any, tokenizer: Any, finish: Callable[[Path], None]) -> None:
    import torch

    folder = job.output.with_name(f".{job.output.name}.tmp")
    with storing(job.output):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        model.to(torch.float16).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        finish(folder)
    replace_directory(folder, job.output)
    shutil.rmtree(job.checkpoints, ignore_errors=True)
