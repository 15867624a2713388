"""LoRA adapters kept beside the merged policy or PRM, and several of them as one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meds3.errors import InputError
from meds3.runs.atomic import write_json

if TYPE_CHECKING:
    import torch

ADAPTER_NAME = "adapter"  # the folder within a policy's
_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_A, _B = ".lora_A.weight", ".lora_B.weight"

State = dict[str, "torch.Tensor"]


def adapter_writer(model: Any, task: str = "CAUSAL_LM") -> Callable[[Path], None]:
    """What writes the adapter of `model` into a folder, as peft saves it.

    To be asked for before the merge, which ends the adapter. A model without one writes nothing.
    """
    if not hasattr(model, "merge_and_unload"):
        return lambda _: None
    from peft import get_peft_model_state_dict

    config = model.peft_config["default"]
    state = {
        name: weight.detach().to("cpu", copy=True).contiguous()
        for name, weight in get_peft_model_state_dict(model).items()
    }

    def write(folder: Path) -> None:
        from safetensors.torch import save_file

        folder.mkdir(parents=True)
        config.save_pretrained(folder)
        body = json.loads((folder / _CONFIG).read_text("utf-8"))
        # The base is the policy the training began with; its path on this machine tells nothing.
        about = {"inference_mode": True, "task_type": task, "base_model_name_or_path": None}
        write_json(folder / _CONFIG, body | about)
        save_file(state, folder / _WEIGHTS, metadata={"format": "pt"})

    return write


def has_adapter(folder: Path) -> bool:
    """Whether `folder` holds an adapter that was kept."""
    return (folder / _CONFIG).is_file() and (folder / _WEIGHTS).is_file()


def write_sum(folders: Sequence[Path], output: Path, base: str | None) -> None:
    """Write adapters that were trained and merged one after another as one adapter of the first's
    base: W + s₁B₁A₁ + s₂B₂A₂ = W + [s₁B₁ s₂B₂]·[A₁; A₂], where s is alpha / r.

    Ranks add up. `base` is the name it carries (`base_model_name_or_path`). Raises `InputError`
    when a folder is no adapter, or not plain LoRA.
    """
    from safetensors.torch import save_file

    parts = [_read(folder) for folder in folders]
    config, state = parts[0]
    if len(parts) > 1:
        state = _stacked([(s, int(c["r"]), c["lora_alpha"] / c["r"]) for c, s in parts])
        rank = sum(int(c["r"]) for c, _ in parts)
        layers: list[list[int] | None] = [c.get("layers_to_transform") for c, _ in parts]
        some = [chosen for chosen in layers if chosen is not None]
        config = config | {
            "r": rank,
            "lora_alpha": rank,
            "target_modules": sorted({name for c, _ in parts for name in c["target_modules"]}),
            "layers_to_transform": sorted(set().union(*some)) if len(some) == len(parts) else None,
        }
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / _CONFIG, config | {"base_model_name_or_path": base})
    save_file(state, output / _WEIGHTS, metadata={"format": "pt"})


def _read(folder: Path) -> tuple[dict[str, Any], State]:
    from safetensors.torch import load_file

    if not has_adapter(folder):
        raise InputError(f"{folder}: no LoRA adapter in it", "export the whole model: --format hf")
    config: dict[str, Any] = json.loads((folder / _CONFIG).read_text("utf-8"))
    variants = ("use_dora", "use_rslora", "rank_pattern", "alpha_pattern")
    if config.get("peft_type") != "LORA" or any(config.get(key) for key in variants):
        raise InputError(f"{folder}: not plain LoRA", "export the whole model: --format hf")
    return config, load_file(folder / _WEIGHTS)


def _stacked(parts: Sequence[tuple[State, int, float]]) -> State:
    """`parts` are weights, rank and scale of each; a module that one lacks gets zeros for it."""
    import torch

    sizes: dict[str, tuple[int, int]] = {}  # module: columns of A, rows of B
    for state, _, _ in parts:
        for name in state:
            if name.endswith(_A):
                module = name.removesuffix(_A)
                sizes[module] = (state[name].shape[1], state[module + _B].shape[0])
    stacked: State = {}
    for module, (columns, rows) in sizes.items():
        downs = [s.get(module + _A, torch.zeros(r, columns)) for s, r, _ in parts]
        ups = [s.get(module + _B, torch.zeros(rows, r)) * scale for s, r, scale in parts]
        stacked[module + _A] = torch.cat(downs, dim=0).contiguous()
        stacked[module + _B] = torch.cat(ups, dim=1).contiguous()
    return stacked
