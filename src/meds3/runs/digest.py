"""Digests: how an artefact is recognised, whatever it is called."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

_CHUNK = 1 << 20


def digest_of(value: Any) -> str:
    """sha256 (hex) of a JSON-serialisable value with sorted keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def digest_path(path: Path, without: Collection[str] = ()) -> str:
    """sha256 (hex) of a file, or of a directory's relative names and contents but for the files
    named in `without`.
    """
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file() and p.name not in without)
        return digest_of([(p.relative_to(path).as_posix(), digest_path(p)) for p in files])
    sha = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            sha.update(chunk)
    return sha.hexdigest()


def derived_seed(*parts: object) -> int:
    """A stable 31-bit seed from names and numbers: the same on every machine and run."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
