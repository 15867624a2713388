"""Step scores from a trained PRM on any torch device."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meds3.chains.chain import Chain
from meds3.errors import EngineError
from meds3.rewards.packing import (
    Pack,
    attention_window,
    join_packs,
    pack_chains,
    tokenize_prompt,
    tokenize_steps,
)
from meds3.rewards.prm_model import PACKING_MARK, load_prm, segment_logits

# Questions that wait are scored in one pass of so many tokens. On a CPU a question alone keeps the
# cores busy; on a GPU it does not, and attention grows with the square of the sequence.
_TOGETHER = {"cpu": 0, "cuda": 6_000}
_MOST = 64  # questions that a batch is made of


@dataclass(eq=False)
class _Request:
    prompt: str
    chains: list[Chain]
    future: asyncio.Future[list[list[float]]]


class TorchStepScorer:
    """A `StepScorer` over a PRM folder. One forward pass scores all chains of a question, on a GPU
    those of several questions.

    `threads` bounds torch's own threads for the whole process (None leaves them);
    `max_tokens` bounds one packed sequence of a question, `together` one of several (None: by the
    device). Raises `InputError` when `path` is no PRM.
    """

    def __init__(
        self,
        path: Path,
        device: str | None = None,
        threads: int | None = None,
        max_tokens: int = 2048,
        together: int | None = None,
    ) -> None:
        import torch

        if threads is not None:
            torch.set_num_threads(threads)
        self._path = path
        self._max_tokens = max_tokens
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        if together is None:
            together = _TOGETHER.get(self._device.split(":")[0], 0)
        self._model: Any
        self._model, self._tokenizer = load_prm(path, self._device)
        config = self._model.config
        self._alone = getattr(config, PACKING_MARK, "tree") == "none"
        self._window = attention_window(config)
        # A mask that keeps questions apart knows no windows of attention.
        self._together = 0 if self._alone or self._window is not None else together
        # One worker: passes wait for each other instead of sharing the same cores.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prm")
        self._waiting: list[_Request] = []
        self._runner: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return f"torch:{self._path.name}"

    async def score(self, prompt: str, chains: Sequence[Chain]) -> list[list[float]]:
        """One score in [0, 1] per step after Step 0 of each chain."""
        if self._model is None:
            raise EngineError(f"the scorer {self.name} is closed")
        future: asyncio.Future[list[list[float]]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Request(prompt, list(chains), future))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(0)  # let the callers of this tick join
            most = _MOST if self._together else 1
            batch, self._waiting = self._waiting[:most], self._waiting[most:]
            batch = [request for request in batch if not request.future.done()]
            try:
                found = await loop.run_in_executor(self._worker, self._score, batch)
            except Exception as error:  # noqa: BLE001 (told to those who wait for it)
                for request in batch:
                    if not request.future.done():
                        request.future.set_exception(error)
                continue
            for request, scores in zip(batch, found, strict=True):
                if not request.future.done():
                    request.future.set_result(scores)

    def _score(self, batch: Sequence[_Request]) -> list[list[list[float]]]:
        import torch

        found: list[list[list[float]]] = [[[] for _ in request.chains] for request in batch]
        waiting: list[tuple[Pack, list[list[float]]]] = []
        with torch.inference_mode():
            for request, scores in zip(batch, found, strict=True):
                for pack in self._packs(request):
                    if sum(len(other) for other, _ in waiting) + len(pack) > self._together:
                        self._score_packs(waiting)
                        waiting = []
                    waiting.append((pack, scores))
            self._score_packs(waiting)
        return found

    def _packs(self, request: _Request) -> list[Pack]:
        segments = [tokenize_steps(self._tokenizer, chain) for chain in request.chains]
        ids = tokenize_prompt(self._tokenizer, request.prompt)
        longest = len(ids) + max((sum(map(len, chain)) for chain in segments), default=0)
        alone = self._alone or (self._window is not None and longest > self._window)
        packs = pack_chains(ids, segments, 0 if alone else self._max_tokens)
        return [pack for pack in packs if any(len(path) > 1 for path in pack.paths)]

    def _score_packs(self, packs: Sequence[tuple[Pack, list[list[float]]]]) -> None:
        """One pass over packs that go together; each brings the list its scores go into."""
        if not packs:
            return
        joined = join_packs([pack for pack, _ in packs]) if len(packs) > 1 else packs[0][0]
        numbers = sorted({segment for path in joined.paths for segment in path[1:]})
        logits = segment_logits(self._model, joined, numbers)
        by_segment = dict(zip(numbers, logits.sigmoid().tolist(), strict=True))
        paths = iter(joined.paths)
        for pack, scores in packs:
            for place in pack.chains:
                scores[place] = [by_segment[segment] for segment in next(paths)[1:]]

    async def close(self) -> None:
        """Free the model. Further calls raise `EngineError`."""
        for request in self._waiting:
            if not request.future.done():
                request.future.set_exception(EngineError(f"the scorer {self.name} is closed"))
        self._waiting.clear()
        self._worker.shutdown(wait=True)
        self._model = None
