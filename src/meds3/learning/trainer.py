"""One `transformers.Trainer` for everything packed; what all trainers here have in common."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import MethodType
from typing import TYPE_CHECKING, Any

from meds3.errors import InputError
from meds3.learning.checkpoints import open_checkpoints, stopped_early
from meds3.learning.config import TrainingConfig
from meds3.learning.jobs import Job, PrmJob, SftJob
from meds3.learning.metrics import metric_lines
from meds3.learning.precision import in_bfloat16
from meds3.learning.processes import is_sharded, processes, say

if TYPE_CHECKING:
    import torch


def training_arguments(
    job: Job, items: int, per_step: int, setting: str, together: int = 1
) -> dict[str, Any]:
    """Arguments common to `TrainingArguments` and TRL's configs.

    `per_step` items make an optimiser step, over all processes; `setting` is the name of the
    option that says so; `together` items go through the model at once. Raises `InputError`
    when they do not divide.
    """
    import torch

    config: TrainingConfig = job.config
    share, left = divmod(per_step, processes() * together)
    if left or not share:
        raise InputError(
            f"train {job.stage}: {setting} {per_step} does not divide by {processes()} processes "
            f"of {together} at once",
            f"set {job.stage}.{setting} to a multiple of {processes() * together}",
        )
    an_epoch = math.ceil(items / per_step)
    cuda = torch.cuda.is_available() and os.environ.get("ACCELERATE_USE_CPU", "").lower() != "true"
    return {
        "output_dir": str(job.checkpoints),
        "per_device_train_batch_size": together,
        "per_device_eval_batch_size": together,
        "gradient_accumulation_steps": share,
        "num_train_epochs": config.epochs,
        "learning_rate": config.lr,
        "lr_scheduler_type": "linear",
        "warmup_steps": int(math.ceil(an_epoch * config.epochs) * config.warmup),
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
        "bf16": in_bfloat16(job, cuda),
        "gradient_checkpointing": False,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": cuda,
        "remove_unused_columns": False,
        "seed": job.seed,
        "data_seed": job.seed,
        **(_evaluating(config, an_epoch) if config.holdout else {}),
    }


def _evaluating(config: TrainingConfig, an_epoch: int) -> dict[str, Any]:
    """Held-out losses, with a checkpoint at each, and the best one back at the end."""
    every = config.eval_every or an_epoch
    return {
        "eval_strategy": "steps",
        "eval_steps": every,
        "save_steps": every,  # and between them every `save_every`, see `_SaveBetween`
        "load_best_model_at_end": True,
        "metric_for_best_model": "eval_loss",
        "greater_is_better": False,
        "prediction_loss_only": True,
        # or a resumed training would forget how many evaluations went by without a better one
        "restore_callback_states_from_checkpoint": config.patience is not None,
    }


def train_packed(
    job: SftJob | PrmJob,
    model: Any,
    items: list[Any],
    held_out: list[Any],
    loss_of: Callable[[Any, Any], torch.Tensor],
    join: Callable[[Sequence[Any]], Any],
) -> Any:
    """Train `model` in place; `loss_of(model, item)` is the loss of one packed item, and `join`
    makes one item of `packs_together`, whose loss is the mean of theirs.

    Goes on from the last whole checkpoint of this very job. Returns the trainer, from which
    `saving.whole_model` takes the weights.
    """
    from transformers import Trainer, TrainingArguments

    class PackedTrainer(Trainer):
        def prediction_step(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Any:
            import torch

            with torch.no_grad():
                return model(**inputs)["loss"].detach(), None, None

    config = job.config
    arguments = training_arguments(
        job, len(items), config.packs_per_step, "packs_per_step", config.packs_together
    )
    trainer = PackedTrainer(
        model=model,
        args=TrainingArguments(**arguments),
        train_dataset=items,
        eval_dataset=held_out or None,
        data_collator=lambda batch: _one_item(batch, join),
    )
    with loss_as_forward(model, loss_of):
        run_trainer(trainer, job, sum(len(item.pack) for item in items))
    return trainer


@contextmanager
def loss_as_forward(model: Any, loss_of: Callable[[Any, Any], torch.Tensor]) -> Iterator[None]:
    """Make `model(item=..., items=...)` the loss of an item.

    What wraps a model for several GPUs or for 16-bit arithmetic works on the call of the
    model itself, and on nothing beside it.
    """

    def forward(self: Any, item: Any, items: Any) -> dict[str, torch.Tensor]:
        return {"loss": loss_of(self, item)}

    model.forward = MethodType(forward, model)
    try:
        yield
    finally:
        del model.forward


def _one_item(batch: list[Any], join: Callable[[Sequence[Any]], Any]) -> dict[str, Any]:
    """A batch as one item; the tensor tells the trainer's evaluation how many there were."""
    import torch

    return {
        "items": torch.ones(len(batch)),
        "item": batch[0] if len(batch) == 1 else join(batch),
    }


def run_trainer(trainer: Any, job: Job, tokens_per_epoch: int) -> None:
    """Train with metric lines; resume when checkpoints of this job are there."""
    from transformers import EarlyStoppingCallback, PrinterCallback, TrainerState

    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(metric_lines(job, tokens_per_epoch))
    if job.config.holdout:
        trainer.add_callback(_save_between(job.config.save_every))
    if job.config.patience is not None:
        trainer.add_callback(EarlyStoppingCallback(job.config.patience))
    with trainer.args.main_process_first(local=False, desc="checkpoints"):
        last = open_checkpoints(job)
    if last is not None:
        say(f"resuming from {last.name}")
    if last is not None and stopped_early(last) and not is_sharded(trainer):
        # Killed after its end. The library would take another step, and perhaps many.
        trainer.state = TrainerState.load_from_json(str(last / "trainer_state.json"))
        trainer._load_best_model()
    else:
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    if job.config.holdout:
        step, loss = trainer.state.best_global_step, trainer.state.best_metric
        say(f"kept the weights of step {step}: held-out loss {loss:.5f}")


def _save_between(every: int) -> Any:
    """A callback for checkpoints between evaluations: a kill should cost minutes, not an epoch."""
    from transformers import TrainerCallback

    class SaveBetween(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step % every == 0:
                control.should_save = True

    return SaveBetween()
