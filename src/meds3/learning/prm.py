"""The process reward model: every step of a tree learns what it was worth, in one sequence."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from meds3.chains.chain import chain_of
from meds3.engines.weights import load_causal_lm
from meds3.learning.adapters import merged, with_adapters
from meds3.learning.checks import check_prompts, check_steps, check_tree_packing, say_left_out
from meds3.learning.holdout import split_rows
from meds3.learning.jobs import PrmJob
from meds3.learning.probe import fit_head
from meds3.learning.rows import PrmRow, read_rows
from meds3.learning.saving import save_model, whole_model
from meds3.learning.trainer import train_packed
from meds3.rewards.packing import Pack, pack_chains, tokenize_prompt, tokenize_steps
from meds3.rewards.prm_model import PACKING_MARK, prm_from_policy, segment_logits

if TYPE_CHECKING:
    import torch

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


def train_prm(job: PrmJob) -> None:
    """Train from the policy at `job.model`, merge and save."""
    import torch

    torch.manual_seed(job.seed)
    rows = read_rows(job.data, PrmRow)
    causal, tokenizer = load_causal_lm(job.model)
    check_prompts(job, tokenizer, (row.prompt for row in rows))
    check_steps(job, tokenizer)
    train, held_out = split_rows(job, rows)
    items = prm_items(job, train, tokenizer)
    held = prm_items(job, held_out, tokenizer) if held_out else []
    check_tree_packing(job, causal, max(item.pack.longest_branch for item in items + held))
    model = _prm(job, causal)
    if job.config.head_l2 is not None:
        fit_head(model, items, job.config.head_l2)
    trainer = train_packed(job, _adapted(job, model), items, held, prm_loss)
    trained = whole_model(trainer, lambda: _adapted(job, _prm(job, load_causal_lm(job.model)[0])))
    save_model(job, trainer, merged(trained), tokenizer, lambda _: None)


def _prm(job: PrmJob, causal: Any) -> Any:
    """A PRM with a new head; its config says how its chains are to be scored."""
    model = prm_from_policy(causal, job.seed)
    model.config.use_cache = False
    setattr(model.config, PACKING_MARK, job.config.packing)
    return model


def _adapted(job: PrmJob, model: Any) -> Any:
    return model if job.config.full else with_adapters(model, job.config.lora, train_too=["score"])


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


def prm_loss(model: Any, item: PrmItem) -> torch.Tensor:
    """Binary cross-entropy of the labelled steps, by their weights."""
    import torch

    logits = segment_logits(model, item.pack, item.segments).float()
    labels, weights = torch.tensor([item.labels, item.weights], device=logits.device)
    return torch.nn.functional.binary_cross_entropy_with_logits(
        logits, labels, weights, reduction="sum"
    )
