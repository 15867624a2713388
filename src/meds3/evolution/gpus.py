"""How many GPUs a config puts to work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from meds3.evolution.config import RunConfig


@dataclass(frozen=True)
class Gpus:
    """Of the engine, over all its copies, and of the processes of a training; 0 for none."""

    asked: int
    trained: int


NO_GPUS = Gpus(0, 0)


def gpus_of(config: RunConfig) -> Gpus:
    """As the config says, whatever this machine has. Servers of somebody else are not counted."""
    engine, workers = config.engine, config.ray.workers if config.executor == "ray" else 1
    match engine.kind:
        case "vllm":
            asked = workers * engine.vllm.tensor_parallel * engine.vllm.data_parallel
        case "transformers":
            asked = workers * (engine.device or "cpu").startswith("cuda")
        case _:
            asked = 0
    processes = _processes(config.sft.accelerate)
    return Gpus(asked, processes if processes is not None else int(asked > 0))


def _processes(accelerate: Path | None) -> int | None:
    """Of an `accelerate` file: 0 where they are on CPUs, None without a file."""
    if accelerate is None or not accelerate.is_file():
        return None
    settings = yaml.safe_load(accelerate.read_text("utf-8"))
    return 0 if settings.get("use_cpu") else int(settings.get("num_processes", 1))
