"""Whether a LoRA adapter belongs to the model that is served, seen before the server sees it.

A server that is given another model's adapter may end, or answer nonsense.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from meds3.errors import InputError

_A, _B, _PREFIX = ".lora_A.weight", ".lora_B.weight", "base_model.model."


def check_adapter(model: Path, adapter: Path, most_rank: int) -> None:
    """Raises `InputError` when the adapter's rank is above `most_rank`, or a module of it is not
    one of `model`'s (a Hugging Face folder) or has another size there."""
    rank = json.loads((adapter / "adapter_config.json").read_text("utf-8")).get("r", 0)
    if rank > most_rank:
        raise InputError(
            f"the adapter {adapter} has rank {rank}, and engine.vllm.max_adapter_rank is "
            f"{most_rank}: the ranks of the rounds add up",
            f"--set engine.vllm.max_adapter_rank={_next_rank(rank)}, or engine.vllm.adapters=false",
        )
    parts, base = _shapes([adapter / "adapter_model.safetensors"]), _shapes(_weights(model))
    for name, (_, columns) in parts.items():
        if not name.endswith(_A):
            continue
        module = name.removesuffix(_A).removeprefix(_PREFIX)
        rows = parts.get(name.removesuffix(_A) + _B, (0, 0))[0]
        served = base.get(f"{module}.weight")
        if served != (rows, columns):
            said = f"is {served[0]} × {served[1]}" if served else "is not"
            raise InputError(
                f"the adapter {adapter} changes {module} ({rows} × {columns}), which {said} in the "
                f"model that is served, {model}: it was trained on another model",
                "serve the model that it was trained on (`model` in the config of its run)",
            )


def _weights(model: Path) -> list[Path]:
    return sorted(model.glob("*.safetensors"))


def _shapes(files: Iterable[Path]) -> dict[str, tuple[int, int]]:
    """Rows and columns of every matrix; only the files' heads are read."""
    from safetensors import safe_open

    found: dict[str, tuple[int, int]] = {}
    for file in files:
        with safe_open(file, framework="np") as tensors:
            for name in tensors.keys():  # noqa: SIM118 (no mapping)
                shape = tensors.get_slice(name).get_shape()
                if len(shape) == 2:
                    found[name] = (shape[0], shape[1])
    return found


def _next_rank(rank: int) -> int:
    return next((r for r in (8, 16, 32, 64, 128, 256, 320) if r >= rank), 512)
