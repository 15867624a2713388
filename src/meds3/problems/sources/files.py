"""Reading a source's file: plain or gzipped text, errors that name the file and the line."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from meds3.errors import InputError


def read_text(path: Path) -> str:
    """The file's text. Raises `InputError` when it is missing, cut short or not UTF-8."""
    if not path.is_file():
        raise InputError(f"problems file {path}: no such file", "mend `path` in the config")
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: a broken gzip file ({error})", "fetch it again") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: not UTF-8 text ({error.reason} at byte {error.start})",
            "save it as UTF-8",
        ) from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number from 1 and object of each line that is not blank.

    Raises `InputError` naming file and line for broken JSON or another JSON type.
    """
    # Only newlines end a line: U+2028 and its like are legal inside a JSON string.
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError(
                f"{path}:{number}: not valid JSON: {error}",
                "one JSON object a line; mend that line",
            ) from error
        if not isinstance(row, dict):
            raise InputError(
                f"{path}:{number}: expected an object, found {type(row).__name__}",
                "one JSON object a line",
            )
        yield number, row
