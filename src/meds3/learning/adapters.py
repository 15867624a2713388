"""Which weights a training changes: all, those of the top layers, or low-rank adapters."""

from __future__ import annotations

from typing import Any

from meds3.errors import InputError
from meds3.learning.config import LoraConfig, TrainingConfig


def trainable(model: Any, config: TrainingConfig, train_too: list[str] | None = None) -> Any:
    """`model` as it is trained: with adapters, or itself, its lower layers frozen if so asked."""
    if not config.full:
        return with_adapters(model, config.lora, train_too)
    if config.top_layers is not None:
        freeze_below(model, config.top_layers)
    return model


def freeze_below(model: Any, top_layers: int) -> None:
    """Freeze the embeddings and every layer below the top ones; autograd then ends there.

    A vocabulary head that is tied to the embeddings is frozen with them. Raises `InputError` for
    a model whose layers are no list.
    """
    import torch

    body, layers = model.base_model, model.config.num_hidden_layers
    lists = (m for m in body.modules() if isinstance(m, torch.nn.ModuleList))
    stack = next((m for m in lists if len(m) == layers), None)
    if stack is None:
        raise InputError(
            f"top_layers {top_layers}: {type(body).__name__} has no list of its {layers} layers",
            "set top_layers to null",
        )
    lowest = next(stack[max(0, layers - top_layers)].parameters())
    for parameter in body.parameters():  # in the order in which they were registered, lowest first
        if parameter is lowest:
            break
        parameter.requires_grad_(False)


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
