"""Direct preference optimisation by TRL, on rows tokenised by us."""

from __future__ import annotations

from typing import Any

from meds3.engines.weights import load_causal_lm
from meds3.learning.jobs import DpoJob
from meds3.learning.rows import DpoRow, read_rows
from meds3.learning.sft import completion_ids, save_policy
from meds3.learning.trainer import (
    nothing_fits,
    peft_settings,
    run_trainer,
    training_arguments,
)
from meds3.rewards.packing import tokenize_prompt


def train_dpo(job: DpoJob) -> None:
    """Train, merge and save the policy; the reference is the model without its adapters."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig as PeftLora
    from trl import DPOConfig as TrlConfig  # type: ignore[attr-defined]
    from trl import DPOTrainer  # type: ignore[attr-defined]

    class TokenisedDPOTrainer(DPOTrainer):
        """TRL would close every text with an end-of-turn token, but a step pair stops half-way
        through the turn: the policy must not learn to stop there."""

        def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
            return dataset

    torch.manual_seed(job.seed)
    model, tokenizer = load_causal_lm(job.model)
    items = dpo_items(job, read_rows(job.data, DpoRow), tokenizer)
    config = job.config
    arguments = training_arguments(job, len(items), config.batch_size)
    trainer = TokenisedDPOTrainer(
        model=model,
        args=TrlConfig(**arguments, beta=config.beta, max_length=config.max_length),
        train_dataset=Dataset.from_list(items),
        processing_class=tokenizer,
        peft_config=None if config.full else PeftLora(**peft_settings(model, config.lora)),
    )
    tokens = sum(len(ids) for item in items for ids in item.values())
    run_trainer(trainer, job, lambda: tokens)
    save_policy(job, trainer.accelerator.unwrap_model(trainer.model), tokenizer)


def dpo_items(job: DpoJob, rows: list[DpoRow], tokenizer: Any) -> list[dict[str, list[int]]]:
    """TRL's own columns. Pairs beyond `max_length` are left out.

    Raises `InputError` when no pair is left.
    """
    items = []
    longest = 0
    for row in rows:
        ends = row.kind == "finish"
        item = {
            "prompt_ids": tokenize_prompt(tokenizer, row.prompt),
            "chosen_ids": completion_ids(tokenizer, row.chosen, ends),
            "rejected_ids": completion_ids(tokenizer, row.rejected, ends),
        }
        turn = max(len(item["chosen_ids"]), len(item["rejected_ids"]))
        longest = max(longest, len(item["prompt_ids"]) + turn)
        if len(item["prompt_ids"]) + turn <= job.config.max_length:
            items.append(item)
    if not items:
        raise nothing_fits(job, longest)
    return items
