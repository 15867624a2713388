"""Nothing half-written: temporary name, fsync, rename."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from meds3.errors import StorageError


def write_text(path: Path, text: str) -> None:
    """Replace `path` by a file holding `text`, or leave it as it was."""
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)


def write_json(path: Path, value: Any) -> None:
    """`write_text` of indented JSON, keys in the order given, text as it is read."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def replace_directory(temporary: Path, final: Path) -> None:
    """Put a finished directory in its place; an older one there is removed first.

    Every file is synced before the rename, so that after a power cut the directory is
    either whole or absent.
    """

    with storing(final):
        for file in temporary.rglob("*"):
            if file.is_file():
                with file.open("rb") as stream:
                    os.fsync(stream.fileno())
        if final.exists():
            shutil.rmtree(final)
        temporary.rename(final)
        sync_folder(final.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename inside `folder` outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """A disk that refuses becomes one clear error."""
    try:
        yield
    except OSError as error:
        raise storage_error(path, error) from error


def storage_error(path: Path, error: OSError) -> StorageError:
    """What to tell a user whose disk refused `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError(
            f"no space left while writing {path}",
            "free some space and run the same command again: it resumes",
        )
    return StorageError(
        f"cannot write {path}: {error.strerror or error}",
        "check the folder's permissions and run the same command again: it resumes",
    )
