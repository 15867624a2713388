"""The training loop that one would write first: one chain a row, padded batches, nothing shared."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from meds3.chains.chain import chain_of
from meds3.learning.rows import PrmRow, SftRow
from meds3.learning.turns import completion_ids, end_of_turn
from meds3.rewards.packing import tokenize_prompt, tokenize_steps

if TYPE_CHECKING:
    import torch

BATCH = 8


@dataclass(frozen=True)
class PlainRow:
    """One chain with its prompt. `targets`: position to what is learnt there (a token id that it
    should predict for SFT, a label for the PRM)."""

    ids: list[int]
    targets: dict[int, float]


@dataclass(frozen=True)
class Batch:
    """Rows padded to the longest."""

    rows: list[PlainRow]

    @property
    def computed(self) -> int:
        return len(self.rows) * max(len(row.ids) for row in self.rows)


def sft_row(row: SftRow, tokenizer: Any) -> PlainRow:
    prompt = tokenize_prompt(tokenizer, row.prompt)
    turn = completion_ids(tokenizer, row.completion, end_of_turn(tokenizer))
    return PlainRow(prompt + turn, {len(prompt) - 1 + i: token for i, token in enumerate(turn)})


def prm_row(row: PrmRow, tokenizer: Any) -> PlainRow:
    ids = tokenize_prompt(tokenizer, row.prompt)
    targets: dict[int, float] = {}
    for number, segment in enumerate(tokenize_steps(tokenizer, chain_of(*row.steps))):
        ids = ids + segment
        label = row.labels[number - 1] if number else None
        if label is not None:
            targets[len(ids) - 1] = label
    return PlainRow(ids, targets)


def batches(rows: Sequence[PlainRow], seed: int) -> Iterator[Batch]:
    """Shuffled, as a data loader does."""
    order = list(rows)
    random.Random(seed).shuffle(order)
    for start in range(0, len(order), BATCH):
        yield Batch(order[start : start + BATCH])


def inputs_of(batch: Batch, pad: int) -> dict[str, torch.Tensor]:
    """`input_ids` and `attention_mask`, [rows, longest], padded on the right."""
    import torch

    longest = max(len(row.ids) for row in batch.rows)
    ids = [row.ids + [pad] * (longest - len(row.ids)) for row in batch.rows]
    mask = [[1] * len(row.ids) + [0] * (longest - len(row.ids)) for row in batch.rows]
    return {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask)}


def sft_loss(model: Any, batch: Batch, pad: int) -> torch.Tensor:
    """Cross-entropy from the logits of the whole vocabulary at every position."""
    import torch

    inputs = inputs_of(batch, pad)
    wanted = torch.full(inputs["input_ids"].shape, -100)
    for number, row in enumerate(batch.rows):
        for position, token in row.targets.items():
            wanted[number, position] = int(token)
    logits = model(**inputs, use_cache=False).logits
    return torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), wanted.flatten(), ignore_index=-100
    )


def prm_loss(model: Any, batch: Batch, pad: int) -> torch.Tensor:
    """Binary cross-entropy at the labelled tokens."""
    import torch

    logits = model(**inputs_of(batch, pad), use_cache=False).logits[..., 0]
    places = [(number, at) for number, row in enumerate(batch.rows) for at in row.targets]
    labels = torch.tensor([label for row in batch.rows for label in row.targets.values()])
    chosen = logits[[n for n, _ in places], [at for _, at in places]]
    return torch.nn.functional.binary_cross_entropy_with_logits(chosen, labels)
