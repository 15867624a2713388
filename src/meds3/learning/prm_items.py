"""What the process reward model learns in one step: a pack of chains and its labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from meds3.chains.chain import chain_of
from meds3.learning.checks import say_left_out
from meds3.learning.jobs import PrmJob
from meds3.learning.rows import PrmRow
from meds3.rewards.packing import Pack, join_packs, pack_chains, tokenize_prompt, tokenize_steps

_Chain = tuple[PrmRow, list[list[int]]]  # a row and the token ids of its steps from Step 0 on
_Key = tuple[tuple[int, ...], ...]
_Labels = dict[int, tuple[float, float]]  # segment to label in [0, 1] and weight


@dataclass(frozen=True)
class PrmItem:
    """A pack, its labelled segments with their labels in [0, 1], and weights that make every
    labelled step of the data count alike."""

    pack: Pack
    segments: list[int]
    labels: list[float]
    weights: list[float]


def join_prm_items(items: Sequence[PrmItem]) -> PrmItem:
    """One item whose loss is the mean of theirs."""
    segments: list[int] = []
    before = 0
    for item in items:
        segments += [before + segment for segment in item.segments]
        before += len(item.pack.spans)
    return PrmItem(
        join_packs([item.pack for item in items]),
        segments,
        [label for item in items for label in item.labels],
        [weight / len(items) for item in items for weight in item.weights],
    )


def prm_items(job: PrmJob, rows: list[PrmRow], tokenizer: Any) -> list[PrmItem]:
    """Packs of the chains of one prompt, with a label on each step that has one.

    A step shared by several chains is one step: it learns the mean of their labels. Without
    packing it stands in k packs, in each with its own label and the weight 1/k, which is the
    same loss, cross-entropy being linear in the label. Chains beyond `max_length` are left out.
    Raises `InputError` when nothing is left.
    """
    most = job.config.pack_tokens if job.config.packing == "tree" else 0
    bare: list[tuple[Pack, _Labels]] = []
    longest = kept = 0
    for prompt, group in groupby(rows, key=lambda row: row.prompt):
        ids = tokenize_prompt(tokenizer, prompt)
        fitting: list[_Chain] = []
        for row in group:
            segments = tokenize_steps(tokenizer, chain_of(*row.steps))
            length = len(ids) + sum(map(len, segments))
            longest = max(longest, length)
            if length <= job.config.max_length:
                fitting.append((row, segments))
        kept += len(fitting)
        shares = _shares(fitting) if most == 0 else None
        for pack in pack_chains(ids, [segments for _, segments in fitting], most):
            if labels := _labels(pack, fitting, shares):
                bare.append((pack, labels))
    say_left_out(job, kept if bare else 0, len(rows), longest)
    mean = sum(weight for _, labels in bare for _, weight in labels.values()) / len(bare)
    return [
        PrmItem(
            pack,
            [*labels],
            [label for label, _ in labels.values()],
            [weight / mean for _, weight in labels.values()],
        )
        for pack, labels in bare
    ]


def _shares(chains: list[_Chain]) -> Counter[_Key]:
    """How many chains of a prompt label each step."""
    return Counter(
        key
        for row, segments in chains
        for key, label in zip(_keys(segments)[1:], row.labels, strict=True)
        if label is not None
    )


def _keys(segments: list[list[int]]) -> list[_Key]:
    """What makes a step the same step in two chains: its tokens and all before it."""
    return [tuple(map(tuple, segments[: i + 1])) for i in range(len(segments))]


def _labels(pack: Pack, chains: list[_Chain], shares: Counter[_Key] | None) -> _Labels:
    """Mean label and weight of each labelled segment; Step 0 has none.

    With `shares` a step weighs its part among the chains that label it.
    """
    found: defaultdict[int, list[float]] = defaultdict(list)
    weights: dict[int, float] = {}
    for place, path in zip(pack.chains, pack.paths, strict=True):
        row, segments = chains[place]
        keys = _keys(segments)[1:]
        for segment, key, label in zip(path[1:], keys, row.labels, strict=True):
            if label is not None:
                found[segment].append(label)
                weights[segment] = 1 / shares[key] if shares else 1.0
    return {
        segment: (sum(labels) / len(labels), weights[segment])
        for segment, labels in sorted(found.items())
    }
