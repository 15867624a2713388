"""One process or many: who speaks, and how many share a step."""

from __future__ import annotations

import os


def rank() -> int:
    """This process's number among those of `accelerate launch`; 0 without it."""
    return int(os.environ.get("RANK", "0"))


def processes() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def say(line: str) -> None:
    """Print a line of the log, once."""
    if rank() == 0:
        print(line, flush=True)
