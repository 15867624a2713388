"""The policies of a run and the one engine that serves them in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from meds3.engines.build import build_engine
from meds3.engines.calls import JournalCalls
from meds3.engines.config import EngineConfig
from meds3.engines.forms import servable, trainable
from meds3.engines.journalled import JournalledEngine
from meds3.engines.protocol import Engine
from meds3.errors import InputError
from meds3.learning.jobs import GGUF_NAME
from meds3.runs.digest import digest_path
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal

BASE = "base"


@dataclass(frozen=True)
class Policy:
    """A model that answers. `weights` trains on, `served` answers from (they may be the same)."""

    name: str
    weights: Path
    served: Path
    digest: str

    @property
    def is_base(self) -> bool:
        return self.name == BASE


def base_policy(model: Path, engine: EngineConfig) -> Policy:
    """The model a run starts from, in the form that `engine` loads."""
    served = servable(model, engine.kind)
    return Policy(BASE, trainable(model), served, digest_path(served))


def round_policy(run: RunDirectory, round_: int, engine: EngineConfig) -> Policy:
    """The policy a round trained, in the form that `engine` loads."""
    weights = run.round(round_) / "policy"
    served = served_by(weights, engine)
    return Policy(f"round-{round_}", weights, served, digest_path(served))


def served_by(weights: Path, engine: EngineConfig) -> Path:
    """What `engine` loads of a trained policy's folder."""
    return weights / GGUF_NAME if engine.kind == "openvino" else weights


class PolicyServer:
    """Loads one policy at a time: two would not fit a small machine's memory.

    Calls that `others` know are taken over from them.
    """

    def __init__(
        self, config: EngineConfig, journal: Journal, others: Sequence[Journal] = ()
    ) -> None:
        self.config = config
        self._calls = JournalCalls(journal, others)
        self._engine: Engine | None = None
        self._loaded: Policy | None = None
        if config.kind == "openai":
            raise InputError(
                "engine.kind: 'openai' serves a fixed model, and the loop trains new ones",
                "use 'openvino' (CPU) or 'transformers' (any torch device) for `evolve`",
            )

    async def engine(self, policy: Policy, purpose: str) -> JournalledEngine:
        """The engine of `policy`, its calls journalled under `purpose`."""
        if self._engine is None or self._loaded != policy:
            await self.close()
            self._engine = build_engine(self.config, policy.served)
            self._loaded = policy
        return JournalledEngine(self._engine, self._calls, policy.digest, purpose)

    async def close(self) -> None:
        """Free the loaded model."""
        if self._engine is not None:
            await self._engine.close()
        self._engine = self._loaded = None
