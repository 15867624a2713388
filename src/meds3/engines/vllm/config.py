"""The `engine.vllm:` part of a config."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class VllmConfig(BaseModel):
    """How vLLM is started. What is not set is left to vLLM."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    environment: Path | None = Field(
        None,
        description="a virtual environment that holds vLLM; null: the one that "
        "`meds3 engine install vllm` made",
    )
    adapters: bool = Field(
        False,
        description="keep the server and load each round's LoRA adapter into it; false: start it "
        "anew with the round's merged weights, which answers faster and needs no LoRA",
    )
    max_adapter_rank: Literal[8, 16, 32, 64, 128, 256, 320, 512] = Field(
        64, description="ranks of the rounds add up: two rounds of r 16 need 32"
    )
    max_context: int | None = Field(
        None, ge=256, description="tokens of a prompt and its answer; null: what the model knows"
    )
    tensor_parallel: int = Field(1, ge=1, description="GPUs that share one copy of the model")
    data_parallel: int = Field(1, ge=1, description="copies of the model")
    memory: float = Field(0.9, gt=0, le=1, description="share of a GPU's memory that it may use")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="of the weights and products; auto: 16 bits"
    )
    eager: bool | None = Field(
        None,
        description="no compiled graphs; null: on a CPU, where compiling takes minutes; on a GPU "
        "it would answer more slowly",
    )
    start_patience_s: float = Field(1800.0, gt=0, description="seconds to wait until it is ready")
    arguments: tuple[str, ...] = Field(
        (), description="further arguments, as vLLM's own help has them: [--seed, '7']"
    )
