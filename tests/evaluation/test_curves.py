"""Loss curves: read as they lie, drawn when there are any."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meds3.evaluation.report.curves import LossCurve, read_curves
from meds3.evaluation.report.quality_plots import loss_plot


def lines(*losses: tuple[int, float, float | None]) -> str:
    return "".join(
        json.dumps({"step": s, "steps": 9, "loss": loss, "eval_loss": held, "lr": 1e-3}) + "\n"
        for s, loss, held in losses
    )


def test_each_stage_of_each_round_in_order(tmp_path: Path) -> None:
    for number in (1, 2):
        folder = tmp_path / f"round-{number}"
        folder.mkdir()
        (folder / "prm.metrics.jsonl").write_text(lines((1, 0.7, None), (2, 0.5, 0.6)))
        (folder / "policy.metrics.jsonl").write_text(lines((1, 2.0, None)))
    (tmp_path / "round-2" / "sft.metrics.jsonl").write_text(lines((1, 1.5, None)))
    found = read_curves({n: tmp_path / f"round-{n}" for n in (2, 1)})
    assert [(c.round, c.stage, c.loss[0][1]) for c in found] == [
        (1, "sft", 2.0),  # without DPO the policy is what SFT left
        (1, "prm", 0.7),
        (2, "sft", 1.5),
        (2, "dpo", 2.0),
        (2, "prm", 0.7),
    ]
    assert found[1].heldout == [(2, 0.6)]


def test_what_is_not_there_or_broken_draws_nothing(tmp_path: Path) -> None:
    assert read_curves({1: tmp_path / "nothing"}) == []
    (tmp_path / "sft.metrics.jsonl").write_text("")
    (tmp_path / "prm.metrics.jsonl").write_text(
        'not json\n[1]\n{"step": 1}\n{"step": 2, "loss": NaN}\n{"step": 3, "loss": 0.4}\n'
        '{"step": 4, "lo'
    )
    (tmp_path / "dpo.metrics.jsonl").write_bytes(b"\xff\xfe\n")
    (curve,) = read_curves({1: tmp_path})
    assert (curve.stage, curve.loss, curve.heldout) == ("prm", [(3, 0.4)], [])
    assert loss_plot([]) == ""


def test_the_running_mean_begins_at_the_first_loss_and_stays_within() -> None:
    curve = LossCurve(round=1, stage="sft", loss=[(i, 2.0 - 0.1 * (i % 3)) for i in range(40)])
    smooth = curve.smoothed()
    assert smooth[0] == (0, 2.0)
    assert [step for step, _ in smooth] == list(range(40))
    assert all(1.8 <= loss <= 2.0 for _, loss in smooth)
    assert smooth[-1][1] == pytest.approx(1.9, abs=0.05)
    short = LossCurve(round=1, stage="sft", loss=[(1, 3.0), (2, 1.0)])
    assert short.smoothed() == [(1, 3.0), (2, 1.0)]


def test_a_figure_tells_its_stages(tmp_path: Path) -> None:
    curves = [
        LossCurve(round=1, stage=stage, loss=[(1, 2.0), (2, 1.0)], heldout=[(2, 1.2)])
        for stage in ("sft", "dpo", "prm", "more")
    ]
    svg = loss_plot(curves)
    for text in ("round 1, sft", "round 1, dpo", "round 1, prm", "held out", "training"):
        assert text in svg
    assert "held out" not in loss_plot([curves[0].model_copy(update={"heldout": []})])
