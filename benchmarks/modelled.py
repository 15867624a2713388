"""An engine as a GPU is: a step takes nearly as long for one sequence as for all it can hold.

On a few CPU cores the time of a step grows with its sequences, so an engine that is half empty is
as good as a full one and no schedule can lose much. Where a step costs the same whatever it holds,
empty places are lost time: there the schedule decides. This engine has such steps and no model; its
figures are those of a model of an engine, and are said to be.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from dataclasses import dataclass, field

from meds3.engines.protocol import Completion, Sampling

STEP_S = 0.002  # one token for every running sequence
CAPACITY = 64
FILL_SHARE = 0.2  # a full step takes so much longer than that of one sequence
PREFILL_PER_S = 50_000  # prompt tokens
MEDIAN_TOKENS = 70  # of a chain to its end; log-normal
SIGMA = 0.6


@dataclass
class _Request:
    completions: list[Completion]
    future: asyncio.Future[list[Completion]]
    waiting: deque[int]  # lengths of the samples that have no place yet
    running: list[int] = field(default_factory=list)  # tokens left of those that have


class ModelledEngine:
    """Answers by a script whose texts are as long as chains are, at the pace of the model."""

    name = "modelled"
    capacity = CAPACITY

    def __init__(self) -> None:
        self._requests: list[_Request] = []
        self._driver: asyncio.Task[None] | None = None

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        loop = asyncio.get_running_loop()
        done = [_completion(prompt, sampling, index) for index in range(sampling.n)]
        request = _Request(done, loop.create_future(), deque(c.tokens for c in done))
        self._requests.append(request)
        if self._driver is None or self._driver.done():
            self._driver = loop.create_task(self._drive())
        return await request.future

    async def close(self) -> None:
        """Nothing to free."""

    async def _drive(self) -> None:
        began, ahead = asyncio.get_running_loop().time(), 0.0
        while self._requests:
            ahead += self._step()
            # Sleeps are coarse: keep to the pace over many steps, not within each.
            pause = began + ahead - asyncio.get_running_loop().time()
            await asyncio.sleep(max(pause, 0.0))

    def _step(self) -> float:
        """One token for every running sequence; the seconds it takes."""
        places = self.capacity - sum(len(r.running) for r in self._requests)
        prefill = 0
        for request in self._requests:
            if request.waiting and places and not request.running:
                prefill += request.completions[0].prompt_tokens
            while request.waiting and places:
                request.running.append(request.waiting.popleft())
                places -= 1
        busy = self.capacity - places
        for request in self._requests:
            request.running = [left - 1 for left in request.running if left > 1]
            if not (request.running or request.waiting or request.future.done()):
                request.future.set_result(request.completions)
        self._requests = [r for r in self._requests if not r.future.done()]
        return STEP_S * (1 + FILL_SHARE * busy / self.capacity) + prefill / PREFILL_PER_S


def _completion(prompt: str, sampling: Sampling, index: int) -> Completion:
    draw = random.Random(f"{prompt[-60:]}:{sampling.seed}:{index}")
    length = round(MEDIAN_TOKENS * math.exp(draw.gauss(0, SIGMA)))
    if sampling.stop:  # a single step
        length = max(4, length // 3)
    length = min(length, sampling.max_tokens)
    thought = f" Finding {draw.randrange(10**6)} speaks for one of them."
    answer = f"\n\nStep 9: The answer is {draw.choice('ABCD')}."
    text = thought if sampling.stop else thought + answer
    finish = "length" if length == sampling.max_tokens else "stop"
    return Completion(text, length, finish, None, len(prompt) // 4)  # type: ignore[arg-type]
