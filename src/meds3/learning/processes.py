"""One process or many: who speaks, how many share a step, and who holds the weights."""

from __future__ import annotations

import os
from typing import Any


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


def is_sharded(trainer: Any) -> bool:
    """Whether the weights are spread over the processes (FSDP, DeepSpeed ZeRO)."""
    return trainer.accelerator.distributed_type.value in ("FSDP", "DEEPSPEED")
