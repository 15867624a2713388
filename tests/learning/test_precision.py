"""In which arithmetic a training runs."""

from pathlib import Path

import pytest

from meds3.errors import InputError
from meds3.learning import precision
from meds3.learning.config import DpoConfig, LoraConfig, PrmConfig, SftConfig
from meds3.learning.jobs import DpoJob, PrmJob, SftJob
from meds3.learning.launch import run_job
from meds3.learning.pairs import dpo_rows
from meds3.learning.prm_rows import prm_rows
from meds3.learning.rows import write_rows
from meds3.learning.sft_rows import sft_rows
from tests.learning.trees import PROBLEM, hand_tree

HERE = {"model": Path(), "data": Path(), "output": Path("out")}


@pytest.mark.parametrize(
    ("asked", "there", "bfloat16"),
    [
        ("auto", True, True),
        ("auto", False, False),
        ("float32", True, False),
        ("float32", False, False),
        ("bfloat16", True, True),
    ],
)
def test_auto_is_what_the_machine_computes(monkeypatch, asked, there, bfloat16):
    monkeypatch.setattr(precision, "computes_bfloat16", lambda cuda: there)
    job = SftJob(**HERE, config=SftConfig(precision=asked))
    assert precision.in_bfloat16(job, cuda=False) is bfloat16


def test_bfloat16_is_refused_where_it_would_be_emulated(monkeypatch):
    monkeypatch.setattr(precision, "computes_bfloat16", lambda cuda: False)
    job = SftJob(**HERE, config=SftConfig(precision="bfloat16"))
    with pytest.raises(InputError, match=r"sft\.precision is bfloat16, which this CPU"):
        precision.in_bfloat16(job, cuda=False)


@pytest.mark.model
@pytest.mark.parametrize("stage", ["sft", "plain", "dpo", "prm"])
async def test_bfloat16_learns_what_float32_does(tiny_model, tmp_path, stage):
    if not precision.computes_bfloat16(cuda=False):
        pytest.skip("this CPU has no instructions for bfloat16")
    fast = {"lr": 0.02, "epochs": 4, "lora": LoraConfig(r=4, alpha=8)}
    losses = {}
    for kind in ("float32", "bfloat16"):
        folder = {"model": tiny_model, "data": tmp_path / "rows.jsonl", "output": tmp_path / kind}
        if stage == "prm":
            rows, _ = prm_rows([hand_tree()], [PROBLEM], PrmConfig(labels="soft"))
            job = PrmJob(**folder, config=PrmConfig(**fast, precision=kind))
        elif stage == "dpo":
            rows, _ = dpo_rows([hand_tree()], [PROBLEM], DpoConfig(gap=0.1))
            job = DpoJob(**folder, config=DpoConfig(**fast, precision=kind))
        else:
            rows, _ = sft_rows([hand_tree()], [PROBLEM], SftConfig())
            packing = "none" if stage == "plain" else "tree"
            job = SftJob(**folder, config=SftConfig(**fast, precision=kind, packing=packing))
        write_rows(folder["data"], rows)
        seen: list[dict] = []
        await run_job(job, tmp_path / "log.txt", seen.append)
        losses[kind] = [m["loss"] for m in seen if m["loss"] is not None]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.05)
    assert losses["bfloat16"] != losses["float32"]
