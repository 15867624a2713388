"""A small search with a scripted engine, in this process or on workers; imports nothing of Ray."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from meds3.evolution.config import RunConfig
from meds3.evolution.evolve import search_only
from tests.evolution.test_stages import Quiet

CHUNK = 3


def config_of(folder: Path, **ray: Any) -> RunConfig:
    return RunConfig.model_validate(
        {
            "name": "spread",
            "runs_dir": folder,
            "problems": {"sources": [{"kind": "gym", "seeds": 12, "heldout": 6}]},
            "engine": {"kind": "scripted"},
            "search": {"max_nodes": 4, "rollout_base": 2, "rollout_min": 2},
            "executor": "ray" if ray else "local",
            "ray": {"chunk": CHUNK, "cpus": 0.5, "workers": 2, "at_once": 1} | ray,
        }
    )


def search(config: RunConfig) -> Any:
    return asyncio.run(search_only(config, Quiet()))
