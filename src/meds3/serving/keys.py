"""API keys: shown once, kept as hashes, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meds3.errors import InputError
from meds3.runs.atomic import write_text

PREFIX = "meds3-"
_RANDOM_BYTES = 32


class Key(BaseModel):
    """A hashed key. Plain sha256 does: 256 random bits cannot be guessed from it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    created: str


def read_keys(path: Path) -> list[Key]:
    """The keys of a file, a JSON object a line. Raises `InputError` naming file and line."""
    if not path.is_file():
        raise InputError(f"keys {path}: no such file", f"meds3 keys new NAME --file {path}")
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(Key.model_validate_json(line))
        except ValidationError as error:
            fault = error.errors()[0]
            raise InputError(
                f"keys {path} line {number}: {fault['msg']}", "make it anew: meds3 keys new"
            ) from error
    if not found:
        raise InputError(f"keys {path}: no key in it", f"meds3 keys new NAME --file {path}")
    return found


def new_key(path: Path, name: str) -> str:
    """A new key, appended to the file as its hash; the key itself is kept nowhere."""
    known = read_keys(path) if path.is_file() and path.read_text("utf-8").strip() else []
    if any(key.name == name for key in known):
        raise InputError(f"keys {path}: there is a key named {name!r}", "give another name")
    secret = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    known.append(Key(name=name, sha256=_hash(secret), created=now))
    write_text(path, "".join(f"{json.dumps(key.model_dump())}\n" for key in known))
    path.chmod(0o600)
    return secret


def owner_of(keys: list[Key], given: str) -> str | None:
    """The name of the key that was given, None for none; all are compared, in constant time."""
    digest, owner = _hash(given), None
    for key in keys:
        if hmac.compare_digest(key.sha256, digest):
            owner = key.name
    return owner


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
