"""The three trainings end to end on a tiny model, in child processes."""

import asyncio
import contextlib
import json
from pathlib import Path

import pytest

from meds3.chains.chain import chain_of
from meds3.errors import EngineError, InputError
from meds3.learning.config import DpoConfig, LoraConfig, PrmConfig, SftConfig
from meds3.learning.jobs import DpoJob, PrmJob, SftJob
from meds3.learning.launch import run_job
from meds3.learning.metrics import StepMetrics
from meds3.learning.pairs import dpo_rows
from meds3.learning.prm_rows import prm_rows
from meds3.learning.rows import write_rows
from meds3.learning.sft_rows import sft_rows
from tests.learning.trees import PROBLEM, PROMPT, hand_tree

pytestmark = pytest.mark.model
FAST = {"lr": 0.02, "epochs": 12, "lora": LoraConfig(r=4, alpha=8)}


async def train(job, log: Path) -> list[dict]:
    seen: list[dict] = []
    await run_job(job, log, seen.append)
    return seen


async def test_sft_then_prm_learn_and_leave_one_folder(tiny_model, tmp_path):
    from meds3.rewards.torch_scorer import TorchStepScorer

    rows, _ = sft_rows([hand_tree()], [PROBLEM], SftConfig())
    write_rows(tmp_path / "sft.jsonl", rows)
    sft = SftJob(
        model=tiny_model,
        data=tmp_path / "sft.jsonl",
        output=tmp_path / "policy",
        config=SftConfig(**FAST, full=True),
    )
    seen = await train(sft, tmp_path / "log.txt")
    assert [m["step"] for m in seen] == list(range(1, 13))
    assert seen[-1]["loss"] < 0.8 * seen[0]["loss"]
    assert set(seen[0]) == {*StepMetrics.model_fields, "curve"}

    rows, _ = prm_rows([hand_tree()], [PROBLEM], PrmConfig(labels="soft"))
    write_rows(tmp_path / "prm.jsonl", rows)
    prm = PrmJob(
        model=tmp_path / "policy",
        data=tmp_path / "prm.jsonl",
        output=tmp_path / "prm",
        config=PrmConfig(
            **(FAST | {"epochs": 60, "lora": LoraConfig(r=4, top_layers=1)}), head_l2=10.0
        ),
    )
    seen = await train(prm, tmp_path / "log.txt")
    fitting = [m for m in seen if m["loss"] is None]  # shown too: it reads every chain once
    assert [m["step"] for m in fitting] == [*range(1, fitting[-1]["steps"] + 1)]
    losses = [m["loss"] for m in seen if m["loss"] is not None]
    assert losses[-1] < 0.8 * losses[0]
    assert not list(tmp_path.glob("*.ckpt"))
    assert not list(tmp_path.glob(".*"))

    scorer = TorchStepScorer(tmp_path / "prm")
    good, bad = await scorer.score(
        PROMPT,
        [
            chain_of("Good start.", "The answer is yes."),
            chain_of("Bad start.", "Unsimulated.", "The answer is no."),
        ],
    )
    assert [len(good), len(bad)] == [2, 3]
    assert good[-1] > bad[-1]
    assert good[0] > bad[0]
    await scorer.close()
    with pytest.raises(EngineError, match="closed"):
        await scorer.score(PROMPT, [])


def test_a_fitted_head_starts_where_logistic_regression_ends(tiny_model, tmp_path):
    import torch

    from meds3.engines.weights import load_causal_lm
    from meds3.learning.prm import prm_loss
    from meds3.learning.prm_items import prm_items
    from meds3.learning.probe import fit_head
    from meds3.rewards.prm_model import prm_from_policy, segment_logits

    rows, _ = prm_rows([hand_tree()], [PROBLEM], PrmConfig(labels="hard"))
    job = PrmJob(
        model=tiny_model, data=tmp_path / "prm.jsonl", output=tmp_path / "prm", config=PrmConfig()
    )
    causal, tokenizer = load_causal_lm(tiny_model)
    items = prm_items(job, rows, tokenizer)
    model = prm_from_policy(causal)

    def loss() -> float:
        with torch.no_grad():
            return float(sum(prm_loss(model, item) for item in items))

    blank = loss()
    fit_head(model, items, l2=1e-3)
    assert loss() < 0.5 * blank
    # A strong pull to zero leaves only the bias: every step gets the share of good steps.
    fit_head(model, items, l2=1e6)
    labels = [label for item in items for label in item.labels]
    with torch.no_grad():
        scores = torch.sigmoid(segment_logits(model, items[0].pack, items[0].segments))
    assert scores.tolist() == pytest.approx([sum(labels) / len(labels)] * len(scores), abs=1e-3)


@pytest.mark.slow
async def test_dpo_trains(tiny_model, tmp_path):
    rows, _ = dpo_rows([hand_tree()], [PROBLEM], DpoConfig())
    write_rows(tmp_path / "dpo.jsonl", rows)
    job = DpoJob(
        model=tiny_model,
        data=tmp_path / "dpo.jsonl",
        output=tmp_path / "policy",
        config=DpoConfig(**FAST),
    )
    seen = await train(job, tmp_path / "log.txt")
    assert seen[0]["loss"] == pytest.approx(0.693, abs=0.01)  # ln 2 before anything is learnt
    assert seen[-1]["loss"] < seen[0]["loss"]
    assert (tmp_path / "policy" / "model.safetensors").is_file()


async def test_a_cancelled_training_leaves_no_child(tiny_model, tmp_path):
    rows, _ = sft_rows([hand_tree()], [PROBLEM], SftConfig())
    write_rows(tmp_path / "sft.jsonl", rows)
    job = SftJob(model=tiny_model, data=tmp_path / "sft.jsonl", output=tmp_path / "policy")
    task = asyncio.create_task(run_job(job, tmp_path / "log.txt", lambda _: None))
    await asyncio.sleep(1.0)
    assert _children()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert not _children()


async def test_a_row_that_is_wrong_is_an_input_error(tiny_model, tmp_path):
    (tmp_path / "sft.jsonl").write_text(json.dumps({"prompt": "x"}) + "\n")
    job = SftJob(model=tiny_model, data=tmp_path / "sft.jsonl", output=tmp_path / "policy")
    with pytest.raises(InputError, match="line 1"):
        await train(job, tmp_path / "log.txt")


def _children() -> list[int]:
    import psutil

    return [
        child.pid
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and "meds3.learning.train" in child.cmdline()
    ]
