"""The `ray:` part of a config."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class RayConfig(BaseModel):
    """How `executor: ray` spreads problems: it changes where they are searched, no result."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str | None = Field(
        None,
        description="a running cluster (`auto`, or ray://HOST:10001); null: `RAY_ADDRESS`, else "
        "one on this machine that ends with the run",
    )
    workers: int = Field(2, ge=1, description="actors, each with an engine of its own")
    chunk: int = Field(8, ge=1, description="problems that a worker gets at a time")
    at_once: int = Field(
        4, ge=1, description="chunks a worker has in hand, so that its engine never waits"
    )
    cpus: float = Field(1.0, ge=0, description="CPUs that Ray sets aside for a worker")
    gpus: float = Field(0.0, ge=0, description="GPUs that Ray sets aside for a worker")
    restarts: int = Field(
        3, ge=0, description="how often Ray starts a worker again that died, on any node"
    )
    journals: Path | None = Field(
        None,
        description="folder on the disk of the worker's own node for its journal, where each run "
        "gets its own (SQLite's log is not safe on a network file system); null: in the run's "
        "folder, for one machine",
    )
