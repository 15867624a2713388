"""Low-rank adapters: where they go, and back into the weights."""

from __future__ import annotations

from typing import Any

from meds3.learning.config import LoraConfig


def with_adapters(model: Any, lora: LoraConfig, train_too: list[str] | None = None) -> Any:
    """`model` with trainable LoRA adapters; `train_too` names modules trained in full."""
    from peft import LoraConfig as PeftLora
    from peft import get_peft_model

    return get_peft_model(model, PeftLora(**peft_settings(model, lora), modules_to_save=train_too))


def peft_settings(model: Any, lora: LoraConfig) -> dict[str, Any]:
    """The arguments of `peft.LoraConfig`."""
    layers = model.config.num_hidden_layers
    top = None if lora.top_layers is None else list(range(layers))[-lora.top_layers :]
    return {
        "r": lora.r,
        "lora_alpha": lora.alpha,
        "lora_dropout": lora.dropout,
        "target_modules": _targets(model, lora),
        "layers_to_transform": top,
    }


def _targets(model: Any, lora: LoraConfig) -> list[str]:
    """Names of the adapted modules. peft's own `all-linear` cannot be joined with a choice of
    layers, and takes the head too where there is no vocabulary head."""
    import torch
    from transformers.pytorch_utils import Conv1D  # the linear layer of GPT-2 and its kin

    if lora.targets != "all-linear":
        return [lora.targets] if isinstance(lora.targets, str) else lora.targets
    names = {
        name.rsplit(".", 1)[-1]
        for name, module in model.base_model.named_modules()
        if isinstance(module, (torch.nn.Linear, Conv1D))
    }
    return sorted(names)


def merged(model: Any) -> Any:
    """The plain model with its adapters added to the weights."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
