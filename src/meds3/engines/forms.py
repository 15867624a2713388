"""One model in the forms that engines and trainers load; made once, cached."""

from __future__ import annotations

import tempfile
from pathlib import Path

from meds3.engines.gguf_file import as_q8_0
from meds3.engines.models import cache_folder
from meds3.runs.atomic import replace_directory, storing
from meds3.runs.digest import digest_path

GGUF_NAME = "policy.gguf"  # beside the weights of a policy that was trained for OpenVINO


def servable(model: Path, engine: str) -> Path:
    """`model` for an engine of kind `engine`, made once: for OpenVINO a GGUF in Q8_0 (seconds),
    for vLLM and transformers a Hugging Face folder. The folder of a policy brings its own GGUF.
    """
    if engine in ("vllm", "transformers"):
        return trainable(model)
    if engine == "openvino" and model.is_dir() and (brought := gguf_of(model)):
        return brought
    if engine != "openvino" or model.suffix != ".gguf":
        return model
    return as_q8_0(model, _cached(model).with_suffix(".Q8_0.gguf"))


def gguf_of(model: Path) -> Path | None:
    """The GGUF that `model` is, or brings in its folder; None without one."""
    found = model if model.suffix == ".gguf" else model / GGUF_NAME
    return found if found.is_file() else None


def trainable(model: Path) -> Path:
    """`model` as a Hugging Face folder of float32 safetensors.

    transformers takes most of a minute to read a GGUF, 0.3 s to read the folder.
    """
    if model.is_dir():
        return model
    folder = _cached(model).with_suffix(".hf")
    if not folder.is_dir():
        from meds3.engines.weights import load_causal_lm

        causal, tokenizer = load_causal_lm(model)
        with storing(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".form-"))
        causal.save_pretrained(scratch)
        tokenizer.save_pretrained(scratch)
        replace_directory(scratch, folder)
    return folder


def _cached(model: Path) -> Path:
    """The name of the forms of `model`: they belong to its content, not to its path."""
    return cache_folder() / "models" / f"{model.stem.replace('.', '-')}-{digest_path(model)[:12]}"
