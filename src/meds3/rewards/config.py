"""Which step scorer, and where it runs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from meds3.engines.vllm.config import VllmConfig


class ScorerConfig(BaseModel):
    """The `scorer:` part of a config: it changes how fast step scores come, not which they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["torch", "vllm", "pooling"] = Field(
        "torch",
        description="torch: in this process, a question's chains packed together; vllm: a pooling "
        "server that meds3 starts and stops; pooling: servers that somebody else runs",
    )
    device: str | None = Field(
        None, description="torch: device (cpu, cuda:0); null picks cuda when there"
    )
    base_urls: tuple[str, ...] = Field(
        (), description="pooling: servers with vLLM's /pooling, e.g. http://127.0.0.1:8001"
    )
    model_name: str = Field("", description="pooling: the `model` field of a request")
    max_in_flight: int = Field(64, ge=1, description="vllm, pooling: chains in flight")
    timeout_s: float = Field(300.0, gt=0, description="vllm, pooling: seconds without an answer")
    vllm: VllmConfig = Field(VllmConfig(), description="vllm: how the server is started")

    @model_validator(mode="after")
    def _servers_are_named(self) -> ScorerConfig:
        if self.kind == "pooling" and not self.base_urls:
            raise ValueError("scorer.kind pooling needs scorer.base_urls")
        return self
