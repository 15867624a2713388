"""Adapters and models of one small matrix."""

from __future__ import annotations

import json
from pathlib import Path


def tensors(path: Path, **shapes: tuple[int, int]) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ones(shape, np.float32) for name, shape in shapes.items()}, path)


def lora(folder: Path, rank: int) -> Path:
    name = "base_model.model.model.layers.0.self_attn.q_proj"
    tensors(
        folder / "adapter_model.safetensors",
        **{f"{name}.lora_A.weight": (rank, 8), f"{name}.lora_B.weight": (16, rank)},
    )
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": rank, "target_modules": ["q_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder
