"""Supervised fine-tuning the standard way: TRL, one chain a row, rows of like length together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from meds3.errors import InputError
from meds3.learning.checks import say_left_out
from meds3.learning.jobs import SftJob
from meds3.learning.processes import processes
from meds3.learning.rows import SftRow
from meds3.learning.trainer import run_trainer, training_arguments
from meds3.learning.turns import completion_ids, end_of_turn
from meds3.rewards.packing import tokenize_prompt

_IGNORED = -100  # a label without loss


def train_plain(
    job: SftJob, model: Any, tokenizer: Any, rows: list[SftRow], held_out: list[SftRow]
) -> Any:
    """Train `model` in place and return the trainer."""
    from datasets import Dataset
    from trl import SFTConfig as TrlConfig  # type: ignore[attr-defined]
    from trl import SFTTrainer  # type: ignore[attr-defined]

    items = plain_items(job, rows, tokenizer)
    held = plain_items(job, held_out, tokenizer) if held_out else []
    lengths = [len(item["input_ids"]) for item in items]
    size = job.config.batch_size

    class LengthGroupedSFTTrainer(SFTTrainer):
        def _get_train_sampler(self, *_: Any, **__: Any) -> Any:
            return _length_grouped(lengths, size, job.seed)

    arguments = training_arguments(job, len(items), size, "batch_size", _together(job))
    trainer = LengthGroupedSFTTrainer(
        model=model,
        args=TrlConfig(
            **arguments,
            max_length=job.config.max_length,
            # The rows are tokenised and labelled: TRL must add nothing to them.
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
        train_dataset=Dataset.from_list(items),
        eval_dataset=Dataset.from_list(held) if held else None,
        processing_class=tokenizer,
    )
    run_trainer(trainer, job, sum(lengths))
    return trainer


def _together(job: SftJob) -> int:
    """Chains of one forward pass of one process."""
    share = job.config.batch_size // processes()
    if share < 1:
        raise InputError(
            f"train sft: batch_size {job.config.batch_size} for {processes()} processes",
            "raise sft.batch_size",
        )
    return min(job.config.micro_batch or share, share)


def plain_items(job: SftJob, rows: list[SftRow], tokenizer: Any) -> list[dict[str, list[int]]]:
    """{`input_ids`, `labels`} of each row: a label where the completion and its end token are.

    Rows beyond `max_length` are left out. Raises `InputError` when no row is left.
    """
    end = end_of_turn(tokenizer)
    items, longest = [], 0
    for row in rows:
        prompt = tokenize_prompt(tokenizer, row.prompt)
        turn = completion_ids(tokenizer, row.completion, end)
        longest = max(longest, len(prompt) + len(turn))
        if len(prompt) + len(turn) <= job.config.max_length:
            labels = [_IGNORED] * len(prompt) + turn
            items.append({"input_ids": prompt + turn, "labels": labels})
    say_left_out(job, len(items), len(rows), longest)
    return items


def _length_grouped(lengths: list[int], size: int, seed: int) -> Any:
    """A sampler of all rows in random order, those of one batch of `size` alike in length.

    The order is drawn from the seed and the epoch alone, so that it is the same in every
    process and after a resume; the library's own sampler draws from the global state.
    """
    import torch
    from transformers.trainer_pt_utils import get_length_grouped_indices

    class LengthGrouped(torch.utils.data.Sampler[int]):
        epoch = 0

        def set_epoch(self, epoch: int) -> None:
            self.epoch = epoch

        def __len__(self) -> int:
            return len(lengths)

        def __iter__(self) -> Iterator[int]:
            draw = torch.Generator().manual_seed(seed + self.epoch)
            return iter(
                get_length_grouped_indices(lengths, size, generator=draw)  # type: ignore[no-untyped-call]
            )

    return LengthGrouped()
