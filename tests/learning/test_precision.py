"""In which arithmetic a training runs."""

from pathlib import Path

import pytest

from meds3.errors import InputError
from meds3.learning import precision
from meds3.learning.config import SftConfig
from meds3.learning.jobs import SftJob
from meds3.learning.metrics import read_metrics
from meds3.learning.train import train
from tests.learning.some_rows import job_of

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
@pytest.mark.parametrize("more", [{}, {"packing": "none"}], ids=["tree", "none"])
@pytest.mark.parametrize("stage", ["sft", "prm"])
def test_bfloat16_learns_what_float32_does(tiny_model, tmp_path, stage, more):
    if not precision.computes_bfloat16(cuda=False):
        pytest.skip("this CPU has no instructions for bfloat16")
    losses = {}
    for kind in ("float32", "bfloat16"):
        job = job_of(stage, tiny_model, tmp_path / kind, precision=kind, **more)
        train(job)
        losses[kind] = [line.loss for line in read_metrics(job.metrics)]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.02)
    assert losses["bfloat16"] != losses["float32"]


@pytest.mark.model
def test_dpo_takes_bfloat16(tiny_model, tmp_path):
    if not precision.computes_bfloat16(cuda=False):
        pytest.skip("this CPU has no instructions for bfloat16")
    job = job_of("dpo", tiny_model, tmp_path, precision="bfloat16")
    train(job)
    first, *_, last = [line.loss for line in read_metrics(job.metrics)]
    assert first == pytest.approx(0.693, abs=0.01)  # ln 2 before anything is learnt
    assert last < first
