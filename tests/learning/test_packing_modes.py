"""Packed as a tree or one by one: the same loss, and the same weights after some steps."""

import pytest

from meds3.learning.metrics import read_metrics
from meds3.learning.prm import prm_loss
from meds3.learning.prm_items import prm_items
from meds3.learning.sft import sft_items
from meds3.learning.train import train
from tests.learning.some_rows import job_of, largest_difference, prm_rows, sft_rows

pytestmark = pytest.mark.model
# All rows in one step: the two ways then average over the very same tokens.
TREE = {"packs_per_step": 64, "epochs": 4, "lr": 0.003}
EACH = {"packing": "none", "epochs": 4, "lr": 0.003}


@pytest.mark.parametrize("full", [pytest.param(True, marks=pytest.mark.slow), False])
def test_sft_losses_and_weights_agree(tiny_model, tmp_path, full):
    tree = job_of("sft", tiny_model, tmp_path / "tree", 7, full=full, **TREE)
    plain = job_of("sft", tiny_model, tmp_path / "each", 7, full=full, **EACH, batch_size=14)
    train(tree)
    train(plain)
    ours, theirs = read_metrics(tree.metrics), read_metrics(plain.metrics)
    assert len(ours) == 4
    for a, b in zip(ours, theirs, strict=True):
        assert a.loss == pytest.approx(b.loss, abs=1e-4)
        assert a.grad_norm == pytest.approx(b.grad_norm, rel=1e-3)
    assert ours[-1].loss < ours[0].loss - 0.01  # it did learn
    assert largest_difference(tree.output, plain.output) < 2e-3  # saved in 16 bits


@pytest.mark.slow
def test_micro_batches_change_nothing(tiny_model, tmp_path):
    whole = job_of("sft", tiny_model, tmp_path / "a", 6, **EACH, batch_size=6)
    parts = job_of("sft", tiny_model, tmp_path / "b", 6, **EACH, batch_size=6, micro_batch=2)
    train(whole)
    train(parts)
    for a, b in zip(read_metrics(whole.metrics), read_metrics(parts.metrics), strict=True):
        assert a.loss == pytest.approx(b.loss, abs=1e-4)
    assert largest_difference(whole.output, parts.output) < 2e-3


@pytest.mark.parametrize(
    "more", [{}, pytest.param({"head_l2": 10.0, "lr": 1e-4}, marks=pytest.mark.slow)]
)
def test_prm_losses_and_weights_agree(tiny_model, tmp_path, more):
    tree = job_of("prm", tiny_model, tmp_path / "tree", 7, **TREE | more)
    each = job_of("prm", tiny_model, tmp_path / "each", 7, **EACH | {"packs_per_step": 64} | more)
    train(tree)
    train(each)
    ours, theirs = read_metrics(tree.metrics), read_metrics(each.metrics)
    for a, b in zip(ours, theirs, strict=True):
        assert a.loss == pytest.approx(b.loss, abs=1e-4)
        assert a.grad_norm == pytest.approx(b.grad_norm, rel=1e-3, abs=1e-5)
    assert ours[-1].loss < ours[0].loss
    assert largest_difference(tree.output, each.output) < 2e-3


def test_a_shared_step_weighs_as_one(tiny_model, tmp_path):
    """Two chains share a step labelled .75 and .25: one step of label .5, by hand."""
    import torch

    from meds3.engines.weights import load_causal_lm
    from meds3.rewards.prm_model import prm_from_policy

    causal, tokenizer = load_causal_lm(tiny_model)
    model = prm_from_policy(causal)
    (packed,) = prm_items(job_of("prm", tiny_model, tmp_path), prm_rows(1), tokenizer)
    alone = prm_items(job_of("prm", tiny_model, tmp_path, packing="none"), prm_rows(1), tokenizer)
    assert packed.labels == [0.5, 1.0, 0.0]
    assert packed.weights == [pytest.approx(1 / 3)] * 3
    assert [item.labels for item in alone] == [[0.75, 1.0], [0.25, 0.0]]
    assert [item.weights for item in alone] == [[pytest.approx(1 / 3), pytest.approx(2 / 3)]] * 2
    with torch.no_grad():
        ours = float(prm_loss(model, packed))
        theirs = sum(float(prm_loss(model, item)) for item in alone) / 2
    assert ours == pytest.approx(theirs, abs=1e-6)


def test_none_packs_each_chain_alone(tiny_model, tmp_path):
    from meds3.engines.weights import load_tokenizer
    from meds3.rewards.packing import model_inputs

    job = job_of("prm", tiny_model, tmp_path, packing="none")
    items = prm_items(job, prm_rows(3), load_tokenizer(tiny_model))
    assert [len(item.pack.paths) for item in items] == [1] * 6
    # The model's own mask is used, with all its windows.
    assert not any("attention_mask" in model_inputs(item.pack) for item in items)
    tree = sft_items(
        job_of("sft", tiny_model, tmp_path),
        sft_rows(1),
        load_tokenizer(tiny_model),
    )
    assert all("attention_mask" in model_inputs(item.pack) for item in tree)


@pytest.mark.parametrize("stage", ["sft", "prm"])
def test_packs_that_go_together_learn_the_same(tiny_model, tmp_path, stage):
    more = {"packs_per_step": 8, "epochs": 4, "lr": 0.003}
    more |= {"head_l2": 10.0} if stage == "prm" else {}
    alone = job_of(stage, tiny_model, tmp_path / "alone", 8, **more)
    joined = job_of(stage, tiny_model, tmp_path / "joined", 8, **more, packs_together=4)
    train(alone)
    train(joined)
    ours, theirs = read_metrics(joined.metrics), read_metrics(alone.metrics)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert a.loss == pytest.approx(b.loss, abs=1e-4)
        assert a.grad_norm == pytest.approx(b.grad_norm, rel=1e-3, abs=1e-5)
    assert largest_difference(joined.output, alone.output) < 2e-3
