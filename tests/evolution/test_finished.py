"""A run that has all that is asked says so; one that was never read with a rule goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from meds3.errors import InputError
from meds3.evolution.evolve import finished
from meds3.runs.directory import RunDirectory
from meds3.runs.manifest import open_manifest
from tests.evaluation.made_up import report_data
from tests.evolution.small_run import config

RULES = ["greedy", "majority", "pvs"]
ASKED = {"baselines": [], "strategies": RULES}


def measured(tmp_path: Path) -> None:
    """A run of two rounds whose results have the rows of `RULES`."""
    settings = config(tmp_path, {"rounds": 2}, **ASKED)
    run = RunDirectory(settings.run_path)
    run.root.mkdir()
    open_manifest(run, settings.model_dump(mode="json"), settings.science(), "digest-0")
    results = report_data().results
    rows = [row for row in results.rows if row.strategy in RULES]
    run.results_path.write_text(results.model_copy(update={"rows": rows}).model_dump_json())


def test_what_is_measured_is_finished(tmp_path: Path) -> None:
    assert finished(config(tmp_path, {"rounds": 2}, **ASKED)) is None  # nothing there yet
    measured(tmp_path)
    assert finished(config(tmp_path, {"rounds": 2}, **ASKED)) is not None


@pytest.mark.parametrize(
    ("fields", "evaluation"),
    [
        ({"rounds": 3}, ASKED),
        ({"rounds": 2}, ASKED | {"strategies": [*RULES, "vote-sum^4/last"]}),
        ({"rounds": 2}, ASKED | {"baselines": ["direct"]}),
    ],
)
def test_what_is_asked_besides_is_not(
    tmp_path: Path, fields: dict[str, int], evaluation: dict[str, list[str]]
) -> None:
    measured(tmp_path)
    assert finished(config(tmp_path, fields, **evaluation)) is None


def test_another_question_is_refused(tmp_path: Path) -> None:
    measured(tmp_path)
    with pytest.raises(InputError, match="temperature"):
        finished(config(tmp_path, {"rounds": 2, "answering": {"temperature": 0.1}}, **ASKED))
