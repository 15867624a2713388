"""An export gives the same model again, whole or not at all, and overwrites nothing of yours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from meds3.errors import InputError
from meds3.evolution.export import package
from meds3.evolution.export.package import MARK, export
from meds3.evolution.export.writers import Request
from tests.evolution.export.runs import add_policies, add_prm, blank_policy, drop, made_run

IDS = [[5, 9, 40, 77, 130, 12, 3]]


def logits(model: Any) -> Any:
    import torch

    with torch.no_grad():
        return model.eval()(torch.tensor(IDS)).logits


def close(a: Any, b: Any, atol: float) -> None:
    import torch

    torch.testing.assert_close(a, b, atol=atol, rtol=0)


@pytest.fixture(scope="module")
def two_rounds(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A run of two kept rounds with tiny policies and a PRM; the policies as models."""
    root = tmp_path_factory.mktemp("runs") / "made-up"
    run = made_run(root, [True, True], model=str(tiny_model))
    models = add_policies(run, tiny_model, 2)
    add_prm(run, 2)
    return root, models


@pytest.mark.model
def test_the_hf_folder_is_the_last_kept_policy(two_rounds: Any, tmp_path: Path) -> None:
    from meds3.engines.weights import load_causal_lm

    root, models = two_rounds
    export(root, Request(tmp_path / "hf", format="hf"))
    model, tokenizer = load_causal_lm(tmp_path / "hf")
    close(logits(model), logits(models[1]), 0)
    assert tokenizer.chat_template
    assert model.generation_config.temperature == 0.8
    assert model.generation_config.eos_token_id == 2
    export(root, Request(tmp_path / "first", format="hf", round=1))
    close(logits(load_causal_lm(tmp_path / "first")[0]), logits(models[0]), 0)
    names = {p.name for p in (tmp_path / "hf").rglob("*")}
    assert {"README.md", MARK, "model.safetensors", "tokenizer.json"} <= names
    assert not {"adapter", "Modelfile"} & names


@pytest.mark.model
def test_the_adapter_of_round_two_is_for_the_base(
    two_rounds: Any, tiny_model: Path, tmp_path: Path
) -> None:
    from peft import PeftModel

    from meds3.engines.weights import load_causal_lm

    root, models = two_rounds
    export(root, Request(tmp_path / "adapter", format="adapter"))
    base, _ = load_causal_lm(tiny_model)
    close(logits(PeftModel.from_pretrained(base, tmp_path / "adapter")), logits(models[1]), 1e-4)
    readme = (tmp_path / "adapter" / "README.md").read_text()
    assert "relative to the run's base model" in readme
    assert "sum of the 2 adapters" in readme


@pytest.mark.model
async def test_the_prm_folder_scores_as_before(two_rounds: Any, tmp_path: Path) -> None:
    from meds3.chains.chain import chain_of
    from meds3.rewards.torch_scorer import TorchStepScorer

    root, _ = two_rounds
    export(root, Request(tmp_path / "prm", format="hf", what="prm"))
    chains = [chain_of("One.", "The answer is A."), chain_of("Other.", "More.", "The answer is B.")]
    found = []
    for folder in (root / "round-2" / "prm", tmp_path / "prm"):
        scorer = TorchStepScorer(folder)
        found.append(await scorer.score("Q", chains))
        await scorer.close()
    assert found[0] == found[1]
    assert [len(scores) for scores in found[0]] == [2, 3]


@pytest.mark.model
def test_a_lost_adapter_is_an_error_that_leaves_nothing(two_rounds: Any, tmp_path: Path) -> None:
    root, _ = two_rounds
    kept = root / "round-1" / "policy" / "adapter"
    kept.rename(tmp_path / "away")
    try:
        with pytest.raises(InputError, match="--format hf"):
            export(root, Request(tmp_path / "out" / "x", format="adapter"))
    finally:
        (tmp_path / "away").rename(kept)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.model
def test_gguf_needs_a_gguf_to_begin_with(two_rounds: Any, tmp_path: Path) -> None:
    root, _ = two_rounds
    with pytest.raises(InputError, match="--base-gguf"):
        export(root, Request(tmp_path / "x"))


def plain_run(tmp_path: Path, gates: list[bool]) -> Path:
    run = made_run(tmp_path / "made-up", gates, model="org/model")
    for number in range(1, len(gates) + 1):
        blank_policy(run, number)
    return run.root


def test_nothing_is_overwritten_unasked_and_only_exports_are_replaced(tmp_path: Path) -> None:
    root = plain_run(tmp_path, [True])
    out = tmp_path / "out"
    out.mkdir()
    export(root, Request(out, format="hf"))  # an empty folder is no loss
    with pytest.raises(InputError, match="--force"):
        export(root, Request(out, format="hf"))
    (out / "old").touch()
    export(root, Request(out, format="hf", force=True))
    assert not (out / "old").exists()

    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="earlier export only"):
        export(root, Request(mine, format="hf", force=True))
    assert (mine / "thesis.txt").read_text() == "years of work"
    policy = root / "round-1" / "policy"
    with pytest.raises(InputError, match="earlier export only"):
        export(root, Request(policy, format="hf", force=True))
    assert (policy / "model.safetensors").is_file()


def test_a_fault_half_way_keeps_the_old_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = plain_run(tmp_path, [True])
    out = tmp_path / "out"
    export(root, Request(out, format="hf"))
    before = (out / MARK).read_bytes()

    def fails(*_: Any) -> str:
        raise RuntimeError("the card cannot be written")

    monkeypatch.setattr(package, "card", fails)
    with pytest.raises(RuntimeError):
        export(root, Request(out, format="hf", force=True))
    assert (out / MARK).read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_a_round_that_was_rolled_back_is_exported_only_by_its_number(tmp_path: Path) -> None:
    root = plain_run(tmp_path, [True, False, True])
    assert export(root, Request(tmp_path / "last", format="hf")).rounds == (1, 3)
    source = export(root, Request(tmp_path / "second", format="hf", round=2))
    assert (source.rounds, source.kept) == ((1, 2), False)
    assert "rolled back" in (tmp_path / "second" / "README.md").read_text()
    assert "rolled back" not in (tmp_path / "last" / "README.md").read_text()
    mark = json.loads((tmp_path / "second" / MARK).read_text())
    assert (mark["rounds"], mark["kept"]) == ([1, 2], False)


@pytest.mark.parametrize(
    ("gates", "request_", "told"),
    [
        ([False], {}, "no round was kept, so its policy is the base model, org/model"),
        ([True], {"round": 2}, "round 2 is not finished"),
        ([True], {"what": "prm", "format": "gguf"}, "--format hf --what prm"),
        ([True], {"what": "prm", "format": "hf"}, "no config.json"),
    ],
)
def test_what_cannot_be_exported_is_told_with_its_fix(
    tmp_path: Path, gates: list[bool], request_: dict[str, Any], told: str
) -> None:
    root = plain_run(tmp_path, gates)
    with pytest.raises(InputError) as caught:
        export(root, Request(tmp_path / "out", **request_))
    assert told in str(caught.value)
    assert "fix:" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_policy_that_is_gone_or_a_run_of_another_version(tmp_path: Path) -> None:
    root = plain_run(tmp_path, [True])
    drop(root / "round-1" / "policy")
    with pytest.raises(InputError, match="is gone"):
        export(root, Request(tmp_path / "out", round=1))
    manifest = json.loads((root / "manifest.json").read_text())
    manifest["config"]["search"]["merge_siblings"] = False
    (root / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="written by meds3"):
        export(root, Request(tmp_path / "out", round=1))
