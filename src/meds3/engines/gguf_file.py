"""Writing GGUF files: the base's key-values, our tensors."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meds3.runs.atomic import storing

if TYPE_CHECKING:
    import numpy as np

_BLOCK = 32  # Q8_0 quantises rows in blocks of 32


def write_gguf(
    reader: Any,
    tensors: Iterable[tuple[str, np.ndarray[Any, Any]]],
    output: Path,
    quantization: str = "Q8_0",
) -> None:
    """`tensors` (GGUF names, float32) with the key-values of `reader`'s file. Atomic.

    Matrices become `quantization` (Q8_0 or F16), vectors stay F32.
    """
    import gguf

    temporary = output.with_name(f".{output.name}.tmp")
    with storing(output):
        writer = gguf.GGUFWriter(temporary, reader.fields["general.architecture"].contents())
        _copy_values(gguf, reader, writer, quantization)
        for name, weight in tensors:
            _add(gguf, writer, name, weight, quantization)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        temporary.replace(output)


def as_q8_0(model: Path, output: Path) -> Path:
    """`model` itself when OpenVINO reads it as it is, else its weights as Q8_0 at `output`.

    OpenVINO GenAI 2026.4 does not compute 4-bit blocks with offsets (Q4_1) faithfully: on the
    embedded model its greedy text left the fp32 reference at the first tokens and its samples
    were less likely under the model (4.1 against 3.2 nats a token), while Q8_0 of the same
    weights agreed. Base and trained policies must also be compared in one format.
    """
    import gguf

    reader = gguf.GGUFReader(model)
    kept = {gguf.GGMLQuantizationType[name] for name in ("F32", "F16", "Q8_0")}
    if all(tensor.tensor_type in kept for tensor in reader.tensors):
        return model
    if not output.is_file():
        output.parent.mkdir(parents=True, exist_ok=True)
        weights = ((t.name, gguf.quants.dequantize(t.data, t.tensor_type)) for t in reader.tensors)
        write_gguf(reader, weights, output)
    return output


def _copy_values(gguf: Any, reader: Any, writer: Any, quantization: str) -> None:
    """Key-values of the base, with the types they have there."""
    own = {"general.architecture", "general.file_type", "general.quantization_version"}
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key in own:
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(key, field.contents(), kind, sub_type=inner)
    writer.add_file_type(gguf.LlamaFileType[f"MOSTLY_{quantization}"])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def _add(gguf: Any, writer: Any, name: str, weight: np.ndarray[Any, Any], kind: str) -> None:
    if weight.ndim < 2 or weight.shape[-1] % _BLOCK:
        writer.add_tensor(name, weight)
        return
    quantized = gguf.GGMLQuantizationType[kind]
    writer.add_tensor(name, gguf.quants.quantize(weight, quantized), raw_dtype=quantized)
