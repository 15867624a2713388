"""The chat template and one token of a GGUF file, read without decoding its vocabulary.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. The gguf package builds
an array per token (seconds); this walks the lengths (milliseconds).
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Any

_SCALARS = dict(enumerate("BbHhIif?")) | {10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_TOKENS = "tokenizer.ggml.tokens"


class GgufHeader:
    """Key-values of the header; `token(i)` decodes one entry of the vocabulary.

    Raises `ValueError` or `struct.error` when the file is no GGUF or is cut short.
    """

    def __init__(self, path: Path) -> None:
        self.values: dict[str, Any] = {}
        with (
            path.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            if data[:4] != b"GGUF":
                raise ValueError("it does not begin with GGUF")
            _version, _tensors, count = struct.unpack_from("<IQQ", data, 4)
            at = 24
            for _ in range(count):
                key, at = _string(data, at)
                (kind,) = struct.unpack_from("<I", data, at)
                self.values[key.decode()], at = self._value(
                    data, at + 4, kind, key.decode() == _TOKENS
                )

    def token(self, index: int) -> str | None:
        """The text of one token, None when the file holds no such token."""
        tokens: list[bytes] = self.values.get(_TOKENS) or []
        return tokens[index].decode() if 0 <= index < len(tokens) else None

    def _value(self, data: mmap.mmap, at: int, kind: int, keep: bool) -> tuple[Any, int]:
        if kind == _STRING:
            text, at = _string(data, at)
            return text.decode(), at
        if kind == _ARRAY:
            item, count = struct.unpack_from("<IQ", data, at)
            return self._array(data, at + 12, item, count, keep)
        layout = struct.Struct("<" + _scalar(kind))
        return layout.unpack_from(data, at)[0], at + layout.size

    def _array(
        self, data: mmap.mmap, at: int, item: int, count: int, keep: bool
    ) -> tuple[list[bytes] | None, int]:
        """String arrays are kept as bytes when `keep`; every other array is skipped."""
        if item not in (_STRING, _ARRAY):
            return None, at + count * struct.calcsize("<" + _scalar(item))
        kept: list[bytes] = []
        for _ in range(count):
            if item == _STRING:
                text, at = _string(data, at)
                if keep:
                    kept.append(text)
            else:
                _, at = self._value(data, at, item, keep=False)
        return (kept if keep else None), at


def _scalar(kind: int) -> str:
    if kind not in _SCALARS:
        raise ValueError(f"unknown value type {kind}")
    return _SCALARS[kind]


def _string(data: mmap.mmap, at: int) -> tuple[bytes, int]:
    end = at + 8 + struct.unpack_from("<Q", data, at)[0]
    if end > len(data):
        raise ValueError("cut short")
    return data[at + 8 : end], end
