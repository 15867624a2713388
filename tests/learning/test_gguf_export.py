"""A policy written as GGUF answers as it does in transformers."""

import os
import shutil
from pathlib import Path

import pytest

from meds3.errors import InputError

pytestmark = [pytest.mark.model, pytest.mark.slow]


@pytest.fixture(scope="module")
def base() -> Path:
    """The embedded model, wherever this machine keeps it."""
    if named := os.environ.get("MEDS3_TEST_GGUF"):
        return Path(named)
    models = pytest.importorskip("meds3.engines.models")
    return Path(models.ensure_model("embedded"))


def greedy_openvino(path: Path, prompt: str, tokens: int) -> str:
    import openvino_genai as ov

    pipeline = ov.LLMPipeline(str(path), "CPU")
    config = ov.GenerationConfig(max_new_tokens=tokens, do_sample=False, apply_chat_template=False)
    return str(pipeline.generate(prompt, config))


def greedy_transformers(model, tokenizer, prompt: str, tokens: int) -> str:
    inputs = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)
    out = model.generate(**inputs, max_new_tokens=tokens, do_sample=False)
    return tokenizer.decode(out[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)


@pytest.mark.parametrize("adapted", [False, True])
def test_greedy_text_is_the_same_in_both_engines(base, tmp_path, adapted):
    import torch

    from meds3.engines.weights import load_causal_lm
    from meds3.learning.gguf_export import export_gguf

    model, tokenizer = load_causal_lm(base)
    if adapted:  # every matrix a little other: a wrong name or permutation would show
        torch.manual_seed(1)
        with torch.no_grad():
            for weight in model.parameters():
                if weight.ndim == 2:
                    weight.add_(torch.randn_like(weight) * weight.std() * 0.02)
    folder = tmp_path / "policy"
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    export_gguf(folder, base, folder / "policy.gguf")
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Name the capital of France and one river there."}],
        tokenize=False,
        add_generation_prompt=True,
    )
    ours = greedy_openvino(folder / "policy.gguf", prompt, 16)
    theirs = greedy_transformers(model, tokenizer, prompt, 16)
    assert ours.strip() == theirs.strip()


def test_a_model_of_other_shape_is_refused(base, tiny_model, tmp_path):
    from meds3.learning.gguf_export import export_gguf

    folder = tmp_path / "policy"
    shutil.copytree(tiny_model, folder)
    with pytest.raises(InputError, match="has shape"):
        export_gguf(folder, base, folder / "policy.gguf")
    assert not (folder / "policy.gguf").exists()
    assert not list(folder.glob(".*"))
