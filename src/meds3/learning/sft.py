"""Supervised fine-tuning: the policy learns the turns that a rule verified."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meds3.engines.weights import load_causal_lm
from meds3.errors import InputError
from meds3.learning.adapter import ADAPTER_NAME, adapter_writer
from meds3.learning.gguf_export import export_gguf
from meds3.learning.jobs import DpoJob, SftJob
from meds3.learning.rows import SftRow, read_rows
from meds3.learning.trainer import merged, nothing_fits, save_model, train_packed, with_adapters
from meds3.rewards.packing import Pack, model_inputs, pack_chains, tokenize_prompt

if TYPE_CHECKING:
    import torch

GGUF_NAME = "policy.gguf"


@dataclass(frozen=True)
class SftItem:
    """A pack, the tokens that predict (`at`), what they should predict (`targets`), and a
    weight that makes every target of the data count alike."""

    pack: Pack
    at: list[int]
    targets: list[int]
    weight: float


def train_sft(job: SftJob) -> None:
    """Train, merge and save the policy."""
    import torch

    torch.manual_seed(job.seed)
    rows = read_rows(job.data, SftRow)
    model, tokenizer = load_causal_lm(job.model)
    items = sft_items(job, rows, tokenizer)
    model.config.use_cache = False
    if not job.config.full:
        model = with_adapters(model, job.config.lora)
    train_packed(job, model, items, sft_loss)
    save_policy(job, model, tokenizer)


def save_policy(job: SftJob | DpoJob, model: Any, tokenizer: Any) -> None:
    """Merge and save the folder; within it the adapter and, when `gguf_base` is set, the GGUF."""
    write_adapter = adapter_writer(model)
    model = merged(model)

    def finish(folder: Path) -> None:
        write_adapter(folder / ADAPTER_NAME)
        if job.gguf_base is not None:
            export_gguf(folder, job.gguf_base, folder / GGUF_NAME)

    model.config.use_cache = True
    save_model(job, model, tokenizer, finish)


def completion_ids(tokenizer: Any, completion: str, ends: bool = True) -> list[int]:
    """Token ids of an assistant turn; with `ends`, one end-of-turn token closes it.

    The prompt is already rendered by the chat template, so nothing else is added.
    """
    ids = list(tokenizer(completion, add_special_tokens=False)["input_ids"])
    if ends:
        if tokenizer.eos_token_id is None:
            raise InputError("the model's tokenizer has no end-of-turn token", "use a chat model")
        ids.append(tokenizer.eos_token_id)
    return ids


def sft_items(job: SftJob, rows: list[SftRow], tokenizer: Any) -> list[SftItem]:
    """Packs of the completions that share a prompt. Rows beyond `max_length` are left out.

    Raises `InputError` when no row is left.
    """
    packs: list[Pack] = []
    longest = 0
    for prompt, group in groupby(rows, key=lambda row: row.prompt):
        ids = tokenize_prompt(tokenizer, prompt)
        turns = [completion_ids(tokenizer, row.completion) for row in group]
        longest = max([longest, *(len(ids) + len(turn) for turn in turns)])
        fitting = [[turn] for turn in turns if len(ids) + len(turn) <= job.config.max_length]
        packs += pack_chains(ids, fitting, job.config.pack_tokens)
    if not packs:
        raise nothing_fits(job, longest)
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
    hidden = inner.base_model(**model_inputs(item.pack, device), use_cache=False)
    logits = inner.get_output_embeddings()(hidden.last_hidden_state[0, item.at])
    targets = torch.tensor(item.targets, device=device)
    loss = torch.nn.functional.cross_entropy(logits.float(), targets, reduction="sum")
    return loss * item.weight
