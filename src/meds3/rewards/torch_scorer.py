"""Step scores from a trained PRM on any torch device."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from meds3.chains.chain import Chain
from meds3.errors import EngineError
from meds3.rewards.packing import (
    Pack,
    attention_window,
    pack_chains,
    tokenize_prompt,
    tokenize_steps,
)
from meds3.rewards.prm_model import PACKING_MARK, load_prm, segment_logits


class TorchStepScorer:
    """A `StepScorer` over a PRM folder. One forward pass scores all chains of a question.

    `threads` bounds torch's own threads for the whole process (None leaves them);
    `max_tokens` bounds one packed sequence. Raises `InputError` when `path` is no PRM.
    """

    def __init__(
        self,
        path: Path,
        device: str | None = None,
        threads: int | None = None,
        max_tokens: int = 2048,
    ) -> None:
        import torch

        if threads is not None:
            torch.set_num_threads(threads)
        self._path = path
        self._max_tokens = max_tokens
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._model: Any
        self._model, self._tokenizer = load_prm(path, self._device)
        config = self._model.config
        self._alone = getattr(config, PACKING_MARK, "tree") == "none"
        self._window = attention_window(config)
        # One worker: passes wait for each other instead of sharing the same cores.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prm")

    @property
    def name(self) -> str:
        return f"torch:{self._path.name}"

    async def score(self, prompt: str, chains: Sequence[Chain]) -> list[list[float]]:
        """One score in [0, 1] per step after Step 0 of each chain."""
        if self._model is None:
            raise EngineError(f"the scorer {self.name} is closed")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self._score, prompt, list(chains))

    def _score(self, prompt: str, chains: list[Chain]) -> list[list[float]]:
        import torch

        segments = [tokenize_steps(self._tokenizer, chain) for chain in chains]
        ids = tokenize_prompt(self._tokenizer, prompt)
        longest = len(ids) + max((sum(map(len, chain)) for chain in segments), default=0)
        alone = self._alone or (self._window is not None and longest > self._window)
        packs = pack_chains(ids, segments, 0 if alone else self._max_tokens)
        scores: list[list[float]] = [[] for _ in chains]
        with torch.inference_mode():
            for pack in packs:
                self._score_pack(pack, scores)
        return scores

    def _score_pack(self, pack: Pack, scores: list[list[float]]) -> None:
        numbers = sorted({segment for path in pack.paths for segment in path[1:]})
        if not numbers:
            return
        logits = segment_logits(self._model, pack, numbers)
        by_segment = dict(zip(numbers, logits.sigmoid().tolist(), strict=True))
        for place, path in zip(pack.chains, pack.paths, strict=True):
            scores[place] = [by_segment[segment] for segment in path[1:]]

    async def close(self) -> None:
        """Free the model. Further calls raise `EngineError`."""
        self._worker.shutdown(wait=True)
        self._model = None
