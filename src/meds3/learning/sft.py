"""Supervised fine-tuning: the policy learns the turns that a rule verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meds3.engines.forms import GGUF_NAME
from meds3.engines.weights import load_causal_lm
from meds3.learning.adapters import merged, trainable
from meds3.learning.checks import check_prompts, check_tree_packing, say_left_out
from meds3.learning.gguf_export import export_gguf
from meds3.learning.holdout import split_rows
from meds3.learning.jobs import DpoJob, SftJob
from meds3.learning.kept_adapter import ADAPTER_NAME, adapter_writer
from meds3.learning.rows import SftRow, read_rows
from meds3.learning.saving import save_model, whole_model
from meds3.learning.trainer import train_packed
from meds3.learning.turns import completion_ids, end_of_turn
from meds3.rewards.packing import Pack, join_packs, model_inputs, pack_chains, tokenize_prompt

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class SftItem:
    """A pack, the tokens that predict (`at`), what they should predict (`targets`), and a
    weight that makes every target of the data count alike."""

    pack: Pack
    at: list[int]
    targets: list[int]
    weight: float


def join_sft_items(items: Sequence[SftItem]) -> SftItem:
    """One item whose loss is the mean of theirs (all have the same weight)."""
    at: list[int] = []
    before = 0
    for item in items:
        at += [before + i for i in item.at]
        before += len(item.pack)
    targets = [target for item in items for target in item.targets]
    pack = join_packs([item.pack for item in items])
    return SftItem(pack, at, targets, items[0].weight / len(items))


def train_sft(job: SftJob) -> None:
    """Train, merge and save the policy."""
    import torch

    torch.manual_seed(job.seed)
    rows = read_rows(job.data, SftRow)
    model, tokenizer = load_causal_lm(job.model)
    check_prompts(job, tokenizer, (row.prompt for row in rows))
    train, held_out = split_rows(job, rows)
    plain = job.config.packing == "none"
    if not plain:
        items, held = sft_items(job, train, tokenizer), _held_out(job, held_out, tokenizer)
        check_tree_packing(job, model, max(item.pack.longest_branch for item in items + held))
    model.config.use_cache = False
    model = trainable(model, job.config)
    if plain:
        from meds3.learning.sft_plain import train_plain

        trainer = train_plain(job, model, tokenizer, train, held_out)
    else:
        trainer = train_packed(job, model, items, held, sft_loss, join_sft_items)
    save_policy(job, trainer, tokenizer)


def save_policy(job: SftJob | DpoJob, trainer: Any, tokenizer: Any) -> None:
    """Save the folder; within it the adapter and, when `gguf_base` is set, the GGUF."""
    whole = whole_model(trainer, lambda: trainable(load_causal_lm(job.model)[0], job.config))
    write_adapter = adapter_writer(whole)

    def finish(folder: Path) -> None:
        write_adapter(folder / ADAPTER_NAME)
        if job.gguf_base is not None:
            export_gguf(folder, job.gguf_base, folder / GGUF_NAME)

    model = merged(whole)
    if model is not None:
        model.config.use_cache = True
    save_model(job, trainer, model, tokenizer, finish)


def _held_out(job: SftJob, rows: list[SftRow], tokenizer: Any) -> list[SftItem]:
    return sft_items(job, rows, tokenizer) if rows else []


def sft_items(job: SftJob, rows: list[SftRow], tokenizer: Any) -> list[SftItem]:
    """Packs of the completions that share a prompt. Rows beyond `max_length` are left out.

    Raises `InputError` when no row is left.
    """
    end = end_of_turn(tokenizer)
    packs: list[Pack] = []
    longest = 0
    for prompt, group in groupby(rows, key=lambda row: row.prompt):
        ids = tokenize_prompt(tokenizer, prompt)
        turns = [completion_ids(tokenizer, row.completion, end) for row in group]
        longest = max([longest, *(len(ids) + len(turn) for turn in turns)])
        fitting = [[turn] for turn in turns if len(ids) + len(turn) <= job.config.max_length]
        packs += pack_chains(ids, fitting, job.config.pack_tokens)
    say_left_out(job, sum(len(pack.paths) for pack in packs), len(rows), longest)
    bare = [_item(pack) for pack in packs]
    mean = sum(len(targets) for _, targets in bare) / len(bare)
    return [
        SftItem(pack, at, targets, 1 / mean)
        for pack, (at, targets) in zip(packs, bare, strict=True)
    ]


def _item(pack: Pack) -> tuple[list[int], list[int]]:
    """Where the loss of a pack is: a turn's first token is predicted by the prompt's last."""
    at: list[int] = []
    targets: list[int] = []
    for (segment,) in pack.paths:
        first, end = pack.spans[segment]
        at += [pack.last_token(0), *range(first, end - 1)]
        targets += pack.input_ids[first:end]
    return at, targets


def sft_loss(model: Any, item: SftItem) -> torch.Tensor:
    """Cross-entropy over the completions; the vocabulary's logits are made only there."""
    import torch

    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    device = next(inner.parameters()).device
    at = torch.tensor(item.at, device=device)
    inputs = model_inputs(item.pack, device)
    # The model's own forward: some scale or cap their logits after the head. Its class's, where
    # the trainer has put this very loss in the place of the instance's.
    forward = partial(type(inner).forward, inner) if inner is model else inner
    logits = forward(**inputs, use_cache=False, logits_to_keep=at).logits[0]
    targets = torch.tensor(item.targets, device=device)
    loss = torch.nn.functional.cross_entropy(logits.float(), targets, reduction="sum")
    return loss * item.weight
