"""Every shipped config can be planned on any machine; what is missing is said."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from meds3.errors import InputError
from meds3.evolution.config import load_config
from meds3.evolution.gpus import Gpus, gpus_of
from meds3.evolution.plan import ASSUMED_PROMPT, LOAD_S, PlannedStage, plan, plan_table
from meds3.evolution.rates import TWO_CORES, Rates, rates_of
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal

CONFIGS = sorted(Path("configs").glob("*.yaml"))
GYM = "name: t\nproblems: {sources: [{kind: gym, seeds: 5, heldout: 5}]}\n"


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No model, no data, no hub."""
    monkeypatch.setenv("MEDS3_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(text: str, tmp_path: Path, *overrides: str) -> tuple[str, list[str]]:
    """The printed plan of a config, and what it says is missing."""
    path = tmp_path / "c.yaml"
    path.write_text(text)
    planned = plan(load_config(path, overrides))
    console = Console(width=160, file=io.StringIO(), record=True)
    console.print(plan_table(planned))
    return " ".join(console.export_text().split()), planned.missing


@pytest.mark.parametrize("path", [path.resolve() for path in CONFIGS], ids=lambda p: str(p.stem))
def test_a_shipped_config_is_planned_without_model_or_data(path: Path, bare_machine: Path) -> None:
    config = load_config(path)
    planned = plan(config)
    assert any(one.startswith("model ") for one in planned.missing)
    assert len([s for s in planned.stages if s.name.endswith("/search")]) == config.rounds
    assert all(stage.tokens > 0 for stage in planned.stages)
    assert not list(bare_machine.iterdir())


@pytest.mark.parametrize("version", ["v2", "v4"])
def test_the_papers_recipes_hold_the_papers_values(version: str) -> None:
    config = load_config(Path(f"configs/paper-{version}-8b.yaml"))
    sources = config.problems.sources
    assert sum(source.seeds for source in sources) == 8000
    assert len({source.where for source in sources}) == 16
    assert config.beyond_paper() == []
    search = config.search
    assert (search.c, search.max_nodes, search.max_children) == (2.0, 60, 3)
    assert [search.rollouts_at(depth) for depth in (0, 1, 2, 3, 9)] == [20, 10, 6, 5, 5]
    assert search.correct_finishes == {"v2": 3, "v4": 4}[version]
    assert (config.sft.full, config.sft.lr, config.sft.epochs) == (True, 1e-6, 1)
    assert (config.prm.lora.r, config.prm.lora.alpha) == (32, 64)
    assert (config.prm.full, config.prm.lr, config.prm.epochs) == (False, 5e-5, 2)
    assert config.answering.n == 16
    if version == "v2":
        assert (config.dpo, config.prm.labels) == (None, "hard")
    else:
        assert config.dpo is not None
        assert (config.dpo.full, config.dpo.lr, config.dpo.gap) == (True, 5e-7, 0.8)
        assert config.prm.labels == "dual-soft"


def test_missing_things_are_named_once_and_lengths_are_marked_as_assumed(
    bare_machine: Path,
) -> None:
    text = (
        "name: t\nmodel: org/some-model\nproblems: {sources: [\n"
        "{kind: jsonl, path: here.jsonl, heldout_path: gone.jsonl, seeds: 3, heldout: 2},\n"
        "{kind: dataset, name: medqa, seeds: 4, heldout_split: dev, heldout: 1},\n"
        "{kind: gym, seeds: 5}]}\n"
    )
    (bare_machine / "here.jsonl").touch()
    printed, missing = shown(text, bare_machine)
    assert missing == ["model org/some-model", "gone.jsonl", "dataset medqa"]
    assert f"prompts of {ASSUMED_PROMPT} tokens are assumed" in printed
    assert "minutes ┃" not in printed  # no rate is known for that model


def test_counts_of_an_assumed_plan_are_those_of_the_config(bare_machine: Path) -> None:
    text = "name: t\nproblems: {sources: [{kind: jsonl, path: gone.jsonl, seeds: 7, heldout: 4}]}\n"
    path = bare_machine / "c.yaml"
    path.write_text(text)
    stages = {stage.name: stage for stage in plan(load_config(path)).stages}
    assert stages["eval/base"].calls == 8  # greedy and sampled, 4 problems
    twice = plan(load_config(path, ["problems.sources=[{kind: jsonl, path: x, seeds: 14}]"]))
    search = {stage.name: stage for stage in twice.stages}["round-1/search"]
    assert search.calls == 2 * stages["round-1/search"].calls


def test_files_that_are_here_are_read_and_faults_in_them_are_told(bare_machine: Path) -> None:
    printed, missing = shown(GYM, bare_machine)
    assert missing == ["model embedded"]
    assert "assumed" not in printed
    assert "minutes ┃" in printed
    (bare_machine / "bad.jsonl").write_text("{oops\n")
    text = "name: t\nproblems: {sources: [{kind: jsonl, path: bad.jsonl, seeds: 1}]}\n"
    with pytest.raises(InputError, match=r"bad\.jsonl"):
        shown(text, bare_machine)


def test_dpo_is_planned_before_the_prm_that_starts_from_its_policy(bare_machine: Path) -> None:
    path = bare_machine / "c.yaml"
    path.write_text(GYM)
    names = [stage.name for stage in plan(load_config(path, ["preset=v4"])).stages]
    assert names.index("round-1/sft") < names.index("round-1/dpo") < names.index("round-1/prm")


def test_what_a_recipe_asks_and_learns_is_in_the_plan(bare_machine: Path) -> None:
    path = bare_machine / "c.yaml"
    path.write_text(GYM)

    def planned(*changes: str) -> dict[str, PlannedStage]:
        return {stage.name: stage for stage in plan(load_config(path, changes)).stages}

    usual, shown_too = planned("search.rationalize=0"), planned("search.rationalize=4")
    before, after = usual["round-1/search"], shown_too["round-1/search"]
    assert (after.calls > before.calls, after.tokens > before.tokens) == (True, True)
    # Answers alone are the same for all chains of a seed: one row, however many are verified.
    alone = planned("search.rationalize=0", "sft.reasons=option")["round-1/sft"]
    one = planned("search.rationalize=0", "sft.per_problem=1")["round-1/sft"]
    assert alone.tokens < one.tokens < usual["round-1/sft"].tokens
    # Nor does it cost much to ask who says no more.
    short = planned("sft.reasons=option", "evaluation.baselines=[direct, worked-example]")
    asked = {name: short[f"eval/{name}"].tokens for name in ("base", "base-direct", "round-1")}
    assert asked["round-1"] == asked["base-direct"] < asked["base"] == usual["eval/round-1"].tokens
    assert short["eval/base-example"].tokens == asked["base"]


def test_minutes_follow_from_the_rates_that_are_given(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(GYM)
    config = load_config(path)
    slow = Rates(10.0, 5.0, 20.0, "embedded", "a slow machine")
    plans = (plan(config), plan(config, slow))
    search = {p.rates.measured: p.stages[0].seconds - LOAD_S for p in plans}
    assert search["a slow machine"] == pytest.approx(
        search[TWO_CORES.measured] * TWO_CORES.generated_per_s / 10.0
    )
    other = Rates(10.0, 5.0, 20.0, "some/other", "another machine")
    assert not plan(config, other).rated


def test_gpus_and_a_missing_vllm_are_planned(bare_machine: Path) -> None:
    told, missing = shown(
        GYM, bare_machine, "engine.kind=vllm", "engine.vllm.tensor_parallel=2",
        "engine.vllm.data_parallel=4",
    )  # fmt: skip
    assert "GPU hours" not in told  # CPUs say nothing about GPUs
    assert f"no minutes: {TWO_CORES.measured} is all" in told
    assert "vLLM (meds3 engine install vllm)" in missing


def test_gpu_hours_are_those_of_who_works(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(GYM)
    eight = [
        "engine.kind=vllm",
        "engine.vllm.data_parallel=8",
        "sft.accelerate=configs/accelerate/fsdp-8.yaml",
    ]
    one = Rates(1000.0, 500.0, 2000.0, "embedded", "a GPU", Gpus(1, 1))
    alone = plan(load_config(path, ["engine.kind=vllm"]), one)
    many = plan(load_config(path, eight), one)
    stages = {s.name: (s, o) for s, o in zip(alone.stages, many.stages, strict=True)}
    before, after = stages["round-1/search"]
    assert (before.gpus, after.gpus) == (1, 8)
    assert after.seconds == pytest.approx(before.seconds / 8)
    assert after.gpu_hours == pytest.approx(before.gpu_hours)
    assert stages["round-1/sft"][1].gpus == 8
    assert stages["eval/…@prm-1"][1].gpus == 1
    told = str(plan_table(many).caption)
    assert "8000 generated, 4000 trained" in told
    assert "on 8 GPUs, 8 for training: a GPU" in told
    ray = load_config(path, ["engine.kind=vllm", "executor=ray", "ray.workers=4"])
    assert gpus_of(ray) == Gpus(4, 1)


def test_rates_of_a_run_that_finished_nothing_are_told(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    run.root.mkdir()
    Journal(run.journal_path).close()
    with pytest.raises(InputError, match="has not finished a round"):
        rates_of(run)
