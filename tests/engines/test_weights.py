"""Torch weights of the embedded model, and `generate` over them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from meds3.engines.models import ensure_model
from meds3.engines.protocol import Sampling
from meds3.engines.weights import load_causal_lm
from meds3.errors import EngineError, InputError

PROMPT = "<|im_start|>user\nWhat is aspirin?<|im_end|>\n<|im_start|>assistant\nAspirin is"


def test_a_path_that_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"neither a \.gguf file nor a folder"):
        load_causal_lm(tmp_path)


@pytest.fixture(scope="module")
def loaded() -> tuple[Any, Any]:
    return load_causal_lm(ensure_model("embedded"))


@pytest.mark.model
def test_gguf_weights_train_and_the_tokenizer_keeps_its_marks(loaded: tuple[Any, Any]) -> None:
    import torch

    model, tokenizer = loaded
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert all(p.requires_grad for p in model.parameters())
    assert getattr(model.config, "quantization_config", None) is None
    assert tokenizer.eos_token == "<|im_end|>"
    assert tokenizer.chat_template
    ids = tokenizer(PROMPT).input_ids
    assert len(ids) == 17
    assert (ids[0], ids.count(1), ids.count(2)) == (1, 2, 1)
    assert tokenizer.decode(ids) == PROMPT


@pytest.mark.model
def test_saved_weights_load_again_the_same(loaded: tuple[Any, Any], tmp_path: Path) -> None:
    import torch

    model, tokenizer = loaded
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    again, tokens = load_causal_lm(tmp_path)
    inputs = tokens(PROMPT, return_tensors="pt")
    with torch.inference_mode():
        assert torch.equal(again(**inputs).logits, model(**inputs).logits)
    assert tokens.chat_template == tokenizer.chat_template


@pytest.mark.slow
@pytest.mark.model
async def test_transformers_engine_batches_and_cuts() -> None:
    from meds3.engines.transformers import TransformersEngine

    engine = TransformersEngine.load(ensure_model("embedded"), device="cpu", max_sequences=8)
    greedy = Sampling(temperature=0, max_tokens=10)
    (alone,) = await engine.generate(PROMPT, greedy)
    one, two, three, long = await asyncio.gather(
        engine.generate("Drugs: " + PROMPT, greedy),
        engine.generate(PROMPT, greedy),
        engine.generate(PROMPT, Sampling(n=3, max_tokens=6)),
        engine.generate("word " * 8200, greedy),
        return_exceptions=True,
    )
    assert not isinstance(one, BaseException)
    assert not isinstance(two, BaseException)
    assert not isinstance(three, BaseException)
    assert two[0].text == alone.text  # left padding changes nothing
    assert (two[0].tokens, two[0].finish, two[0].prompt_tokens) == (10, "length", 17)
    assert one[0].prompt_tokens > 17
    assert len({c.text for c in three}) > 1
    assert isinstance(long, InputError)
    stop = alone.text.split()[3]
    (cut,) = await engine.generate(PROMPT, Sampling(temperature=0, max_tokens=10, stop=(stop,)))
    assert cut.text == alone.text[: alone.text.index(stop)]
    choices = (" a drug", " zzz, and more of it")
    (likely,) = await engine.generate(PROMPT, Sampling(temperature=0, choices=choices))
    assert likely.text == " a drug"
    hot = Sampling(n=8, temperature=30.0, top_p=1.0, top_k=0, choices=choices, max_tokens=1)
    assert {c.text for c in await engine.generate(PROMPT, hot)} == set(choices)
    assert cut.finish == "stop"
    assert cut.tokens < 10
    await engine.close()
    with pytest.raises(EngineError, match="closed"):
        await engine.generate(PROMPT, greedy)
