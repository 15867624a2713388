"""Pay for a call once: look it up in a log, else call the engine and record the answer."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Protocol

from meds3.engines.protocol import Completion, Engine, Sampling


class CallLog(Protocol):
    """Where finished calls are kept."""

    def lookup(self, key: str) -> list[Completion] | None:
        """The completions of a finished call, None when it never finished."""
        ...

    async def borrow(self, key: str, purpose: str) -> list[Completion] | None:
        """The same from elsewhere, such as an earlier run; from now on kept as our own."""
        ...

    async def record(
        self,
        key: str,
        completions: list[Completion],
        seconds: float,
        purpose: str,
    ) -> None:
        """Keep a finished call; when this returns, a kill no longer loses it."""
        ...


class JournalledEngine:
    """An engine whose finished calls are replayed from `log`.

    A call is the `model` (its digest: two policies may share a file name), its prompt and its
    sampling, so callers who want fresh samples of one prompt change the seed. `purpose` is only
    written down. Two identical calls in flight share one. Counters: `paid_calls`,
    `replayed_calls`, `generated_tokens` (of paid calls).
    """

    def __init__(self, engine: Engine, log: CallLog, model: str = "", purpose: str = "") -> None:
        self._engine = engine
        self._log = log
        self._model = model
        self._purpose = purpose
        self._in_flight: dict[str, asyncio.Task[list[Completion]]] = {}
        self._waiting: dict[str, int] = {}
        self.paid_calls = 0
        self.replayed_calls = 0
        self.generated_tokens = 0

    @property
    def name(self) -> str:
        return self._engine.name

    @property
    def capacity(self) -> int:
        return self._engine.capacity

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        """See `Engine.generate`."""
        key = call_key(self._model or self.name, prompt, sampling)
        task = self._in_flight.get(key)
        if task is None:
            if (known := self._log.lookup(key)) is not None:
                self.replayed_calls += 1
                return known
            task = asyncio.create_task(self._pay(key, prompt, sampling))
            self._in_flight[key] = task
            task.add_done_callback(lambda _: self._in_flight.pop(key, None))
        else:
            self.replayed_calls += 1
        return await self._share(key, task)

    async def close(self) -> None:
        for task in list(self._in_flight.values()):
            task.cancel()
        await self._engine.close()

    async def _share(self, key: str, task: asyncio.Task[list[Completion]]) -> list[Completion]:
        """Wait without owning: the call is dropped only when its last waiter is cancelled."""
        self._waiting[key] = self._waiting.get(key, 0) + 1
        try:
            return list(await asyncio.shield(task))
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key]
                task.cancel()  # does nothing to a finished task

    async def _pay(self, key: str, prompt: str, sampling: Sampling) -> list[Completion]:
        if (known := await self._log.borrow(key, self._purpose)) is not None:
            self.replayed_calls += 1
            return known
        began = time.monotonic()
        completions = await self._engine.generate(prompt, sampling)
        self.paid_calls += 1
        self.generated_tokens += sum(completion.tokens for completion in completions)
        await self._log.record(key, completions, time.monotonic() - began, self._purpose)
        return completions


def call_key(model: str, prompt: str, sampling: Sampling) -> str:
    """sha256 (hex) over the model, the prompt and every field of the sampling."""
    parts = (model, prompt, sampling.model_dump_json())
    digest = hashlib.sha256()
    for part in parts:
        body = part.encode("utf-8", "surrogatepass")
        digest.update(len(body).to_bytes(8, "big") + body)
    return digest.hexdigest()
