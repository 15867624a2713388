"""The policies of a run and the one engine that serves them in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from meds3.engines.build import build_engine
from meds3.engines.calls import JournalCalls
from meds3.engines.config import EngineConfig
from meds3.engines.forms import GGUF_NAME, servable, trainable
from meds3.engines.journalled import JournalledEngine
from meds3.engines.openai import OpenAIEngine
from meds3.engines.paid import PaidElsewhere
from meds3.engines.preflight import Longest
from meds3.engines.protocol import Engine
from meds3.engines.ready import made_ready
from meds3.engines.vllm.engine import VllmEngine
from meds3.engines.vllm.neutral import write_neutral
from meds3.errors import InputError
from meds3.evolution.outcome import gate_stage
from meds3.folders import cache_folder
from meds3.learning.gguf_export import export_gguf
from meds3.learning.kept_adapter import ADAPTER_NAME, has_adapter, write_sum
from meds3.runs.digest import digest_path
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal

BASE = "base"


@dataclass(frozen=True)
class Policy:
    """A model that answers. `weights` trains on, `served` answers from (they may be the same).

    `number` is the round that trained it, 0 for the base; `adapters` are the folders of those that
    lead from the base to it (whether a round kept any is not looked at). The `digest` is that of
    the weights, not of the form an engine loads: a run may go on with another engine.
    """

    name: str
    weights: Path
    served: Path
    digest: str
    number: int = 0
    adapters: tuple[Path, ...] = ()

    @property
    def is_base(self) -> bool:
        return self.name == BASE

    def absolute(self) -> Policy:
        """For processes in other folders."""
        return replace(
            self,
            weights=self.weights.absolute(),
            served=self.served.absolute(),
            adapters=tuple(path.absolute() for path in self.adapters),
        )


def base_policy(model: Path, engine: EngineConfig) -> Policy:
    """The model a run starts from, in the form that `engine` loads.

    It may be a policy that another run trained.
    """
    weights = trainable(model)
    return Policy(BASE, weights, servable(model, engine.kind), _identity(weights))


def round_policy(
    run: RunDirectory, round_: int, engine: EngineConfig, journal: Journal, base: Path
) -> Policy:
    """The policy a round of `run` trained, in the form that `engine` loads; `base` is the form it
    loads of the base."""
    weights = run.round(round_) / "policy"
    return Policy(
        f"round-{round_}",
        weights,
        served_by(weights, engine, base),
        _identity(weights),
        round_,
        adapters_of(run, journal, round_),
    )


def served_by(weights: Path, engine: EngineConfig, base: Path) -> Path:
    """What `engine` loads of a trained policy's folder.

    For OpenVINO a GGUF: the one in the folder, or, where the policy was trained for another
    engine, one that is made here once, as `base` is (what OpenVINO loads of the base). Raises
    `InputError` when the base is no GGUF.
    """
    served = servable(weights, engine.kind)
    if engine.kind != "openvino" or served != weights:
        return served
    if base.suffix != ".gguf":
        raise InputError(
            f"engine.kind: 'openvino' loads GGUF files, and {base} is none",
            "begin with a GGUF, or use 'vllm' or 'transformers'",
        )
    made = cache_folder() / "models" / f"policy-{_identity(weights)[:12]}.gguf"
    if not made.is_file():
        made.parent.mkdir(parents=True, exist_ok=True)
        export_gguf(weights, base, made)
    return made


def _identity(weights: Path) -> str:
    return digest_path(weights, without={GGUF_NAME})


class PolicyServer:
    """Loads one policy at a time: two would not fit a small machine's memory.

    Calls that `others` know are taken over from them. A vLLM server logs into the folder of `run`;
    `longest` is checked against its context, and `say` hears how its start goes. With adapters it
    serves `base` all the time, with the adapter of whichever policy is asked for.
    """

    def __init__(
        self,
        config: EngineConfig,
        journal: Journal,
        others: Sequence[Journal] = (),
        *,
        run: RunDirectory,
        base: Policy,
        longest: Longest | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.config = config
        self._calls = JournalCalls(journal, others)
        self._run = run
        self._base = base
        self._longest = longest
        self._say = say
        self._engine: Engine | None = None
        self._loaded: Policy | None = None

    async def engine(self, policy: Policy, purpose: str) -> JournalledEngine:
        """The engine of `policy`, its calls journalled under `purpose`.

        Raises `InputError` for a trained policy where the servers are somebody else's.
        """
        if self.config.kind == "openai" and not policy.is_base:
            raise InputError(
                f"engine.kind: 'openai' serves a fixed model, and {policy.name} is a new one",
                "use 'vllm' (GPU), 'transformers' (any torch device) or 'openvino' (CPU)",
            )
        engine = self._engine
        if engine is None or self._loaded != policy:
            engine = await self._load(policy)
        return JournalledEngine(engine, self._calls, policy.digest, purpose)

    def paid(self, policy: Policy, purpose: str) -> JournalledEngine:
        """For calls of `policy` that workers have paid and the journal has: loads nothing."""
        engine = PaidElsewhere(f"{self.config.kind}:{policy.served.name} (workers)")
        return JournalledEngine(engine, self._calls, policy.digest, purpose)

    async def _load(self, policy: Policy) -> Engine:
        keeps, engine = self._keeps_server, self._engine
        if engine is None or not keeps:
            await self.close()
            served = self._base.served if keeps else policy.served
            engine = build_engine(self.config, served, self._run.root / "logs" / "vllm.log")
            self._engine = engine
        if self._longest is not None:
            await made_ready(engine, self._longest, self._say)
        if keeps and isinstance(engine, VllmEngine):
            await engine.use(policy.name, self._adapter_of(policy))
        self._loaded = policy
        return engine

    @property
    def _keeps_server(self) -> bool:
        return self.config.kind == "vllm" and self.config.vllm.adapters

    def _adapter_of(self, policy: Policy) -> Path:
        """The policy as one adapter of the base, written when it is not there yet."""
        folder = self._run.root / "adapters" / f"{policy.name}-{policy.digest[:12]}"
        if not has_adapter(folder):
            if policy.is_base:
                write_neutral(policy.served, folder)
            else:
                write_sum(policy.adapters, folder, None)
        return folder

    async def release(self) -> None:
        """Make room for a training: free the model, unless its server is to be kept."""
        if not self._keeps_server:
            await self.close()

    def loads(self) -> list[dict[str, Any]]:
        """What each server of several has done; nothing where there is one engine."""
        return self._engine.loads() if isinstance(self._engine, OpenAIEngine) else []

    async def close(self) -> None:
        """Free the loaded model."""
        if self._engine is not None:
            await self._engine.close()
        self._engine = self._loaded = None


def adapters_of(run: RunDirectory, journal: Journal, number: int) -> tuple[Path, ...]:
    """The folders where the adapters lie that lead from the base to round `number`'s policy.

    Those of the rounds before it that their gates kept, and its own; with DPO there are two a
    round. Whether a round kept any is not looked at.
    """
    found: list[Path] = []
    for round_ in range(1, number + 1):
        gate = journal.stage(gate_stage(round_))
        if round_ < number and not (gate and gate["detail"]["kept"]):
            continue
        with_dpo = journal.stage(f"round-{round_}/dpo") is not None
        stages = ("sft", "policy") if with_dpo else ("policy",)
        found += [run.round(round_) / stage / ADAPTER_NAME for stage in stages]
    return tuple(found)
