"""Tiny random models of several families, each in a folder with a tokenizer of bytes."""

from pathlib import Path
from typing import Any

from tests.learning.tiny_tokenizer import byte_tokenizer

SMALL: dict[str, Any] = {
    "vocab_size": 256,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 512,
    "pad_token_id": 2,
    "eos_token_id": 2,
    "bos_token_id": None,
}
# Each has something of its own: tied or untied weights, biases, norms of queries and keys, two
# kinds of rotation, fused projections, logits that are capped, positions that are learnt.
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("Llama", {"tie_word_embeddings": False}),
    "qwen2": ("Qwen2", {"tie_word_embeddings": True}),
    "qwen3": ("Qwen3", {"tie_word_embeddings": True}),
    "gemma2": ("Gemma2", {"final_logit_softcapping": 5.0, "sliding_window": 256}),
    "gemma3": (
        "Gemma3Text",
        {"sliding_window": 256, "layer_types": ["sliding_attention", "full_attention"]},
    ),
    "phi3": ("Phi3", {"tie_word_embeddings": False, "sliding_window": None}),
    "granite": ("Granite", {"logits_scaling": 8.0}),
    "gpt2": (
        "GPT2",
        {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512}
        | dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0),
    ),
}
# Its attention is the plain one, for its scores are capped; it takes no tree mask.
UNPACKABLE = {"gemma2"}


def family_model(family: str, folder: Path, **more: Any) -> Path:
    """The folder of a random model of `family`."""
    import torch
    import transformers

    name, own = FAMILIES[family]
    torch.manual_seed(1)
    config = getattr(transformers, f"{name}Config")(**SMALL | own | more)
    model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():  # larger than at birth, so that a difference would show
        for weight in model.parameters():
            weight.mul_(3 if weight.dim() > 1 else 1)
    model.save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder
