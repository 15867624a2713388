"""Other schedules of the same search: engines that hold calls back before another engine."""

from __future__ import annotations

import asyncio

from search_bench import Wrapped

from meds3.engines.protocol import Completion, Engine, Sampling

# A tree is at its next call a few passes of the event loop after it was answered; those passes
# take longer while it verifies texts, hence a moment of real time too.
_PASSES = 50
_MOMENT_S = 0.005

Waiting = tuple[str, Sampling, asyncio.Future[list[Completion]]]


class OneAtATime(Wrapped):
    """One call at a time: the next begins when the last is answered."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._turn = asyncio.Lock()

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        async with self._turn:
            return await self._engine.generate(prompt, sampling)


class LockStep(Wrapped):
    """Batches with a barrier behind each.

    Calls are collected until no caller is left that could send another, sent as one batch, and
    none is answered before the slowest of the batch is done. `batches` holds their sizes.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.batches: list[int] = []
        self._waiting: list[Waiting] = []
        self._driver: asyncio.Task[None] | None = None

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        future: asyncio.Future[list[Completion]] = asyncio.get_running_loop().create_future()
        self._waiting.append((prompt, sampling, future))
        if self._driver is None:
            self._driver = asyncio.create_task(self._drive())
        return await future

    async def _drive(self) -> None:
        while self._waiting:
            await self._everyone_waits()
            batch, self._waiting = self._waiting, []
            self.batches.append(len(batch))
            done = await asyncio.gather(
                *(self._engine.generate(prompt, sampling) for prompt, sampling, _ in batch),
                return_exceptions=True,
            )
            for (_, _, future), result in zip(batch, done, strict=True):
                _answer(future, result)
        self._driver = None

    async def _everyone_waits(self) -> None:
        seen = -1
        while seen != len(self._waiting):
            seen = len(self._waiting)
            await asyncio.sleep(_MOMENT_S)
            for _ in range(_PASSES):
                await asyncio.sleep(0)


def _answer(
    future: asyncio.Future[list[Completion]], result: list[Completion] | BaseException
) -> None:
    if future.done():  # its caller has been cancelled
        return
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)
