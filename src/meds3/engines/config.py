"""Which engine, and how it may use this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from meds3.engines.vllm.config import VllmConfig

EngineKind = Literal["openvino", "vllm", "openai", "transformers", "scripted"]


class EngineConfig(BaseModel):
    """The `engine:` part of a config. Fields that a kind does not use are ignored by it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: EngineKind = Field(
        "openvino",
        description="openvino: GGUF on this CPU; vllm: a server that meds3 starts and stops; "
        "openai: servers that somebody else runs (/v1/completions); "
        "transformers: any torch device; scripted: fixed answers, for tests",
    )
    cache_gb: float = Field(
        1.0,
        gt=0,
        description="openvino, transformers, vllm on a CPU: memory for the KV cache, GiB "
        "(transformers needs about as much again while it reads prompts)",
    )
    max_sequences: int = Field(
        64, ge=1, description="sequences generated at once (openvino, vllm, transformers)"
    )
    threads: int | None = Field(None, ge=1, description="openvino: CPU threads; null means all")
    prefix_caching: bool = Field(
        True, description="openvino: keep what shared starts of prompts were computed to"
    )
    quantized_activations: bool = Field(
        True,
        description="openvino: 8-bit activations where the CPU has products for them "
        "(avx512_vnni): twice the tokens a second there, but other text than transformers and "
        "other CPUs give; false: 32 bits everywhere",
    )
    base_urls: tuple[str, ...] = Field(
        (), description="openai: servers, e.g. http://127.0.0.1:8000/v1; the least busy is used"
    )
    servers_file: Path | None = Field(
        None,
        description="openai: a text file of more servers, an address a line; it is read again when "
        "it changes, so that servers may join and leave during a run",
    )
    model_name: str = Field("", description="openai: the `model` field of a request")
    api_key_env: str | None = Field(
        None, description="openai: name of the environment variable that holds the API key"
    )
    timeout_s: float = Field(300.0, gt=0, description="openai, vllm: seconds without an answer")
    retries: int = Field(5, ge=0, description="openai: tries after the first, per request")
    patience_s: float = Field(
        300.0,
        ge=0,
        description="openai: seconds to wait for a server that cannot be reached or is loading",
    )
    max_in_flight: int = Field(64, ge=1, description="openai: requests in flight, all servers")
    device: str | None = Field(
        None, description="transformers: torch device (cpu, cuda:0); null picks cuda when there"
    )
    vllm: VllmConfig = Field(
        VllmConfig(), description="vllm: how the server is started; `meds3 engine install vllm`"
    )
