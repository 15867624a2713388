"""Whether a training multiplies in bfloat16."""

from __future__ import annotations

from meds3.errors import InputError
from meds3.learning.jobs import Job


def in_bfloat16(job: Job, cuda: bool) -> bool:
    """What `precision` comes to on this machine.

    Raises `InputError` where bfloat16 is asked for and would have to be emulated, which on a CPU
    is a hundred times slower than float32.
    """
    asked, there = job.config.precision, computes_bfloat16(cuda)
    if asked == "bfloat16" and not there:
        raise InputError(
            f"train {job.stage}: {job.stage}.precision is bfloat16, which this "
            f"{'GPU' if cuda else 'CPU'} can only emulate",
            f"set {job.stage}.precision to auto or float32",
        )
    return there and asked != "float32"


def computes_bfloat16(cuda: bool) -> bool:
    """Whether the GPU, or else the CPU, has instructions for products of bfloat16."""
    import torch

    if cuda:
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    cpu = torch.cpu
    return bool(cpu._is_avx512_bf16_supported() or cpu._is_amx_tile_supported())
