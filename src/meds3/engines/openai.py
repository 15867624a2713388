"""Any server with an OpenAI-compatible `/v1/completions`: vLLM, SGLang, llama.cpp, TGI."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from meds3.engines.protocol import Completion, Sampling
from meds3.errors import EngineError, InputError

_BACKOFF_FIRST_S = 0.5
_BACKOFF_MOST_S = 30.0
# Too busy, or a gateway without its server: worth another try, as is every 5xx.
_RETRY_STATUS = frozenset({408, 409, 425, 429})


@dataclass
class _Server:
    url: str
    outstanding: int = 0


class _Again(Exception):
    """A fault that another try may heal; `after_s` is what the server asked for.

    `away` says that no server took the request: it may be restarting.
    """

    def __init__(self, what: str, after_s: float | None = None, *, away: bool = False) -> None:
        super().__init__(what)
        self.after_s = after_s
        self.away = away


class OpenAIEngine:
    """Sends each call to the server with the fewest outstanding ones, and tries again on
    connection errors, time-outs, 429, 5xx, cut and empty answers with exponential backoff and
    jitter: `retries` times, and as long as no server can be reached, for `patience_s` seconds.

    `top_k` is not in OpenAI's API; it is sent (vLLM, SGLang and llama.cpp know it) unless 0.
    `base_urls` include the version: `http://127.0.0.1:8000/v1`.
    """

    def __init__(
        self,
        base_urls: Sequence[str],
        model_name: str,
        *,
        api_key: str | None = None,
        timeout_s: float = 300.0,
        retries: int = 5,
        patience_s: float = 120.0,
        max_in_flight: int = 64,
        backoff_first_s: float = _BACKOFF_FIRST_S,
    ) -> None:
        for url in base_urls:
            if not url.startswith(("http://", "https://")):
                raise InputError(
                    f"engine.base_urls: {url!r} is no http(s) address",
                    "for example http://127.0.0.1:8000/v1",
                )
        if not base_urls:
            raise InputError(
                "engine.base_urls is empty, and engine.kind is openai",
                "name a server: --set engine.base_urls=http://127.0.0.1:8000/v1",
            )
        self._servers = [_Server(url.rstrip("/")) for url in base_urls]
        self._model_name = model_name
        self._retries = retries
        self._patience_s = patience_s
        self._backoff_first_s = backoff_first_s
        self._max_in_flight = max_in_flight
        self._slots = asyncio.Semaphore(max_in_flight)
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 10.0)),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=max_in_flight),
            headers=headers,
            trust_env=False,  # a proxy from the environment would see the questions
        )

    @property
    def name(self) -> str:
        # Not the addresses: a resumed run may find the same model on another port.
        return f"openai:{self._model_name or 'default'}"

    @property
    def capacity(self) -> int:
        return self._max_in_flight

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        """See `Engine.generate`. A 4xx answer raises `InputError` with the server's words."""
        body = _body(self._model_name, prompt, sampling)
        fault = _Again("no try was made")
        url, failed, away_since = "", 0, None
        async with self._slots:
            for attempt in itertools.count():
                if self._client.is_closed:
                    raise EngineError(f"{self.name}: the engine is closed")
                if attempt:
                    await asyncio.sleep(self._pause_s(attempt, fault.after_s))
                url = self._next_url(url)
                try:
                    return await self._post(url, body, sampling)
                except _Again as again:
                    fault = again
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

    def _next_url(self, last: str) -> str:
        """The server with the fewest outstanding calls, but not the one that just failed.

        That one looks idle because it fails fast.
        """
        others = [server for server in self._servers if server.url != last] or self._servers
        return min(others, key=lambda server: server.outstanding).url

    async def close(self) -> None:
        await self._client.aclose()

    def _pause_s(self, attempt: int, asked_s: float | None) -> float:
        """What the server asked for, else exponential with full jitter; 30 s at most."""
        if asked_s is not None:
            return min(asked_s, _BACKOFF_MOST_S)
        ceiling = min(self._backoff_first_s * 2.0 ** (attempt - 1), _BACKOFF_MOST_S)
        return random.uniform(ceiling / 2, ceiling)

    async def _post(
        self, url: str, body: Mapping[str, Any], sampling: Sampling
    ) -> list[Completion]:
        server = next(server for server in self._servers if server.url == url)
        server.outstanding += 1
        try:
            reply = await self._client.post(f"{url}/completions", json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _Again(f"{type(error).__name__}: {error}", away=True) from error
        except httpx.TimeoutException as error:
            raise _Again(f"time-out ({type(error).__name__})") from error
        except httpx.TransportError as error:
            raise _Again(f"{type(error).__name__}: {error}") from error
        finally:
            server.outstanding -= 1
        if reply.status_code in _RETRY_STATUS or reply.status_code >= 500:
            raise _Again(f"HTTP {reply.status_code}: {_said(reply)}", _retry_after_s(reply))
        if reply.status_code != 200:
            raise InputError(
                f"{url}/completions refused the request: HTTP {reply.status_code}: {_said(reply)}",
                "check engine.base_urls, engine.model_name, the API key and the prompt's length",
            )
        return _completions(reply, sampling)


def _body(model_name: str, prompt: str, sampling: Sampling) -> dict[str, Any]:
    body: dict[str, Any] = {
        "prompt": prompt,
        "n": sampling.n,
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
    }
    if model_name:
        body["model"] = model_name
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if sampling.top_k > 0:
        body["top_k"] = sampling.top_k
    if sampling.choices:  # vLLM's field, since its version 0.12
        body["structured_outputs"] = {"choice": list(sampling.choices)}
    return body


def _completions(reply: httpx.Response, sampling: Sampling) -> list[Completion]:
    """Completions in index order. Token counts come from `usage`, shared out over the samples."""
    try:
        answer = reply.json()
        choices = sorted(answer["choices"], key=lambda choice: choice.get("index", 0))
        texts = [str(choice["text"]) for choice in choices]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _Again(f"an answer that is no completion: {reply.text[:200]!r}") from error
    if any(choice.get("finish_reason") is None for choice in choices):
        raise _Again("an answer that was cut off: no finish_reason")
    if len(texts) != sampling.n:
        raise InputError(
            f"{reply.url} gave {len(texts)} samples, {sampling.n} were asked for",
            "this server does not support `n`; use one that does (vLLM, SGLang)",
        )
    if odd := [text for text in texts if sampling.choices and text not in sampling.choices]:
        raise InputError(
            f"{reply.url} gave {odd[0][:80]!r}, which is none of the choices {sampling.choices}: "
            "it does not constrain its text",
            "search.think needs a server with structured outputs (vLLM 0.12 or newer); "
            "else --set search.think=false",
        )
    usage = answer.get("usage") or {}
    if not any(texts) and not usage.get("completion_tokens"):
        raise _Again("an empty answer, without any generated token")
    shares = _shares(int(usage.get("completion_tokens") or 0), [len(text) for text in texts])
    prompt_tokens = int(usage.get("prompt_tokens") or 0)
    return [
        Completion(text, tokens, _finish(choice), None, prompt_tokens)
        for text, tokens, choice in zip(texts, shares, choices, strict=True)
    ]


def _finish(choice: Mapping[str, Any]) -> Literal["stop", "length"]:
    return "length" if choice.get("finish_reason") == "length" else "stop"


def _shares(total: int, lengths: Sequence[int]) -> list[int]:
    """Split `total` tokens in proportion to text lengths; the parts add up to `total`.

    The API reports one sum for all samples of a call, so a single sample's count is an
    estimate when n > 1.
    """
    whole = sum(lengths) or len(lengths)
    weights = lengths if sum(lengths) else [1] * len(lengths)
    ends, reached = [0], 0
    for weight in weights:
        reached += weight
        ends.append(round(total * reached / whole))
    return [end - start for start, end in itertools.pairwise(ends)]


def _said(reply: httpx.Response) -> str:
    """The server's own message, however it is wrapped."""
    try:
        body = reply.json()
    except ValueError:
        return reply.text[:200]
    for key in ("error", "message", "detail"):
        if isinstance(body, dict) and body.get(key):
            body = body[key]
    return str(body)[:300]


def _retry_after_s(reply: httpx.Response) -> float | None:
    """`Retry-After` in seconds; a date there is left to our own backoff."""
    value = reply.headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        return None
