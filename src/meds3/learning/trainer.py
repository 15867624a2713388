"""One `transformers.Trainer` for everything packed, with checkpoints and metric lines."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meds3.errors import InputError
from meds3.learning.config import LoraConfig, TrainingConfig
from meds3.learning.jobs import Job, PrmJob, SftJob
from meds3.runs.atomic import replace_directory, storing, write_text

if TYPE_CHECKING:
    import torch


def with_adapters(model: Any, lora: LoraConfig, train_too: list[str] | None = None) -> Any:
    """`model` with trainable LoRA adapters; `train_too` names modules trained in full."""
    from peft import LoraConfig as PeftLora
    from peft import get_peft_model

    return get_peft_model(model, PeftLora(**peft_settings(model, lora), modules_to_save=train_too))


def peft_settings(model: Any, lora: LoraConfig) -> dict[str, Any]:
    """The arguments of `peft.LoraConfig`."""
    layers = model.config.num_hidden_layers
    top = None if lora.top_layers is None else list(range(layers))[-lora.top_layers :]
    return {
        "r": lora.r,
        "lora_alpha": lora.alpha,
        "lora_dropout": lora.dropout,
        "target_modules": _targets(model, lora),
        "layers_to_transform": top,
    }


def _targets(model: Any, lora: LoraConfig) -> list[str]:
    """Names of the adapted modules. peft's own `all-linear` cannot be joined with a choice of
    layers, and takes the head too where there is no vocabulary head."""
    import torch

    if lora.targets != "all-linear":
        return [lora.targets] if isinstance(lora.targets, str) else lora.targets
    names = {
        name.rsplit(".", 1)[-1]
        for name, module in model.base_model.named_modules()
        if isinstance(module, torch.nn.Linear)
    }
    return sorted(names)


def training_arguments(job: Job, items: int, items_per_step: int) -> dict[str, Any]:
    """Arguments common to `TrainingArguments` and TRL's configs, for batches of one item."""
    import math

    import torch

    config: TrainingConfig = job.config
    steps = math.ceil(math.ceil(items / items_per_step) * config.epochs)
    cuda = torch.cuda.is_available()
    return {
        "output_dir": str(job.checkpoints),
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": items_per_step,
        "num_train_epochs": config.epochs,
        "learning_rate": config.lr,
        "lr_scheduler_type": "linear",
        "warmup_steps": int(steps * config.warmup),
        "max_grad_norm": 1.0,
        "weight_decay": 0.0,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "steps",
        "save_steps": config.save_every,
        "save_total_limit": 2,
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": not cuda,
        # 16-bit arithmetic is a hundred times slower than 32-bit on most CPUs.
        "bf16": cuda and torch.cuda.is_bf16_supported(),
        "gradient_checkpointing": False,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": cuda,
        "remove_unused_columns": False,
        "seed": job.seed,
        "data_seed": job.seed,
    }


def train_packed(
    job: SftJob | PrmJob, model: Any, items: list[Any], loss_of: Callable[[Any, Any], torch.Tensor]
) -> None:
    """Train `model` in place; `loss_of(model, item)` is the loss of one packed item.

    Goes on from the last whole checkpoint of this very job.
    """
    from transformers import Trainer, TrainingArguments

    class PackedTrainer(Trainer):
        def compute_loss(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Any:
            return loss_of(model, inputs["item"])

    arguments = training_arguments(job, len(items), job.config.packs_per_step)
    trainer = PackedTrainer(
        model=model,
        args=TrainingArguments(**arguments),
        train_dataset=items,
        data_collator=lambda batch: {"item": batch[0]},
    )
    trainer.model_accepts_loss_kwargs = False  # or the loss is not divided by the accumulation
    run_trainer(trainer, job, lambda: sum(len(item.pack) for item in items))


def run_trainer(trainer: Any, job: Job, tokens_per_epoch: Callable[[], int]) -> None:
    """Train with metric lines on stdout; resume when checkpoints of this job are there."""
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(_metric_lines(tokens_per_epoch()))
    last = _open_checkpoints(job)
    if last is not None:
        print(f"resuming from {last.name}", flush=True)
    trainer.train(resume_from_checkpoint=str(last) if last else None)


def _metric_lines(tokens_per_epoch: int) -> Any:
    """A callback that prints {step, steps, loss, tokens, seconds} as one JSON line a step."""
    from transformers import TrainerCallback

    class MetricLines(TrainerCallback):
        started = time.monotonic()

        def on_train_begin(self, *_: Any, **__: Any) -> None:
            self.started = time.monotonic()

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if not logs or "loss" not in logs:
                return
            line = {
                "step": state.global_step,
                "steps": state.max_steps,
                "loss": round(float(logs["loss"]), 5),
                "tokens": int(tokens_per_epoch * (state.epoch or 0.0)),
                "seconds": round(time.monotonic() - self.started, 2),
            }
            print(json.dumps(line), flush=True)

    return MetricLines()


def _open_checkpoints(job: Job) -> Path | None:
    """The last whole checkpoint of this job; those of another job are removed."""
    folder, mark = job.checkpoints, job.checkpoints / "job.sha256"
    fingerprint = job.fingerprint()
    with storing(folder):
        if folder.exists() and (not mark.is_file() or mark.read_text() != fingerprint):
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
    write_text(mark, fingerprint)
    found = sorted(folder.glob("checkpoint-*"), key=lambda p: -int(p.name.rsplit("-", 1)[1]))
    return next((path for path in found if _whole(path)), None)


def _whole(checkpoint: Path) -> bool:
    """Whether a kill spared it: the trainer writes `trainer_state.json` last."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_text("utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return False
    return True


def merged(model: Any) -> Any:
    """The plain model with its adapters added to the weights."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model


def save_model(job: Job, model: Any, tokenizer: Any, finish: Callable[[Path], None]) -> None:
    """Write the folder (16-bit safetensors, tokenizer, chat template), then its checkpoints go.

    `finish(folder)` may add to the folder before it is put in its place.
    """
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


def nothing_fits(job: Job, longest: int) -> InputError:
    """The error of a training whose every chain is too long."""
    return InputError(
        f"train {job.stage}: no row of {job.data} fits max_length {job.config.max_length} "
        f"(the longest has {longest} tokens)",
        f"raise {job.stage}.max_length, or look whether the file is empty",
    )
