"""A replica as its curve has it: sequences that share its steps, prompts that hold them up."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from dataclasses import dataclass

from meds3.engines.affinity import problem_in_hand
from meds3.engines.protocol import Completion, Sampling
from meds3.engines.replicas import Replicas
from meds3.evolution.simulation.clock import charge
from meds3.evolution.simulation.curve import Curve
from meds3.evolution.simulation.prefixes import Prefixes
from meds3.evolution.simulation.recorded import Recorded


@dataclass
class _Call:
    left: int  # sequences
    answered: asyncio.Future[None]


class ModelledReplica:
    """Takes sequences up to its capacity, the others wait, first come first served.

    All running sequences get one token a step. `busy_s` is how long it had any, or read a prompt.
    """

    def __init__(self, curve: Curve) -> None:
        self.busy_s = 0.0
        self._curve = curve
        self._tokens = 0.0  # that a sequence which always ran has got
        self._at = 0.0
        self._running: list[tuple[float, int, _Call]] = []  # heap: by the tokens at its end
        self._waiting: deque[tuple[int, _Call]] = deque()
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._prefixes = Prefixes()

    async def run(self, problem: str, prompt: str, done: list[Completion]) -> None:
        """Return when `done` would have been generated after a prompt."""
        self._advance()
        reading = self._new(problem, prompt, done) / self._curve.prompt_per_s
        self._at += reading  # steps wait
        self.busy_s += reading
        call = _Call(len(done), asyncio.get_running_loop().create_future())
        self._waiting.extend((max(one.tokens, 1), call) for one in done)
        self._admit()
        await call.answered
        self._prefixes.add(problem, prompt, [one.text for one in done])

    def _new(self, problem: str, prompt: str, done: list[Completion]) -> int:
        """The tokens of a prompt that are not in the cache, which knows whole blocks only."""
        tokens, block = done[0].prompt_tokens, self._curve.block
        if not block:
            return tokens
        known = tokens * self._prefixes.known(problem, prompt) / max(len(prompt), 1)
        return tokens - min(int(known) // block * block, tokens - 1)

    def _advance(self) -> None:
        """Let time pass up to now."""
        now = asyncio.get_running_loop().time()
        if self._running and now > self._at:
            self.busy_s += now - self._at
            self._tokens += (now - self._at) / self._curve.seconds(len(self._running))
        self._at = max(now, self._at) if self._running else now

    def _admit(self) -> None:
        while self._waiting and len(self._running) < self._curve.capacity:
            length, call = self._waiting.popleft()
            heapq.heappush(self._running, (self._tokens + length, next(self._numbers), call))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._running:
            steps = self._running[0][0] - self._tokens
            ends = self._at + max(steps, 0.0) * self._curve.seconds(len(self._running))
            self._timer = asyncio.get_running_loop().call_at(ends, self._end)

    def _end(self) -> None:
        self._advance()
        # The first is at its end whatever rounding says, or time would stand still.
        self._tokens = max(self._tokens, self._running[0][0])
        while self._running and self._running[0][0] <= self._tokens:
            _, _, call = heapq.heappop(self._running)
            call.left -= 1
            if not call.left and not call.answered.done():
                call.answered.set_result(None)
        self._admit()


class ModelledEngine:
    """Replicas behind the rule that real ones have, with the answers of a recorded run."""

    name = "modelled"

    def __init__(self, curve: Curve, replicas: int, recorded: Recorded) -> None:
        self.capacity = curve.capacity * replicas
        self.tokens = 0
        self._call_s = curve.call_s
        self._recorded = recorded
        self._replicas = {f"http://replica-{n}/v1": ModelledReplica(curve) for n in range(replicas)}
        self._servers = Replicas([*self._replicas])

    @property
    def busy_s(self) -> float:
        """Seconds in which a replica worked, over all of them."""
        return sum(replica.busy_s for replica in self._replicas.values())

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        """See `Engine.generate`."""
        charge(self._call_s)
        problem = problem_in_hand()
        done = self._recorded.again(problem, prompt, sampling)
        server = self._servers.choose(problem)
        with self._servers.busy(server, len(prompt) // 3 + sampling.n * sampling.max_tokens):
            await self._replicas[server.url].run(problem, prompt, done)
        self.tokens += sum(completion.tokens for completion in done)
        return done

    async def close(self) -> None:
        """Nothing to free."""
