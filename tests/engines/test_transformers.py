"""The transformers engine over a tiny model: memory that does not do, and choices with a tokenizer
that does not give back what it was given (as Llama 2 and Mistral).
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from meds3.engines.protocol import Sampling
from meds3.errors import EngineError

pytestmark = pytest.mark.model  # needs the train extra


def _tiny_model(folder: Path) -> Path:
    """Random weights, and a tokenizer that drops a text's first blank when it decodes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    pieces = ["<unk>", "</s>", "▁another", "▁step", "▁the", "▁answer", "▁next", "▁is"]
    inner = Tokenizer(models.WordLevel({p: i for i, p in enumerate(pieces)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    inner.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="<unk>", eos_token="</s>", pad_token="</s>"
    )
    config = LlamaConfig(
        vocab_size=len(pieces), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=64,
        bos_token_id=1, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


async def test_the_choice_is_given_back_as_it_was_asked_for(tmp_path: Path) -> None:
    from meds3.engines.transformers import TransformersEngine

    engine = TransformersEngine.load(_tiny_model(tmp_path), device="cpu")
    choices = (" another step", " the answer")
    sampling = Sampling(n=32, temperature=1.0, choices=choices, max_tokens=1)
    done = await engine.generate("next is", sampling)
    assert {c.text for c in done} == set(choices)
    assert {c.finish for c in done} == {"stop"}
    (after,) = await engine.generate("next is", Sampling(max_tokens=3))  # it is still alive
    assert after.prompt_tokens == 2
    await engine.close()


async def test_a_batch_that_does_not_fit_the_memory_goes_by_halves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import torch

    from meds3.engines.transformers import TransformersEngine

    engine = TransformersEngine.load(_tiny_model(tmp_path), device="cpu", max_sequences=8)
    real, sizes = engine._model.generate, []

    def narrow(**given: Any) -> Any:
        rows = len(given["input_ids"])
        sizes.append(rows)
        if rows > 3:
            raise torch.OutOfMemoryError("no room")
        return real(**given)

    monkeypatch.setattr(engine._model, "generate", narrow)
    sampling = Sampling(n=2, max_tokens=3)
    done = await asyncio.gather(*(engine.generate(" the answer", sampling) for _ in range(4)))
    assert [len(completions) for completions in done] == [2] * 4
    assert sizes == [8, 4, 2, 2, 4, 2, 2]
    assert "a half at a time" in caplog.text
    with pytest.raises(EngineError, match=r"4 sequences of 2 tokens .* do not fit"):
        await engine.generate(" the answer", Sampling(n=4, max_tokens=3))
    await engine.close()
