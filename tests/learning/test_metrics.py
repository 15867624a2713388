"""The metrics file, and the small curve that a watcher shows."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds3.learning.launch import progress_note
from meds3.learning.metrics import read_metrics, sparkline
from meds3.learning.train import train
from tests.learning.some_rows import job_of


@pytest.mark.model
def test_a_training_leaves_a_line_a_step(tiny_model, tmp_path, capsys):
    job = job_of("sft", tiny_model, tmp_path, 8, holdout=0.3, eval_every=2, packs_per_step=2)
    train(job)
    assert job.metrics == tmp_path / "out.metrics.jsonl"
    raw = [json.loads(line) for line in job.metrics.read_text().splitlines()]
    lines = read_metrics(job.metrics)
    assert [m.model_dump() for m in lines] == raw
    assert [m.step for m in lines] == [*range(1, lines[-1].steps + 1)]
    assert [m.step for m in lines if m.eval_loss] == [*range(2, lines[-1].steps + 1, 2)]
    assert lines[-1].epoch == 2
    assert lines[0].tokens < lines[-1].tokens
    assert all(m.lr >= 0 and m.grad_norm > 0 and m.peak_memory_mb > 10 for m in lines)
    printed = [x for x in capsys.readouterr().out.splitlines() if x.startswith('{"step"')]
    assert [json.loads(x) for x in printed] == raw  # the watcher sees the same


def test_no_file_no_lines(tmp_path):
    assert read_metrics(tmp_path / "none") == []


def test_curve_by_hand():
    assert sparkline([]) == ""
    assert sparkline([3.0]) == "▁"
    assert sparkline([1, 1, 1]) == "▁▁▁"
    assert sparkline([8, 7, 6, 5, 4, 3, 2, 1]) == "█▇▆▅▄▃▂▁"
    assert sparkline([9, 7, 1, 1], bars=2) == "█▁"  # means 8 and 1
    assert sparkline([1.0, float("nan"), 0.0]) == "█ ▁"


@given(st.lists(st.floats(-1e6, 1e6), max_size=100), st.integers(1, 20))
def test_a_curve_is_never_longer_than_asked(values, bars):
    drawn = sparkline(values, bars)
    assert len(drawn) == min(bars, len(values))
    assert set(drawn) <= set("▁▂▃▄▅▆▇█")
    if len(values) > 1 and max(drawn) != min(drawn):
        assert {max(drawn), min(drawn)} == {"█", "▁"}


def test_the_note_beside_the_steps():
    metrics = {"loss": 0.5, "eval_loss": 0.75, "tokens": 12_000, "curve": "█▄▁"}
    assert progress_note(metrics) == "loss █▄▁ 0.500, held out 0.750, 12,000 tokens"
    assert progress_note({"loss": None, "tokens": 10}) == "fitting the head, 10 tokens"
