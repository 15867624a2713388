"""The process reward model: every step of a tree learns what it was worth, in one sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meds3.engines.weights import load_causal_lm
from meds3.learning.adapters import merged, trainable
from meds3.learning.checks import check_prompts, check_steps, check_tree_packing
from meds3.learning.holdout import split_rows
from meds3.learning.jobs import PrmJob
from meds3.learning.kept_adapter import ADAPTER_NAME, adapter_writer
from meds3.learning.precision import in_bfloat16
from meds3.learning.prm_items import PrmItem, join_prm_items, prm_items
from meds3.learning.probe import fit_head
from meds3.learning.rows import PrmRow, read_rows
from meds3.learning.saving import save_model, whole_model
from meds3.learning.trainer import train_packed
from meds3.rewards.prm_model import PACKING_MARK, prm_from_policy, segment_logits

if TYPE_CHECKING:
    import torch


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
        narrow = in_bfloat16(job, torch.cuda.is_available())
        fit_head(model, items, job.config.head_l2, job.config.packs_together, narrow)
    trainer = train_packed(job, _adapted(job, model), items, held, prm_loss, join_prm_items)
    trained = whole_model(trainer, lambda: _adapted(job, _prm(job, load_causal_lm(job.model)[0])))
    write_adapter = adapter_writer(trained, "TOKEN_CLS")
    save_model(
        job,
        trainer,
        merged(trained),
        tokenizer,
        lambda folder: write_adapter(folder / ADAPTER_NAME),
    )


def _prm(job: PrmJob, causal: Any) -> Any:
    """A PRM with a new head; its config says how its chains are to be scored."""
    model = prm_from_policy(causal, job.seed)
    model.config.use_cache = False
    setattr(model.config, PACKING_MARK, job.config.packing)
    return model


def _adapted(job: PrmJob, model: Any) -> Any:
    return trainable(model, job.config, train_too=["score"])


def prm_loss(model: Any, item: PrmItem) -> torch.Tensor:
    """Binary cross-entropy of the labelled steps, by their weights."""
    import torch

    logits = segment_logits(model, item.pack, item.segments).float()
    labels, weights = torch.tensor([item.labels, item.weights], device=logits.device)
    return torch.nn.functional.binary_cross_entropy_with_logits(
        logits, labels, weights, reduction="sum"
    )
