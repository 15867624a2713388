"""The adapter kept beside the merged policy gives that policy again, also over several rounds."""

import json
from pathlib import Path

import pytest

from meds3.errors import InputError
from meds3.learning.config import LoraConfig, SftConfig
from meds3.learning.jobs import SftJob
from meds3.learning.kept_adapter import adapter_writer, has_adapter, write_sum
from meds3.learning.launch import run_job
from meds3.learning.rows import SftRow, write_rows
from meds3.problems.problem import Domain
from tests.learning.trees import PROMPT

pytestmark = pytest.mark.model
IDS = [[5, 9, 40, 77, 130, 12, 3]]


def logits(model):
    import torch

    with torch.no_grad():
        return model.eval()(torch.tensor(IDS)).logits


def trained(model, lora: LoraConfig, folder: Path, seed: int):
    """`model` with an adapter that changes it much, the adapter kept at `folder`, then merged."""
    import torch

    from meds3.learning.adapters import merged, with_adapters

    torch.manual_seed(seed)
    adapted = with_adapters(model, lora)
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.3)
    write = adapter_writer(adapted)
    model = merged(adapted)
    write(folder)
    return model


def loaded(base: Path, adapter: Path):
    from peft import PeftModel

    from meds3.engines.weights import load_causal_lm

    return PeftModel.from_pretrained(load_causal_lm(base)[0], adapter)


def test_adapters_of_two_rounds_sum_to_the_last_policy(tiny_model, tmp_path):
    import torch

    from meds3.engines.weights import load_causal_lm

    model, _ = load_causal_lm(tiny_model)
    before = logits(model)
    first = LoraConfig(r=4, alpha=8, targets=["q_proj", "down_proj"])
    second = LoraConfig(r=2, alpha=6, top_layers=1)  # other modules, other layers, other scale
    model = trained(model, first, tmp_path / "one", 1)
    middle = logits(model)
    model = trained(model, second, tmp_path / "two", 2)
    after = logits(model)
    assert (after - middle).abs().max() > 0.01 < (middle - before).abs().max()

    write_sum([tmp_path / "one"], tmp_path / "just-one", "org/base")
    write_sum([tmp_path / "one", tmp_path / "two"], tmp_path / "both", "org/base")
    torch.testing.assert_close(
        logits(loaded(tiny_model, tmp_path / "just-one")), middle, atol=1e-4, rtol=0
    )
    torch.testing.assert_close(
        logits(loaded(tiny_model, tmp_path / "both")), after, atol=1e-4, rtol=0
    )
    config = json.loads((tmp_path / "both" / "adapter_config.json").read_text())
    assert config["r"] == config["lora_alpha"] == 6
    assert config["base_model_name_or_path"] == "org/base"
    assert config["task_type"] == "CAUSAL_LM"


async def test_a_training_keeps_its_adapter(tiny_model, tmp_path):
    import torch

    from meds3.engines.weights import load_causal_lm

    row = SftRow(
        problem_id="p1",
        domain=Domain.MEDICAL_NLI,
        dataset="made-up",
        prompt=PROMPT,
        completion="Step 0: Begin.\n\nStep 1: The answer is yes.",
    )
    write_rows(tmp_path / "sft.jsonl", [row])
    policy = tmp_path / "policy"
    job = SftJob(
        model=tiny_model,
        data=tmp_path / "sft.jsonl",
        output=policy,
        config=SftConfig(lr=0.05, epochs=4, lora=LoraConfig(r=4, alpha=8)),
    )
    await run_job(job, tmp_path / "log.txt", lambda _: None)
    assert has_adapter(policy / "adapter")
    assert str(tmp_path) not in (policy / "adapter" / "adapter_config.json").read_text()
    # The merged policy is kept in 16 bits, the adapter is not.
    whole = logits(load_causal_lm(policy)[0])
    torch.testing.assert_close(
        logits(loaded(tiny_model, policy / "adapter")), whole, atol=5e-3, rtol=0
    )
    assert (whole - logits(load_causal_lm(tiny_model)[0])).abs().max() > 0.05


def test_a_full_training_has_no_adapter(tiny_model, tmp_path):
    from meds3.engines.weights import load_causal_lm

    adapter_writer(load_causal_lm(tiny_model)[0])(tmp_path / "adapter")
    assert not (tmp_path / "adapter").exists()
    with pytest.raises(InputError, match="--format hf"):
        write_sum([tmp_path / "adapter"], tmp_path / "sum", None)
