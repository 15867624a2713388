"""The files of an export but its card, by what is exported and in which format."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from meds3.chains.template import ChatTemplate
from meds3.engines.forms import GGUF_NAME
from meds3.engines.gguf_facts import gguf_facts
from meds3.engines.models import RECORDS, ensure_model
from meds3.errors import InputError
from meds3.evolution.export.card import Format, What, base_id
from meds3.evolution.export.modelfile import modelfile
from meds3.evolution.export.source import Source
from meds3.learning.gguf_export import export_gguf
from meds3.learning.kept_adapter import ADAPTER_NAME, has_adapter, write_sum
from meds3.runs.atomic import write_json, write_text

Quantization = Literal["q8_0", "f16"]
_CONTEXT = 8192  # tokens of context that a Modelfile asks for, at most
# A run writes "Step 0: … Step 1:" itself and counts tokens from there; elsewhere the model does.
_OPENING_TOKENS = 32


@dataclass(frozen=True)
class Request:
    """What the user asked for. `round` None: the last that was kept. `base_gguf`: a GGUF of the
    model that the run began with, for runs that did not begin with one."""

    output: Path
    format: Format = "gguf"
    what: What = "policy"
    quantization: Quantization = "q8_0"
    round: int | None = None
    base_gguf: Path | None = None
    force: bool = False


def _gguf(source: Source, request: Request, folder: Path) -> str:
    made, output = source.policy / GGUF_NAME, folder / GGUF_NAME
    if request.quantization == "q8_0" and made.is_file() and request.base_gguf is None:
        shutil.copyfile(made, output)
    else:
        base = request.base_gguf or (made if made.is_file() else _base_gguf(source))
        export_gguf(source.policy, base, output, request.quantization.upper())
    context = min(gguf_facts(output).context, _CONTEXT)
    template, sampling = ChatTemplate.from_model(output), source.config.answering
    text = modelfile(template, sampling, GGUF_NAME, context, sampling.max_tokens + _OPENING_TOKENS)
    write_text(folder / "Modelfile", text)
    return f"Matrices are {request.quantization.upper()}, vectors F32."


def _base_gguf(source: Source) -> Path:
    """The run's own base model, when that is a GGUF."""
    model = source.config.model
    if model in RECORDS or model.endswith(".gguf"):
        return ensure_model(model)
    raise InputError(
        f"--format gguf: the run began with {model}, which is no GGUF to take tokenizer and "
        "settings from",
        f"--base-gguf FILE: a GGUF of {model} (llama.cpp's convert_hf_to_gguf.py makes one), "
        "or --format hf",
    )


def _hf(source: Source, request: Request, folder: Path) -> str:
    origin = source.prm if request.what == "prm" else source.policy
    if not (origin / "config.json").is_file():
        raise InputError(f"{origin}: no config.json in it", "finish the run: meds3 evolve")
    left_out = {GGUF_NAME, ADAPTER_NAME}
    for item in sorted(origin.iterdir()):
        if item.is_file() and item.name not in left_out:
            shutil.copyfile(item, folder / item.name)
    _portable_tokenizer(folder)
    if request.what == "policy":
        _sampling_defaults(source, folder)
    return "Weights are 16-bit safetensors."


def _adapter(source: Source, request: Request, folder: Path) -> str:
    for adapter in source.adapters:
        if not has_adapter(adapter):
            raise InputError(
                f"{adapter}: no adapter there: the round trained every weight, or was trained "
                "before adapters were kept",
                "export the whole policy: --format hf",
            )
    write_sum(source.adapters, folder, base_id(source.config.model))
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        if (source.policy / name).is_file():
            shutil.copyfile(source.policy / name, folder / name)
    _portable_tokenizer(folder)
    return _adapter_facts(source)


def _adapter_facts(source: Source) -> str:
    rounds = len(source.adapters)
    facts = "The adapter is relative to the run's base model, not to an earlier round."
    if rounds > 1:
        facts += (
            f" It is the sum of the {rounds} adapters that were trained and merged one after "
            "another; their ranks add up, and rounding to 16 bits between them is left out."
        )
    model = source.config.model
    if model in RECORDS or model.endswith(".gguf"):
        facts += (
            " The training began with the weights of a quantised GGUF: on the unquantised weights "
            "of the same model the adapter does nearly, not exactly, the same."
        )
    return facts


def _portable_tokenizer(folder: Path) -> None:
    """Leave out what the tokenizer says of the machine it was loaded on."""
    path = folder / "tokenizer_config.json"
    if path.is_file():
        body = json.loads(path.read_text("utf-8"))
        write_json(path, {k: v for k, v in body.items() if k not in _OF_THIS_MACHINE})


_OF_THIS_MACHINE = ("is_local", "local_files_only", "name_or_path")


def _sampling_defaults(source: Source, folder: Path) -> None:
    """transformers and vLLM sample as the run's evaluation did unless told otherwise."""
    path = folder / "generation_config.json"
    body = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    answering = source.config.answering
    kept = {k: v for k, v in body.items() if k.endswith("_token_id") or "version" in k}
    sampling = {
        "do_sample": True,
        "temperature": answering.temperature,
        "top_p": answering.top_p,
        "top_k": answering.top_k,
        "max_new_tokens": answering.max_tokens + _OPENING_TOKENS,
    }
    write_json(path, kept | sampling)


# Each writes into a folder and returns a sentence about what it wrote.
WRITERS: dict[tuple[What, Format], Callable[[Source, Request, Path], str]] = {
    ("policy", "gguf"): _gguf,
    ("policy", "hf"): _hf,
    ("policy", "adapter"): _adapter,
    ("prm", "hf"): _hf,
}
