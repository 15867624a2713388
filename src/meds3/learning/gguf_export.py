"""A trained Hugging Face folder as a GGUF file, for engines that load nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meds3.engines.gguf_file import write_gguf
from meds3.errors import InputError

if TYPE_CHECKING:
    import numpy as np

# Architectures whose q and k rows GGUF stores interleaved (llama.cpp's rotary layout).
_PERMUTED = {"llama", "mistral"}


def export_gguf(model_dir: Path, base_gguf: Path, output: Path, quantization: str = "Q8_0") -> None:
    """Write `output` from the weights in `model_dir` and everything else from `base_gguf`.

    The base's key-values (tokenizer, chat template, sizes) are copied; matrices become
    `quantization` (Q8_0 or F16), vectors F32. A head tied to the embeddings is not written.
    Atomic. Raises `InputError` when a weight has no place in the base's architecture.
    """
    import gguf

    reader = gguf.GGUFReader(base_gguf)
    architecture = str(reader.fields["general.architecture"].contents())
    heads = _heads(reader, architecture)
    names = gguf.get_tensor_name_map(_architecture(gguf, architecture), _blocks(reader))
    # GGUF names the fastest axis first, numpy last.
    expected = {t.name: tuple(int(n) for n in reversed(t.shape)) for t in reader.tensors}
    written: set[str] = set()

    def tensors() -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
        for name, weight in _weights(model_dir):
            target = names.get_name(name, try_suffixes=(".weight", ".bias"))
            if target is None or target not in [*expected, "output.weight"]:
                raise InputError(f"{model_dir}: weight {name} has no place in {base_gguf.name}")
            if target == "output.weight" and target not in expected:
                continue  # a head tied to the embeddings, saved all the same
            if weight.shape != expected[target]:
                raise InputError(
                    f"{model_dir}: {name} has shape {weight.shape}, "
                    f"{base_gguf.name} has {expected[target]}",
                    "export with the GGUF file that the training began with",
                )
            if architecture in _PERMUTED and name.split(".")[-2] in heads:
                weight = _interleave(weight, heads[name.split(".")[-2]])
            written.add(target)
            yield target, weight
        if missing := expected.keys() - written - {"rope_freqs.weight"}:
            raise InputError(f"{model_dir}: no weight for {sorted(missing)[0]} of {base_gguf.name}")

    write_gguf(reader, tensors(), output, quantization)


def _architecture(gguf: Any, name: str) -> Any:
    return next(key for key, value in gguf.MODEL_ARCH_NAMES.items() if value == name)


def _blocks(reader: Any) -> int:
    architecture = reader.fields["general.architecture"].contents()
    return int(reader.fields[f"{architecture}.block_count"].contents())


def _heads(reader: Any, architecture: str) -> dict[str, int]:
    """Heads by projection, of those whose rows are interleaved."""
    heads = int(reader.fields[f"{architecture}.attention.head_count"].contents())
    field = reader.fields.get(f"{architecture}.attention.head_count_kv")
    return {"q_proj": heads, "k_proj": int(field.contents()) if field else heads}


def _interleave(weight: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Rows of the two rotary halves in turn, per head (as llama.cpp's converter does)."""
    shape = weight.shape
    halves = weight.reshape(heads, 2, shape[0] // heads // 2, *shape[1:])
    return halves.swapaxes(1, 2).reshape(shape)


def _weights(model_dir: Path) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Every tensor of the folder's safetensors, as float32, one at a time."""
    import torch
    from safetensors import safe_open

    files = sorted(model_dir.glob("*.safetensors"))
    if not files:
        raise InputError(f"{model_dir}: no *.safetensors in it")
    for file in files:
        with safe_open(file, framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118 (not a mapping)
                yield name, tensors.get_tensor(name).to(torch.float32).numpy()
