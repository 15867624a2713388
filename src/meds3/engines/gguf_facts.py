"""What a GGUF file says of its model, read without loading the weights.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. The gguf package reads
it too, but takes five seconds for a vocabulary of 50,000 tokens; this takes a fraction of one.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meds3.errors import InputError

# GGUF value type -> struct format; 8 is a string and 9 an array.
_SCALARS = dict(enumerate("BbHhIif?")) | {10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9


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
        values = _key_values(path)
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


def _key_values(path: Path) -> dict[str, Any]:
    """The header's scalars and strings; arrays (the vocabulary) are skipped."""
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:4] != b"GGUF":
            raise ValueError("it does not begin with GGUF")
        _version, _tensors, count = struct.unpack_from("<IQQ", data, 4)
        at, values = 24, {}
        for _ in range(count):
            key, at = _value(data, at, _STRING)
            (kind,) = struct.unpack_from("<I", data, at)
            values[key], at = _value(data, at + 4, kind)
        return values


def _value(data: mmap.mmap, at: int, kind: int) -> tuple[Any, int]:
    """The value that begins at `at`, and where the next one begins."""
    if kind == _STRING:
        end = at + 8 + struct.unpack_from("<Q", data, at)[0]
        if end > len(data):
            raise ValueError("cut short")
        return data[at + 8 : end].decode(), end
    if kind == _ARRAY:
        item, count = struct.unpack_from("<IQ", data, at)
        return None, _skip(data, at + 12, item, count)
    layout = struct.Struct("<" + _SCALARS[kind])
    return layout.unpack_from(data, at)[0], at + layout.size


def _skip(data: mmap.mmap, at: int, item: int, count: int) -> int:
    if item in _SCALARS:
        return at + count * struct.calcsize("<" + _SCALARS[item])
    length = struct.Struct("<Q")
    for _ in range(count):
        if item == _STRING:
            at += 8 + length.unpack_from(data, at)[0]
        else:
            _, at = _value(data, at, item)
    return at
