"""Torch weights and tokenizer from a GGUF file or a Hugging Face folder."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meds3.engines.telemetry import refuse_telemetry
from meds3.errors import InputError

if TYPE_CHECKING:
    import torch


def load_causal_lm(path: Path, dtype: torch.dtype | None = None) -> tuple[Any, Any]:
    """`(model, tokenizer)` with trainable weights on the CPU, in `dtype` (default float32).

    Reads safetensors and GGUF only and runs no code from the folder; opens no connection.
    Raises `InputError` when the path holds no such model.
    """
    source, options = _source(path)
    _quiet()
    import torch
    from transformers import AutoModelForCausalLM

    try:
        # Progress bars on stderr, that of the GGUF reader without a setting to turn it off.
        with contextlib.redirect_stderr(io.StringIO()):
            model = AutoModelForCausalLM.from_pretrained(
                source,
                dtype=dtype or torch.float32,
                trust_remote_code=False,
                use_safetensors=True,
                local_files_only=True,
                **options,
            )
        tokenizer = load_tokenizer(path)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"model {path}: transformers cannot load it: {str(error).splitlines()[0]}",
            "name a .gguf file or a folder with config.json, *.safetensors and a tokenizer",
        ) from error
    _forget_quantization(model)
    return model, tokenizer


def load_tokenizer(path: Path) -> Any:
    """The tokenizer alone, with a padding token. Raises `InputError` for a wrong path."""
    source, options = _source(path)
    _quiet()
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(
        source, trust_remote_code=False, local_files_only=True, **options
    )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _source(path: Path) -> tuple[str, dict[str, str]]:
    if path.is_file() and path.suffix == ".gguf":
        return str(path.parent), {"gguf_file": path.name}
    if path.is_dir() and (path / "config.json").is_file():
        return str(path), {}
    raise InputError(
        f"model {path}: neither a .gguf file nor a folder with config.json",
        "meds3 model list shows what is here",
    )


def _quiet() -> None:
    """A local path needs no hub."""
    refuse_telemetry()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")


def _forget_quantization(model: Any) -> None:
    """A GGUF's weights arrive dequantised but marked as quantised, which blocks saving."""
    model.hf_quantizer = None
    for owner, name in ((model, "quantization_method"), (model.config, "quantization_config")):
        if hasattr(owner, name):
            delattr(owner, name)
    model.is_quantized = False
