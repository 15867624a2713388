"""What a GGUF file says of its model, read without loading the weights."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from meds3.chains.gguf_header import GgufHeader
from meds3.errors import InputError


@dataclass(frozen=True)
class GgufFacts:
    """`context` in tokens; `chat_template` is Jinja source, or None."""

    architecture: str
    context: int
    layers: int
    kv_heads: int
    head_size: int
    chat_template: str | None


def gguf_facts(path: Path) -> GgufFacts:
    """Read the header. Raises `InputError` when the file is missing, cut short or no GGUF."""
    if not path.is_file():
        raise InputError(f"model {path}: no such file", "meds3 model pull")
    try:
        values = GgufHeader(path).values
        architecture = values["general.architecture"]
        heads = values[f"{architecture}.attention.head_count"]
        width = values[f"{architecture}.embedding_length"]
        return GgufFacts(
            architecture=architecture,
            context=int(values[f"{architecture}.context_length"]),
            layers=int(values[f"{architecture}.block_count"]),
            kv_heads=int(values.get(f"{architecture}.attention.head_count_kv", heads)),
            head_size=int(values.get(f"{architecture}.attention.key_length", width // heads)),
            chat_template=values.get("tokenizer.chat_template"),
        )
    except (ValueError, KeyError, TypeError, struct.error) as error:
        raise InputError(
            f"model {path}: not a whole GGUF file of a language model ({error!r})",
            "fetch it again: meds3 model pull --force",
        ) from error
