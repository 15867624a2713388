"""A training as data: what the child process is given."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from meds3.learning.config import DpoConfig, PrmConfig, SftConfig
from meds3.runs.digest import digest_of, digest_path


class _Job(BaseModel):
    """`model`: a .gguf file or a Hugging Face folder. `data`: JSONL rows of the stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Path
    data: Path
    output: Path
    seed: int = 0

    @property
    def checkpoints(self) -> Path:
        return self.output.with_name(f"{self.output.name}.ckpt")

    @property
    def metrics(self) -> Path:
        """One JSON line an optimiser step (`learning/metrics.py`)."""
        return self.output.with_name(f"{self.output.name}.metrics.jsonl")

    def fingerprint(self) -> str:
        """Tells whether checkpoints belong to this very job: its settings, data and model."""
        inputs = [digest_path(self.data), digest_path(self.model)]
        # `reasons` chose the rows, which are in the digest; checkpoints from before it and from
        # before `top_layers` go on.
        body = self.model_dump(mode="json", exclude={"config": {"reasons"}})
        if body["config"]["top_layers"] is None:
            body["config"].pop("top_layers")
        return digest_of([body, inputs])


class _PolicyJob(_Job):
    """`gguf_base`: also write `policy.gguf`, with this file's tokenizer and settings."""

    gguf_base: Path | None = None


class SftJob(_PolicyJob):
    stage: Literal["sft"] = "sft"
    config: SftConfig = SftConfig()


class DpoJob(_PolicyJob):
    stage: Literal["dpo"] = "dpo"
    config: DpoConfig = DpoConfig()


class PrmJob(_Job):
    stage: Literal["prm"] = "prm"
    config: PrmConfig = PrmConfig()


Job = SftJob | DpoJob | PrmJob
JOB: TypeAdapter[Job] = TypeAdapter(Annotated[Job, Field(discriminator="stage")])
