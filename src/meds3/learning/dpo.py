"""Direct preference optimisation by TRL, on rows tokenised by us."""

from __future__ import annotations

from typing import Any

from meds3.engines.weights import load_causal_lm
from meds3.learning.adapters import peft_settings, trainable
from meds3.learning.checks import check_prompts, say_left_out
from meds3.learning.holdout import split_rows
from meds3.learning.jobs import DpoJob
from meds3.learning.rows import DpoRow, read_rows
from meds3.learning.sft import save_policy
from meds3.learning.trainer import run_trainer, training_arguments
from meds3.learning.turns import completion_ids, end_of_turn
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
    rows = read_rows(job.data, DpoRow)
    check_prompts(job, tokenizer, (row.prompt for row in rows))
    train, held_out = split_rows(job, rows)
    items = dpo_items(job, train, tokenizer)
    held = dpo_items(job, held_out, tokenizer) if held_out else []
    config = job.config
    arguments = training_arguments(job, len(items), config.batch_size, "batch_size")
    if config.full:
        model = trainable(model, config)
    trainer = TokenisedDPOTrainer(
        model=model,
        args=TrlConfig(**arguments, beta=config.beta, max_length=config.max_length),
        train_dataset=Dataset.from_list(items),
        eval_dataset=Dataset.from_list(held) if held else None,
        processing_class=tokenizer,
        peft_config=None if config.full else PeftLora(**peft_settings(model, config.lora)),
    )
    tokens = sum(len(ids) for item in items for ids in item.values())
    run_trainer(trainer, job, tokens)
    save_policy(job, trainer, tokenizer)


def dpo_items(job: DpoJob, rows: list[DpoRow], tokenizer: Any) -> list[dict[str, list[int]]]:
    """TRL's own columns. Pairs beyond `max_length` are left out.

    Raises `InputError` when no pair is left.
    """
    end = end_of_turn(tokenizer)
    items = []
    longest = 0
    for row in rows:
        closing = end if row.kind == "finish" else None
        item = {
            "prompt_ids": tokenize_prompt(tokenizer, row.prompt),
            "chosen_ids": completion_ids(tokenizer, row.chosen, closing),
            "rejected_ids": completion_ids(tokenizer, row.rejected, closing),
        }
        turn = max(len(item["chosen_ids"]), len(item["rejected_ids"]))
        longest = max(longest, len(item["prompt_ids"]) + turn)
        if len(item["prompt_ids"]) + turn <= job.config.max_length:
            items.append(item)
    say_left_out(job, len(items), len(rows), longest)
    return items
