"""A random llama of a few thousand weights, and a tokenizer of bytes."""

from typing import Any


class ByteTokenizer:
    """One token a byte: enough where only borders matter."""

    def __call__(self, text: str | list[str], add_special_tokens: bool = True) -> dict[str, Any]:
        assert not add_special_tokens
        if isinstance(text, str):
            return {"input_ids": list(text.encode())}
        return {"input_ids": [list(t.encode()) for t in text]}


def tiny_llama() -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=256,
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=6,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        attn_implementation="sdpa",
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config).eval()
