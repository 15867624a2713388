"""Any server with an OpenAI-compatible `/v1/completions`: vLLM, SGLang, llama.cpp, TGI."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from meds3.engines.affinity import problem_in_hand
from meds3.engines.completions_api import (
    Fault,
    read_completions,
    request_body,
    retry_after_s,
    server_words,
)
from meds3.engines.connections import Connections
from meds3.engines.preflight import Longest, is_well, look_at
from meds3.engines.protocol import Completion, Sampling
from meds3.engines.replicas import Replica, Replicas
from meds3.errors import EngineError, InputError

_BACKOFF_FIRST_S = 0.5
_BACKOFF_MOST_S = 30.0
_AWAY_MOST_S = 5.0  # a refused connection costs nothing, an idle server that came back does
# Too busy, or a gateway without its server: worth another try, as is every 5xx.
_RETRY_STATUS = frozenset({408, 409, 425, 429})
# A proxy without its server, and llama.cpp while it loads the model: as good as refused.
_AWAY_STATUS = frozenset({502, 503})
_CHARACTERS_PER_TOKEN = 3.0  # of a prompt; only weighs calls against each other


class OpenAIEngine:
    """Sends each call to one of several servers (`Replicas` says which), and tries again on
    connection errors, time-outs, 429, 5xx, cut and empty answers with exponential backoff and
    jitter: `retries` times, and as long as no server takes the call (refused connections, 502,
    503), for `patience_s` seconds.

    `top_k` is not in OpenAI's API; it is sent (vLLM, SGLang and llama.cpp know it) unless 0.
    `base_urls` include the version: `http://127.0.0.1:8000/v1`; `servers_file` names more of them.
    """

    def __init__(
        self,
        base_urls: Sequence[str],
        model_name: str,
        *,
        servers_file: Path | None = None,
        api_key: str | None = None,
        timeout_s: float = 300.0,
        retries: int = 5,
        patience_s: float = 120.0,
        max_in_flight: int = 64,
        backoff_first_s: float = _BACKOFF_FIRST_S,
        special_tokens: bool | None = None,
    ) -> None:
        self._servers = Replicas(base_urls, servers_file)
        self._watch: asyncio.Task[None] | None = None
        self._model_name = model_name
        # Whether a server of vLLM's kind adds the tokenizer's special tokens; None: as it does.
        self._extra = {} if special_tokens is None else {"add_special_tokens": special_tokens}
        self._retries = retries
        self._patience_s = patience_s
        self._backoff_first_s = backoff_first_s
        self._max_in_flight = max_in_flight
        self._slots = asyncio.Semaphore(max_in_flight)
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        settings: dict[str, Any] = {
            "timeout": httpx.Timeout(timeout_s, connect=min(timeout_s, 10.0)),
            "headers": headers,
            "trust_env": False,  # a proxy from the environment would see the questions
        }
        self._client = httpx.AsyncClient(**settings)  # for what is asked besides
        self._connections = Connections(**settings)

    @property
    def name(self) -> str:
        # Not the addresses: a resumed run may find the same model on another port.
        return f"openai:{self._model_name or 'default'}"

    @property
    def capacity(self) -> int:
        """Calls in flight: what a server makes of their samples is not known here."""
        return self._max_in_flight

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        """See `Engine.generate`. A 4xx answer raises `InputError` with the server's words."""
        body = request_body(self._model_name, prompt, sampling) | self._extra
        weight = round(len(prompt) / _CHARACTERS_PER_TOKEN) + sampling.n * sampling.max_tokens
        problem, fault = problem_in_hand(), Fault("no try was made")
        url, failed, away_since = "", 0, None
        async with self._slots:
            for attempt in itertools.count():
                if self._client.is_closed:
                    raise EngineError(f"{self.name}: the engine is closed")
                if self._servers.watched and (self._watch is None or self._watch.done()):
                    self._watch = asyncio.create_task(self._servers.watch(self._healthy))
                if attempt:
                    await asyncio.sleep(pause_s(attempt, self._backoff_first_s, fault))
                server = self._servers.choose(problem, url)
                url = server.url
                try:
                    with self._servers.busy(server, weight):
                        done = await self._post(url, body, sampling)
                except Fault as again:
                    fault = again
                    server.faults += 1
                    if fault.away:
                        self._servers.lost(server)
                else:
                    return _counted(server, done)
                if not fault.away:
                    failed, away_since = failed + 1, None
                else:
                    away_since = away_since or time.monotonic()
                gone = away_since and time.monotonic() - away_since > self._patience_s
                if failed > self._retries or gone:
                    break
        raise EngineError(
            f"{url}/completions gave no answer in {attempt + 1} tries; the last: {fault}",
            "check that the server runs, then run the same command again: it resumes",
        )

    async def check(self, longest: Longest | None = None) -> None:
        """Look at each server that answers now, before the first call; see `preflight.look_at`.

        Raises `InputError` for a model that is not served and a context that is too short. A
        start-of-text token that would come twice is prevented.
        """
        for url in [load["url"] for load in self._servers.loads() if load["listed"]]:
            if await self._healthy(url):
                seen = await look_at(self._client, url, self._model_name, longest)
                if seen.doubles_start:
                    self._extra = {"add_special_tokens": False}

    def loads(self) -> list[dict[str, Any]]:
        """What each server has done: the fields of `Replica`."""
        return self._servers.loads()

    async def _healthy(self, url: str) -> bool:
        return await is_well(self._client, url)

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        await self._client.aclose()
        await self._connections.close()

    async def _post(
        self, url: str, body: Mapping[str, Any], sampling: Sampling
    ) -> list[Completion]:
        try:
            with self._connections.one(url) as client:
                reply = await client.post(f"{url}/completions", json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Fault(f"{type(error).__name__}: {error}", away=True) from error
        except httpx.TimeoutException as error:
            raise Fault(f"time-out ({type(error).__name__})") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise Fault(f"{type(error).__name__}: {error}") from error
        if reply.status_code in _RETRY_STATUS or reply.status_code >= 500:
            raise Fault(
                f"HTTP {reply.status_code}: {server_words(reply)}",
                retry_after_s(reply),
                away=reply.status_code in _AWAY_STATUS,
            )
        if reply.status_code != 200:
            raise InputError(
                f"{url}/completions refused the request: HTTP {reply.status_code}: "
                f"{server_words(reply)}",
                "check engine.base_urls, engine.model_name, the API key and the prompt's length",
            )
        return read_completions(reply, sampling)


def _counted(server: Replica, completions: list[Completion]) -> list[Completion]:
    server.calls += 1
    server.tokens += sum(completion.tokens for completion in completions)
    return completions


def pause_s(attempt: int, first_s: float, fault: Fault) -> float:
    """Seconds before try `attempt` (1 is the second try): 30 at most, 5 for a server that is away.

    What the server asked for, else exponential, the upper half of it at random.
    """
    if fault.after_s is not None:
        return min(fault.after_s, _BACKOFF_MOST_S)
    most_s = _AWAY_MOST_S if fault.away else _BACKOFF_MOST_S
    doublings = min(attempt - 1, 64)  # 2.0 ** 1024 overflows, and patience may last a night
    ceiling = min(first_s * 2.0**doublings, most_s)
    return random.uniform(ceiling / 2, ceiling)
