"""vLLM behind the `Engine` protocol: a server of ours, and the HTTP client that speaks to it."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import httpx

from meds3.engines.openai import OpenAIEngine
from meds3.engines.preflight import Longest, look_at
from meds3.engines.protocol import Completion, Sampling
from meds3.engines.vllm import command
from meds3.engines.vllm.config import VllmConfig
from meds3.engines.vllm.environment import Environment
from meds3.engines.vllm.fitting import check_adapter
from meds3.engines.vllm.server import Say, VllmServer
from meds3.errors import EngineError, InputError

_LOAD_S = 300.0


def _quiet(_: str) -> None: ...


class VllmEngine:
    """Serves `model` (a Hugging Face folder) with vLLM; the server starts at `start`, or with the
    first call.

    With `config.adapters` the server also answers with LoRA adapters of that model: `use` says
    with which from now on.
    """

    def __init__(
        self,
        model: Path,
        environment: Environment,
        config: VllmConfig,
        *,
        log: Path,
        cache_gb: float,
        max_sequences: int,
        timeout_s: float,
    ) -> None:
        if not model.is_dir():
            raise InputError(
                f"model {model}: engine.kind vllm serves a Hugging Face folder",
                "name a folder or a hub id, or use engine.kind openvino for a .gguf file",
            )
        self._model = model
        self._config = config
        self._timeout_s = timeout_s
        self._sequences = max_sequences * config.data_parallel
        self._adapter: tuple[str, Path] | None = None
        self._starting = asyncio.Lock()
        self._client: OpenAIEngine | None = None
        self._closed = False
        self._server = VllmServer(
            lambda port: [
                *environment.server,
                *command.arguments(
                    model,
                    port,
                    config,
                    on_cpu=environment.on_cpu,
                    max_sequences=max_sequences,
                ),
            ],
            command.environment(config, cache_gb=cache_gb),
            log,
            config.start_patience_s,
        )

    @property
    def name(self) -> str:
        return f"vllm:{self._model.name}"

    @property
    def url(self) -> str:
        """Where the server listens, or will."""
        return self._server.url

    @property
    def capacity(self) -> int:
        return self._sequences

    async def start(self, say: Say = _quiet, longest: Longest | None = None) -> None:
        """Start the server, wait until it is ready, and check that `longest` fits its context."""
        await self._ready(say, longest)

    async def _ready(self, say: Say = _quiet, longest: Longest | None = None) -> OpenAIEngine:
        async with self._starting:
            if self._closed:
                raise EngineError(f"{self.name}: the engine is closed")
            if self._client is None:
                await self._server.start(say, self._load_again)
                async with httpx.AsyncClient(trust_env=False, timeout=60.0) as client:
                    await look_at(client, self._server.url, command.SERVED, longest)
                self._client = self._speaking_to(command.SERVED)
            return self._client

    async def use(self, name: str, adapter: Path) -> None:
        """Answer with a LoRA adapter of the model that is served, by a name of its own.

        Raises `InputError` when its rank is above `max_adapter_rank`, it belongs to another model,
        or the server does not take it.
        """
        check_adapter(self._model, adapter, self._config.max_adapter_rank)
        before = await self._ready()
        await self._load(name, adapter)
        self._adapter = (name, adapter)
        self._client = self._speaking_to(name)
        await before.close()

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        """See `Engine.generate`. Waits while a server that died is started again."""
        client = await self._ready()
        call = asyncio.ensure_future(self._ask(client, prompt, sampling))
        gone = asyncio.ensure_future(self._server.lost())
        try:
            await asyncio.wait({call, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not call.done():
                gone.result()  # says why the server is gone for good
            return await call
        finally:
            gone.cancel()
            if not call.done():
                call.cancel()
            with contextlib.suppress(asyncio.CancelledError, EngineError):
                await gone

    async def _ask(self, client: OpenAIEngine, prompt: str, sampling: Sampling) -> list[Completion]:
        before = self._server.restarts
        await self._server.settled.wait()
        try:
            return await client.generate(prompt, sampling)
        except InputError:
            # Started again meanwhile, it knew nothing of the adapter yet.
            if self._server.restarts == before:
                raise
        await self._server.settled.wait()
        return await client.generate(prompt, sampling)

    async def close(self) -> None:
        self._closed = True
        if self._client is not None:
            await self._client.close()
        await self._server.stop()

    def _speaking_to(self, model_name: str) -> OpenAIEngine:
        return OpenAIEngine(
            [self._server.url],
            model_name,
            timeout_s=self._timeout_s,
            patience_s=self._config.start_patience_s,
            max_in_flight=self._sequences,
            special_tokens=False,  # the chat template has them
        )

    async def _load(self, name: str, adapter: Path) -> None:
        body = _adapter_request(name, adapter)
        async with httpx.AsyncClient(trust_env=False, timeout=_LOAD_S) as client:
            reply = await client.post(f"{self._server.url}/load_lora_adapter", json=body)
        if reply.status_code != 200 and "already been loaded" not in reply.text:
            raise InputError(
                f"vLLM does not take the adapter {adapter}: {reply.text[:300]}",
                "it must be plain LoRA of the very model that is served; or "
                "--set engine.vllm.adapters=false",
            )

    async def _load_again(self) -> None:
        if self._adapter is not None:
            await self._load(*self._adapter)


def _adapter_request(name: str, adapter: Path) -> dict[str, str]:
    return {"lora_name": name, "lora_path": str(adapter.absolute())}
