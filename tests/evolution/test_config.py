"""A bad config gets one message that names the field, the value and the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from meds3.errors import InputError
from meds3.evolution.config import RunConfig, load_config
from meds3.evolution.presets import PRESETS

GOOD = "name: t\nproblems: {sources: [{kind: gym, seeds: 5, heldout: 5}]}\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    return path


def message(path: Path, *overrides: str) -> str:
    with pytest.raises(InputError) as caught:
        load_config(path, overrides)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_every_shipped_config_is_valid() -> None:
    found = sorted(Path("configs").glob("*.yaml"))
    assert found
    for path in found:
        config = load_config(path)
        assert config.name == path.stem
        assert path.read_text().startswith("# ")


def test_a_misspelt_field_suggests_the_nearest(tmp_path: Path) -> None:
    text = message(written(tmp_path, GOOD + "search: {max_node: 5}\n"))
    assert "search.max_node: unknown field; did you mean 'max_nodes'?" in text
    assert "did you mean 'seeds'" in message(
        written(tmp_path, "name: t\nproblems: {sources: [{kind: gym, seds: 5}]}\n")
    )


def test_a_bad_value_is_named_with_what_was_expected(tmp_path: Path) -> None:
    text = message(written(tmp_path, GOOD), "search.c=-1")
    assert "search.c" in text
    assert "-1" in text
    assert "greater than or equal to 0" in text
    assert "preset" in message(written(tmp_path, GOOD), "preset=v3")
    assert "key=value" in message(written(tmp_path, GOOD), "search.c")


def test_a_missing_or_broken_file(tmp_path: Path) -> None:
    assert "no such file" in message(tmp_path / "nothing.yaml")
    assert "not valid YAML" in message(written(tmp_path, "a: [1"))
    assert "expected fields" in message(written(tmp_path, "- 1\n"))


def test_the_file_wins_over_the_preset_and_set_over_both(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD + "preset: v4\nsearch: {correct_finishes: 2}\n")
    config = load_config(path)
    assert config.dpo is not None
    assert config.prm.labels == "dual-soft"
    assert config.search.correct_finishes == 2
    assert load_config(path, ["search.correct_finishes=7"]).search.correct_finishes == 7
    assert load_config(path, ["preset=v2"]).prm.labels == "hard"


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_are_valid_and_the_papers(name: str, tmp_path: Path) -> None:
    config = load_config(written(tmp_path, GOOD), [f"preset={name}"])
    assert config.search.c == 2.0
    assert config.search.rollouts_at(1) == 10
    assert config.search.rollouts_at(9) == 5
    assert not any("merge" in option for option in config.search.beyond_paper())


def test_workers_and_rounds_are_not_science(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)

    def science(*overrides: str) -> object:
        return load_config(path, overrides).science()

    assert science() == science("rounds=3", "engine.threads=1", "search.trees_in_flight=2")
    assert science() == science("evaluation.baselines=[direct]", "evaluation.strategies=[pvs]")
    assert science() != science("seed=1")
    # Stages of runs from before this field are known by inputs without it.
    assert "reasons" not in load_config(path, ()).science()["sft"]
    assert science() != science("sft.reasons=drop")
    assert all("top_layers" not in load_config(path, ()).science()[s] for s in ("sft", "prm"))
    later = ("sft.reasons=drop", "fresh={}")
    assert "both_sides" not in load_config(path, later).science()["fresh"]
    assert science(*later) != science(*later, "fresh.both_sides=true")
    assert science("sft.full=true") != science("sft.full=true", "sft.top_layers=2")
    assert science() != science("evaluation.seed=1")
    assert load_config(path, ()).science()["evaluation"] == {"seed": 0}
    assert science() != science("evaluation.base_temperature=0.5")


def test_a_config_survives_the_manifest(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, GOOD), ["preset=v4"])
    assert RunConfig.model_validate_json(config.model_dump_json()) == config


def test_a_round_without_seeds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    source = "{kind: gym, tasks: [dose], seeds: 2, heldout: 1, rounds: [1]}"
    path.write_text(f"name: c\nrounds: 2\nproblems: {{sources: [{source}]}}\n")
    with pytest.raises(InputError, match="\n  round 2 has no seeds") as told:
        load_config(path)
    assert "found" not in str(told.value)  # the whole config would bury what is wrong
    assert load_config(path, ["rounds=1"]).rounds == 1


def test_the_report_tells_of_layers_that_were_not_trained(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    top = load_config(path, ["sft.full=true", "sft.top_layers=2"]).beyond_paper()
    assert any(one.startswith("top_layers=2") for one in top)
    assert not any(
        "top_layers" in one for one in load_config(path, ["sft.full=true"]).beyond_paper()
    )
