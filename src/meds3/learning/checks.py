"""What would spoil a training without a word, looked for before it begins."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from meds3.chains.chain import chain_of
from meds3.errors import InputError
from meds3.learning.config import PackedTrainingConfig
from meds3.learning.jobs import Job, PrmJob, SftJob
from meds3.learning.processes import say
from meds3.rewards.packing import (
    Pack,
    attention_window,
    model_inputs,
    pack_chains,
    tokenize_prompt,
    tokenize_steps,
)

_SAME = 1e-3  # hidden states differ by less than this share of the largest


def check_prompts(job: Job, tokenizer: Any, prompts: Iterable[str]) -> None:
    """Raises `InputError` when a prompt begins twice.

    It is rendered by the chat template, which writes the beginning token where one belongs.
    """
    begin = tokenizer.bos_token_id
    if begin is None:
        return
    for prompt in dict.fromkeys(prompts):
        if tokenize_prompt(tokenizer, prompt)[:2] == [begin, begin]:
            raise InputError(
                f"train {job.stage}: a prompt of {job.data} begins with {tokenizer.bos_token!r} "
                f"twice: {prompt[:60]!r}",
                "render each prompt by the chat template once, and add nothing before it",
            )


def check_steps(job: Job, tokenizer: Any) -> None:
    """Raises `InputError` when steps tokenised one by one are not the text that they make.

    The PRM reads a chain step by step; the policy writes it in one go.
    """
    chain = chain_of("One thing.", "So (B): 2.5 mg.", "The answer is B.")
    ids = [i for step in tokenize_steps(tokenizer, chain) for i in step]
    told = tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    if told != chain.text:
        raise InputError(
            f"train {job.stage}: the model's tokenizer changes steps that are tokenised one by "
            f"one: {chain.text!r} becomes {told!r}",
            "use a model whose tokenizer adds nothing before a text (no add_prefix_space)",
        )


def say_left_out(job: Job, kept: int, rows: int, longest: int) -> None:
    """Tell how many rows are longer than `max_length`. Raises `InputError` when all are."""
    limit = job.config.max_length
    if not kept:
        raise InputError(
            f"train {job.stage}: no row of {job.data} fits max_length {limit} "
            f"(the longest has {longest} tokens)",
            f"raise {job.stage}.max_length, or look whether the file is empty",
        )
    if kept < rows:
        say(
            f"left out: {rows - kept} of {rows} rows are longer than max_length {limit} "
            f"(the longest has {longest} tokens)"
        )


def check_tree_packing(job: SftJob | PrmJob, model: Any, longest: int) -> None:
    """Raises `InputError` when this model would see packed chains otherwise than single ones.

    `longest`: tokens of the longest prompt with its chain. Asks the model itself: two chains
    packed must give the hidden states that each gives alone. A window of attention shows only
    beyond its size, so that it is looked up.
    """
    config: PackedTrainingConfig = job.config
    if config.packing == "none":
        return
    kind = model.config.model_type
    window = attention_window(model.config)
    if window is not None and longest > window:
        raise _unpackable(
            job, f"{kind} has layers that see {window} tokens back, and a chain has {longest}"
        )
    if (
        isinstance(job, SftJob)
        and "logits_to_keep" not in inspect.signature(model.forward).parameters
    ):
        raise _unpackable(job, f"{kind} cannot make the logits of chosen tokens only")
    try:
        difference = _packed_difference(model)
    except (RuntimeError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise _unpackable(job, f"{kind} takes no tree attention mask ({error})") from error
    if difference > _SAME:
        raise _unpackable(
            job, f"{kind} computes packed chains otherwise than single ones (by {difference:.1%})"
        )


def _unpackable(job: SftJob | PrmJob, why: str) -> InputError:
    return InputError(
        f"train {job.stage}: packing: tree does not suit this model: {why}",
        f"set {job.stage}.packing: none",
    )


def _packed_difference(model: Any) -> float:
    """Largest difference of hidden states, packed and alone, over the largest of them."""
    import torch

    ids = [i % model.config.vocab_size for i in range(5, 40)]
    chains = [[ids[8:15], ids[15:22]], [ids[8:15], ids[22:30]], [ids[30:35]]]
    (packed,) = pack_chains(ids[:8], chains, 10**6)
    was_training = model.training
    model.eval()
    with torch.no_grad():
        seen = _states(model, packed)
        difference, largest = 0.0, 1e-9
        for path, pack in zip(packed.paths, pack_chains(ids[:8], chains, 0), strict=True):
            rows = [i for segment in (0, *path) for i in range(*packed.spans[segment])]
            alone = _states(model, pack)
            difference = max(difference, float((seen[rows] - alone).abs().max()))
            largest = max(largest, float(alone.abs().max()))
    model.train(was_training)
    return difference / largest


def _states(model: Any, pack: Pack) -> Any:
    device = next(model.parameters()).device
    return model.base_model(**model_inputs(pack, device), use_cache=False).last_hidden_state[0]
