"""A finished stage is known by digests, never by a file's mere existence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from meds3.evolution.gate import GateConfig, keeps_round, set_apart
from meds3.evolution.stages import Stages
from meds3.problems.gym.registry import TASKS, make
from meds3.runs.journal import Journal


class Quiet:
    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def stage(self, name: str, state: str) -> None:
        self.said.append((name, state))

    def progress(self, done: float, total: float, unit: str, note: str = "") -> None: ...


async def run(tmp_path: Path, inputs: Any, text: str = "result") -> list[str]:
    """Run the stage in a fresh process's view of the journal; what was said of it."""
    output = tmp_path / "out"

    async def work() -> dict[str, Any]:
        output.write_text(text)
        return {"made": text}

    quiet = Quiet()
    with Journal(tmp_path / "j.sqlite") as journal:
        detail = await Stages(journal, quiet).run("stage", inputs, [output], work)
    assert detail["made"] == text
    return [state for _, state in quiet.said]


async def test_done_once(tmp_path: Path) -> None:
    assert (await run(tmp_path, {"a": 1}))[0] == "started"
    assert await run(tmp_path, {"a": 1}) == ["already done"]


async def test_other_inputs_or_a_changed_or_lost_output_run_it_again(tmp_path: Path) -> None:
    await run(tmp_path, {"a": 1})
    assert (await run(tmp_path, {"a": 2}))[0] == "started"
    (tmp_path / "out").write_text("half-writ")
    assert (await run(tmp_path, {"a": 2}))[0] == "started"
    (tmp_path / "out").unlink()
    assert (await run(tmp_path, {"a": 2}))[0] == "started"


async def test_an_existing_file_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("result")
    assert (await run(tmp_path, {"a": 1}))[0] == "started"


async def test_a_failed_stage_is_not_finished(tmp_path: Path) -> None:
    async def work() -> dict[str, Any]:
        raise RuntimeError("died")

    with Journal(tmp_path / "j.sqlite") as journal:
        with pytest.raises(RuntimeError, match="died"):
            await Stages(journal, Quiet()).run("stage", {}, [], work)
        assert journal.stage("stage") is None


def test_only_shown_harm_rolls_back() -> None:
    gate = GateConfig(alpha=0.05)
    assert keeps_round(0.1, 0.001, gate)
    assert keeps_round(-0.1, 0.2, gate)
    assert not keeps_round(-0.1, 0.01, gate)


def test_seeds_set_apart_are_a_share_of_every_dataset() -> None:
    seeds = make(TASKS["dose"], 1, "train", 0, 20) + make(TASKS["note"], 1, "train", 0, 10)
    searched, gate = set_apart(seeds, 0.2)
    assert [p.dataset for p in gate].count(seeds[0].dataset) == len(gate) - 2 == 4
    assert sorted(p.id for p in (*searched, *gate)) == sorted(p.id for p in seeds)
    assert [p.id for p in searched] == [p.id for p in seeds if p not in gate]
    assert set_apart(list(reversed(seeds)), 0.2)[1] == list(reversed(gate))
    assert set_apart(seeds, 0.0) == (seeds, [])
