"""A seed set from a config, and the refusal of seeds that give the held-out problems away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from meds3.answering.probe import Difficulty
from meds3.answers.verdict import Verdict
from meds3.cli.seed_tables import difficulty
from meds3.errors import InputError
from meds3.evolution.config import RunConfig, load_config
from meds3.evolution.overlap import checked_problems
from meds3.evolution.seeding import BuiltSeeds, build_seeds
from meds3.problems.config import ProblemsConfig
from meds3.problems.curation.ledger import quiet
from meds3.problems.problem import Problem
from meds3.problems.sources.jsonl import read_jsonl

ROOT = Path(__file__).parents[2]
OPTIONS = {"A": "yes", "B": "no"}


def row(name: str, words: str | None = None, **fields: Any) -> dict[str, Any]:
    question = words or " ".join(f"{name}word{i}" for i in range(12))
    return {"id": name, "question": question, "options": OPTIONS, "answer": "A"} | fields


def write(path: Path, rows: Sequence[dict[str, Any]]) -> str:
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


def run_config(*sources: dict[str, Any], **curriculum: Any) -> RunConfig:
    return RunConfig.model_validate(
        {
            "name": "t",
            "problems": {"sources": sources},
            "seed_set": {"curriculum": curriculum},
        }
    )


async def built(config: RunConfig, out: Path, **more: Any) -> BuiltSeeds:
    return await build_seeds(config, out, on_progress=quiet, **more)


def test_a_run_on_leaked_seeds_is_refused_with_the_pairs(tmp_path: Path) -> None:
    held = write(tmp_path / "held.jsonl", [row("h0"), row("h1")])
    leak = row("s0", "Please say: " + row("h1")["question"])
    train = write(tmp_path / "train.jsonl", [leak, row("s1")])
    source = {"kind": "jsonl", "path": train, "heldout_path": held, "seeds": 2, "heldout": 2}
    config = ProblemsConfig.model_validate({"sources": [source]})
    with pytest.raises(InputError, match="1 of 2 seeds overlap") as caught:
        checked_problems(config)
    assert "s0 ~ h1" in caught.value.message
    assert "problems.allow_overlap=true" in str(caught.value.fix)
    accepted = config.model_copy(update={"allow_overlap": True})
    assert len(checked_problems(accepted).seeds) == 2


def test_the_refusal_comes_before_anything_is_written(tmp_path: Path) -> None:
    held = write(tmp_path / "held.jsonl", [row("h0")])
    leak = row("s0", "Please say: " + row("h0")["question"])
    train = write(tmp_path / "train.jsonl", [leak])
    source = {"kind": "jsonl", "path": train, "heldout_path": held, "seeds": 1, "heldout": 1}
    config = run_config(source).model_copy(update={"runs_dir": tmp_path / "runs"})

    from meds3.evolution.evolve import opened
    from meds3.evolution.plan import plan

    with pytest.raises(InputError, match="overlap"):
        plan(config)

    async def start() -> None:
        async with opened(config, None):  # type: ignore[arg-type]  # never reached
            raise AssertionError("started")

    import asyncio

    with pytest.raises(InputError, match="overlap"):
        asyncio.run(start())
    assert not (tmp_path / "runs").exists()


def test_the_halves_of_one_file_are_kept_apart_without_a_refusal(tmp_path: Path) -> None:
    """Twenty pairs of nearly equal questions: no pair is split, others take their place."""
    texts = {f"q{i}": row(f"q{i}")["question"] for i in range(20)}
    rows = [row(f"{q}-{n}", text + n * " so") for q, text in texts.items() for n in (0, 1)]
    source = {
        "kind": "jsonl",
        "path": write(tmp_path / "d.jsonl", rows),
        "seeds": 10,
        "heldout": 10,
    }
    split = checked_problems(ProblemsConfig.model_validate({"sources": [source]}))
    assert len(split.seeds) == 10
    stems = [{p.id.split("-")[0] for p in part} for part in (split.seeds, split.heldout)]
    assert not stems[0] & stems[1]
    with pytest.raises(InputError, match="only"):
        checked_problems(ProblemsConfig.model_validate({"sources": [{**source, "seeds": 25}]}))


def test_the_permission_is_not_science_until_it_is_given(tmp_path: Path) -> None:
    config = run_config({"kind": "gym", "seeds": 1})
    assert "allow_overlap" not in config.science()["problems"]
    assert "seed_set" not in config.science()
    allowed = config.problems.model_copy(update={"allow_overlap": True})
    assert config.model_copy(update={"problems": allowed}).science()["problems"]["allow_overlap"]


@pytest.mark.parametrize("name", ["cpu-demo", "cpu-real"])
def test_the_configs_that_are_shipped_start(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "cpu-real" and not (ROOT / "data").is_dir():
        pytest.skip("needs the real files under data/")
    monkeypatch.chdir(ROOT)
    assert checked_problems(load_config(Path(f"configs/{name}.yaml")).problems).seeds


async def test_seeds_are_all_of_the_sources_less_held_out_and_evaluation(tmp_path: Path) -> None:
    data = write(tmp_path / "d.jsonl", [row(f"q{i}") for i in range(30)])
    exam = Path(write(tmp_path / "exam.jsonl", [row("e0"), row("q3", id="e1")]))
    config = run_config({"kind": "jsonl", "path": data, "seeds": 1, "heldout": 5})
    held = {p.id for p in checked_problems(config.problems).heldout}
    found = await built(config, tmp_path / "s.jsonl", against=[exam])
    ids = {p.problem.id for p in found.placed}
    assert ids == {f"q{i}" for i in range(30)} - held - {"q3"}
    written = read_jsonl(tmp_path / "s.jsonl")
    assert [p.id for p in written] == [p.problem.id for p in found.placed]
    assert written[0].meta["curriculum"] == {"round": 1, "why": "not probed"}
    again = await built(config, tmp_path / "t.jsonl", against=[exam])
    assert again.ledger.output.sha256 == found.ledger.output.sha256


async def test_a_probe_decides_who_comes_and_when(tmp_path: Path) -> None:
    data = write(tmp_path / "d.jsonl", [row(f"q{i}") for i in range(80)])
    config = run_config(
        {"kind": "jsonl", "path": data, "seeds": 1}, per_dataset=20, rounds=2, never=0.1, always=0.1
    )
    asked: list[Problem] = []

    async def prober(problems: Sequence[Problem]) -> list[Difficulty]:
        asked.extend(problems)
        right = {p.id: int(p.id[1:]) % 5 for p in problems}  # of 4 samples
        return [
            Difficulty(p.id, {Verdict.CORRECT: right[p.id], Verdict.WRONG: 4 - right[p.id]}, 100)
            for p in problems
        ]

    found = await built(config, tmp_path / "s.jsonl", prober=prober)
    assert len(asked) == 40  # twice the rows wanted
    ends = [p.pass_rate for p in found.placed if p.pass_rate in (0, 1)]
    assert (ends.count(0), ends.count(1), len(found.placed)) == (2, 2, 20)
    rates = [[p.pass_rate for p in found.placed if p.round == r] for r in (1, 2)]
    assert min(filter(None, rates[0])) >= max(r for r in rates[1] if r is not None)
    mark = read_jsonl(tmp_path / "s.jsonl")[0].meta["curriculum"]
    assert mark["pass_rate"] == found.placed[0].pass_rate
    assert sum(mark["verdicts"].values()) == 4
    stage = found.ledger.stages[-1]
    assert (stage.settings["probed"], stage.settings["probe_tokens"]) == (40, 4000)
    assert sum(d.count for d in found.ledger.stages[-2].drops) == 40


@pytest.mark.parametrize(
    ("rate", "column"),
    [
        (None, "not probed"),
        (0.0, "never"),
        (0.2, "1–25%"),
        (0.25, "25–50%"),
        (0.75, "75–99%"),
        (0.99, "75–99%"),
        (1.0, "always"),
    ],
)
def test_the_histograms_columns(rate: float | None, column: str) -> None:
    assert difficulty(rate) == column


def test_seeds_that_overlap_another_file_are_replaced_when_asked(tmp_path: Path) -> None:
    held = write(tmp_path / "held.jsonl", [row("h0"), row("h1")])
    leak = row("s0", "Please say: " + row("h1")["question"])
    train = write(tmp_path / "train.jsonl", [leak, row("s1"), row("s2")])
    source = {"kind": "jsonl", "path": train, "heldout_path": held, "seeds": 2, "heldout": 2}
    config = ProblemsConfig.model_validate({"sources": [source], "replace_overlap": True})
    assert {p.id for p in checked_problems(config).seeds} == {"s1", "s2"}
    more = {"sources": [{**source, "seeds": 3}], "replace_overlap": True}
    with pytest.raises(InputError, match="only 2 are left"):
        checked_problems(ProblemsConfig.model_validate(more))
