"""The door to the engine: how many tokens may be in flight, and who waits."""

from __future__ import annotations

import asyncio
from collections import deque

from meds3.engines.protocol import Completion, Engine, Sampling

# Until the engine has said how long its prompts are.
_CHARACTERS_PER_TOKEN = 3.0


class Admission:
    """An engine in front of an engine that admits calls by tokens, first come first served.

    A call weighs its prompt and the tokens it may generate at most. It goes through while the
    calls in flight weigh no more than `limit`, or when it is alone: a few long prompts fill the
    engine as many short ones do, and a queue of calls does not pile up inside it. `hungry` tells
    whoever feeds it that one more caller would be served at once; `freed` is set at every change.
    """

    def __init__(self, engine: Engine, limit: int) -> None:
        self._engine = engine
        self._limit = limit
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._prompt_characters, self._prompt_tokens = _CHARACTERS_PER_TOKEN, 1.0
        self.tokens_in_flight = 0
        self.sequences_in_flight = 0
        self.freed = asyncio.Event()

    @property
    def name(self) -> str:
        return self._engine.name

    @property
    def capacity(self) -> int:
        return self._engine.capacity

    @property
    def hungry(self) -> bool:
        return not self._waiting and self.tokens_in_flight < self._limit

    @property
    def occupancy(self) -> float:
        """Share of the engine's sequences that have work, in [0, 1]."""
        return min(1.0, self.sequences_in_flight / self.capacity)

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        """See `Engine.generate`."""
        weight = self._weight(prompt, sampling)
        await self._enter(weight)
        self.sequences_in_flight += sampling.n
        try:
            completions = await self._engine.generate(prompt, sampling)
        finally:
            self.sequences_in_flight -= sampling.n
            self._leave(weight)
        if completions and completions[0].prompt_tokens:
            self._prompt_characters += len(prompt)
            self._prompt_tokens += completions[0].prompt_tokens
        return completions

    async def close(self) -> None:
        await self._engine.close()

    def _weight(self, prompt: str, sampling: Sampling) -> int:
        prompt_tokens = len(prompt) * self._prompt_tokens / self._prompt_characters
        return round(prompt_tokens) + sampling.n * sampling.max_tokens

    def _fits(self, weight: int) -> bool:
        return self.tokens_in_flight == 0 or self.tokens_in_flight + weight <= self._limit

    async def _enter(self, weight: int) -> None:
        if not self._waiting and self._fits(weight):
            self.tokens_in_flight += weight
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((weight, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave(weight)  # it had been let in already
            raise

    def _leave(self, weight: int) -> None:
        self.tokens_in_flight -= weight
        while self._waiting:
            weight, turn = self._waiting[0]
            if turn.done():  # its caller was cancelled
                self._waiting.popleft()
            elif self._fits(weight):
                self._waiting.popleft()
                self.tokens_in_flight += weight
                turn.set_result(None)
            else:
                break
        self.freed.set()
