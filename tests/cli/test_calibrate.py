"""`meds3 calibrate` fits the votes that `meds3 ask` draws."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from meds3.answering.config import AnsweringConfig
from meds3.cli.app import app
from meds3.selection.confidence import Calibration
from tests.evaluation.made_up import evaluation


@pytest.mark.parametrize(
    ("given", "stopping"),
    [
        ((), "exact"),
        (("--strategy", "best-of-n/last"), "off"),  # does not add up: all chains are drawn
        (("--adaptive", "off"), "off"),
        (("--adaptive", "likely"), "likely"),
    ],
)
def test_the_curve_is_of_the_votes_that_will_be_drawn(
    tmp_path: Path, given: tuple[str, ...], stopping: str
) -> None:
    evaluation("round-1", 0.35).save(tmp_path / "round-1.jsonl")
    out = tmp_path / "calibration.json"
    asked = ["calibrate", str(tmp_path / "round-1.jsonl"), "--out", str(out), *given]
    shown = CliRunner().invoke(app, asked, catch_exceptions=False)
    assert shown.exit_code == 0, shown.output
    assert Calibration.model_validate_json(out.read_text()).stopping == stopping


@pytest.mark.parametrize(
    ("given", "served"),
    [
        ({}, "exact"),
        ({"adaptive": "likely"}, "likely"),
        ({"strategy": "best-of-n/last"}, "off"),
        ({"candidates": "tree"}, "off"),
    ],
)
def test_who_asks_for_nothing_else_draws_no_chain_in_vain(
    given: dict[str, str], served: str
) -> None:
    assert AnsweringConfig.model_validate(given).as_served().adaptive == served
