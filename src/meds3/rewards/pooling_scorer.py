"""Step scores from a server: vLLM with the PRM as a token classifier (`/pooling`)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from meds3.chains.chain import Chain
from meds3.engines.affinity import problem_in_hand
from meds3.engines.connections import Connections
from meds3.engines.preflight import is_well
from meds3.engines.replicas import Replicas
from meds3.engines.vllm import command
from meds3.engines.vllm.config import VllmConfig
from meds3.engines.vllm.environment import Environment
from meds3.engines.vllm.server import VllmServer
from meds3.errors import EngineError, InputError
from meds3.rewards.packing import tokenize_prompt, tokenize_steps

_TRIES = 5
_PAUSE_S = 1.0  # before the second try; doubles


class PoolingStepScorer:
    """A `StepScorer` over servers that hold the PRM of the folder `path`, whose tokenizer is used
    here: the servers get token ids, so that they read what the PRM was trained on.

    A chain is one request; its prompt and the steps before are in the server's prefix cache.
    Only the probabilities at the last token of each step are kept. Raises `EngineError` when no
    server answers, `InputError` when one refuses or answers with something else.
    """

    def __init__(
        self,
        path: Path,
        base_urls: Sequence[str],
        model_name: str,
        *,
        max_in_flight: int = 64,
        timeout_s: float = 300.0,
        api_key: str | None = None,
    ) -> None:
        from transformers import AutoTokenizer

        self._path = path
        self._model_name = model_name
        self._tokenizer = AutoTokenizer.from_pretrained(path)
        self._servers = Replicas([url.removesuffix("/v1") for url in base_urls])
        self._watch: asyncio.Task[None] | None = None
        self._room = asyncio.Semaphore(max_in_flight)
        settings: dict[str, Any] = {
            "timeout": httpx.Timeout(timeout_s, connect=min(timeout_s, 10.0)),
            "headers": {"Authorization": f"Bearer {api_key}"} if api_key else {},
            "trust_env": False,
        }
        self._client = httpx.AsyncClient(**settings)  # for what is asked besides
        self._connections = Connections(**settings)

    @property
    def name(self) -> str:
        return f"pooling:{self._path.name}"

    async def score(self, prompt: str, chains: Sequence[Chain]) -> list[list[float]]:
        """One score in [0, 1] per step after Step 0 of each chain."""
        ids = tokenize_prompt(self._tokenizer, prompt)
        segments = [tokenize_steps(self._tokenizer, chain) for chain in chains]
        if self._servers.watched and (self._watch is None or self._watch.done()):
            self._watch = asyncio.create_task(self._servers.watch(self._healthy))
        # Chains of one prompt go to the server that has computed it.
        key = problem_in_hand() or prompt
        return list(await asyncio.gather(*(self._one(key, ids, steps) for steps in segments)))

    async def _healthy(self, url: str) -> bool:
        return await is_well(self._client, url)

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        await self._client.aclose()
        await self._connections.close()

    async def _one(self, key: str, prompt: list[int], steps: list[list[int]]) -> list[float]:
        """`steps` are the token ids of Step 0 and those after it."""
        if len(steps) < 2:
            return []
        lengths = itertools.accumulate(map(len, steps), initial=len(prompt))
        ends = [end - 1 for end in lengths][2:]
        ids = [*prompt, *itertools.chain.from_iterable(steps)]
        async with self._room:
            scores = await self._pool(key, ids)
        if len(scores) != len(ids):
            raise InputError(
                f"a scoring server gave {len(scores)} scores for {len(ids)} tokens",
                "serve the PRM with vLLM: --runner pooling, and the task token_classify",
            )
        return [scores[end] for end in ends]

    async def _pool(self, key: str, ids: list[int]) -> list[float]:
        body = {"model": self._model_name, "input": [ids], "task": "token_classify"}
        url, said = "", ""
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(_PAUSE_S * 2.0 ** (attempt - 1))
            server = self._servers.choose(key, url)
            url = server.url
            try:
                with self._servers.busy(server, len(ids)), self._connections.one(url) as client:
                    reply = await client.post(f"{url}/pooling", json=body)
            except httpx.HTTPError as error:
                said = f"{type(error).__name__}: {error}"
                if isinstance(error, httpx.ConnectError):
                    self._servers.lost(server)
                continue
            if reply.status_code == 200:
                server.calls, server.tokens = server.calls + 1, server.tokens + len(ids)
                return _probabilities(reply.json(), url)
            said = f"HTTP {reply.status_code}: {reply.text[:300]}"
            if reply.status_code < 500 and reply.status_code != 429:
                raise InputError(
                    f"{url}/pooling refused the request: {said}",
                    "serve the PRM of this run (scorer.model_name), with a longer context",
                )
        raise EngineError(
            f"{url}/pooling gave no answer in {_TRIES} tries; the last: {said}",
            "check that the server runs, then run the same command again: it resumes",
        )


class VllmStepScorer:
    """A `PoolingStepScorer` with a server of its own, which starts with the first call."""

    def __init__(
        self,
        path: Path,
        environment: Environment,
        config: VllmConfig,
        *,
        log: Path,
        max_in_flight: int,
        timeout_s: float,
    ) -> None:
        self._path = path
        self._max_in_flight = max_in_flight
        self._timeout_s = timeout_s
        self._starting = asyncio.Lock()
        self._scorer: PoolingStepScorer | None = None
        self._server = VllmServer(
            lambda port: [
                *environment.server,
                *command.arguments(
                    path,
                    port,
                    config,
                    on_cpu=environment.on_cpu,
                    max_sequences=max_in_flight,
                    purpose="score",
                ),
            ],
            command.environment(config, cache_gb=1.0),
            log,
            config.start_patience_s,
        )

    @property
    def name(self) -> str:
        return f"vllm:{self._path.name}"

    @property
    def url(self) -> str:
        """Where the server listens, or will."""
        return self._server.url

    async def score(self, prompt: str, chains: Sequence[Chain]) -> list[list[float]]:
        """One score in [0, 1] per step after Step 0 of each chain."""
        async with self._starting:
            if self._scorer is None:
                await self._server.start(lambda _: None, _nothing)
                self._scorer = PoolingStepScorer(
                    self._path,
                    [self._server.url],
                    command.SERVED,
                    max_in_flight=self._max_in_flight,
                    timeout_s=self._timeout_s,
                )
        return await self._scorer.score(prompt, chains)

    async def close(self) -> None:
        if self._scorer is not None:
            await self._scorer.close()
        await self._server.stop()


async def _nothing() -> None: ...


def _probabilities(body: Any, url: str) -> list[float]:
    """The probability of each token of the one input; vLLM gives a row of labels a token."""
    try:
        (one,) = body["data"]
        return [float(row[0]) if isinstance(row, list) else float(row) for row in one["data"]]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(
            f"{url}/pooling gave {str(body)[:200]}, which are no scores of tokens",
            "serve the PRM with vLLM: --runner pooling, and the task token_classify",
        ) from error
