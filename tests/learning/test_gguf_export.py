"""A policy written as GGUF answers as it does in transformers."""

import os
import shutil
from pathlib import Path

import pytest

from meds3.errors import InputError
from tests.learning.greedy import worst_choice

pytestmark = [pytest.mark.model, pytest.mark.slow]


@pytest.fixture(scope="module")
def base() -> Path:
    """The embedded model, wherever this machine keeps it."""
    if named := os.environ.get("MEDS3_TEST_GGUF"):
        return Path(named)
    models = pytest.importorskip("meds3.engines.models")
    return Path(models.ensure_model("embedded"))


# Nats by which the engine's token may be less likely than the best one where the texts part: Q8_0
# rounds the weights, and near ties may fall otherwise. A wrong name or permutation costs many.
MARGIN = 0.3


def greedy_openvino(path: Path, prompt: str, tokens: int) -> str:
    import openvino_genai as ov

    exact = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}
    pipeline = ov.LLMPipeline(str(path), "CPU", **exact)
    config = ov.GenerationConfig(max_new_tokens=tokens, do_sample=False, apply_chat_template=False)
    return str(pipeline.generate(prompt, config))


@pytest.mark.parametrize("adapted", [False, True])
def test_the_greedy_text_is_what_transformers_would_say(base, tmp_path, adapted):
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
    asked, said = (tokenizer(t, add_special_tokens=False)["input_ids"] for t in (prompt, ours))
    same, gap = worst_choice(model, asked, said)
    assert same >= 4
    assert gap < MARGIN


def test_a_model_of_other_shape_is_refused(base, tiny_model, tmp_path):
    from meds3.learning.gguf_export import export_gguf

    folder = tmp_path / "policy"
    shutil.copytree(tiny_model, folder)
    with pytest.raises(InputError, match="has shape"):
        export_gguf(folder, base, folder / "policy.gguf")
    assert not (folder / "policy.gguf").exists()
    assert not list(folder.glob(".*"))
