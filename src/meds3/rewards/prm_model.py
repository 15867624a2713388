"""The process reward model: a language model's body and one logit. The same code trains it
and scores with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from meds3.errors import InputError
from meds3.rewards.packing import Pack, model_inputs

if TYPE_CHECKING:
    import torch

PRM_MARK = "meds3_prm"  # in config.json: this folder was trained as a PRM
PACKING_MARK = "meds3_packing"  # in config.json: tree, or none when its chains go alone
_HEAD = "score"


def prm_from_policy(causal: Any, seed: int = 0) -> Any:
    """A token classifier with one logit that shares `causal`'s body; the head is new."""
    import torch

    config = causal.config
    config.num_labels = 1
    setattr(config, PRM_MARK, True)
    with torch.device("meta"):  # the body is replaced at once: do not draw 135M random numbers
        model = _classifier(config)._from_config(config, dtype=torch.float32)
    setattr(model, model.base_model_prefix, causal.base_model)
    head = torch.nn.Linear(config.hidden_size, 1)
    generator = torch.Generator().manual_seed(seed)
    torch.nn.init.normal_(head.weight, std=0.01, generator=generator)
    torch.nn.init.zeros_(head.bias)
    setattr(model, _HEAD, head)
    return model


def _classifier(config: Any) -> Any:
    """The token classifier class of a causal model's config.

    That of the library, which `AutoModelForTokenClassification` loads, where it has one with a
    plain head; else one made of the model's own base class.
    """
    from transformers import AutoModelForCausalLM, AutoModelForTokenClassification
    from transformers.modeling_layers import GenericForTokenClassification

    known: Any = AutoModelForTokenClassification._model_mapping.get(type(config), None)
    if known is not None and issubclass(known, GenericForTokenClassification):
        return known
    causal: Any = AutoModelForCausalLM._model_mapping[type(config)]
    # The family's own pretrained class: the nearest one above that is no model with a head.
    family = next(base for base in causal.__mro__ if base.__name__.endswith("PreTrainedModel"))
    name = family.__name__.removesuffix("PreTrainedModel") + "ForTokenClassification"
    prefix = {"base_model_prefix": causal.base_model_prefix, "config_class": type(config)}
    return type(name, (GenericForTokenClassification, family), prefix)


def load_prm(path: Path, device: str | None = None) -> tuple[Any, Any]:
    """(model in evaluation mode, fp32; tokenizer). Raises `InputError` when `path` is no PRM."""
    import json

    import torch
    from transformers import AutoConfig, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    config = path / "config.json"
    if not config.is_file() or not json.loads(config.read_text("utf-8")).get(PRM_MARK):
        raise InputError(
            f"reward model {path}: not a PRM trained by meds3", "train one: meds3 train prm"
        )
    model = _classifier(AutoConfig.from_pretrained(path)).from_pretrained(
        path, dtype=torch.float32, use_safetensors=True
    )
    return model.to(device or "cpu").eval(), AutoTokenizer.from_pretrained(path)


def head_of(model: Any) -> Any:
    """The linear layer that makes a hidden state a logit."""
    return getattr(_inner(model), _HEAD)


def segment_states(model: Any, pack: Pack, segments: list[int]) -> torch.Tensor:
    """The hidden state [len(segments), hidden] at the last token of each of `segments`."""
    inner = _inner(model)
    body = getattr(inner, inner.base_model_prefix)
    device = next(body.parameters()).device
    hidden = body(**model_inputs(pack, device), use_cache=False).last_hidden_state[0]
    states: torch.Tensor = hidden[[pack.last_token(segment) for segment in segments]]
    return states


def segment_logits(model: Any, pack: Pack, segments: list[int]) -> torch.Tensor:
    """The logit [len(segments)] at the last token of each of `segments`.

    One forward pass of the body; the head sees only the tokens asked for (and no dropout, so
    that training and scoring compute the same).
    """
    logits: torch.Tensor = head_of(model)(segment_states(model, pack, segments))[:, 0]
    return logits


def _inner(model: Any) -> Any:
    """The token classifier, out of its adapters."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model
