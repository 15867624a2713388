"""An engine without a model, for tests: the answer is a function of prompt, sampling, index."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from meds3.engines.protocol import Completion, Sampling
from meds3.errors import EngineError

Answer = Callable[[str, Sampling, int], str]


class ScriptedEngine:
    """Deterministic: `answer(prompt, sampling, index)` is the raw text of sample `index`.

    A token is a blank-separated word with the blanks before it. Stop strings and
    `max_tokens` cut the text as an engine would; of `choices` it takes the longest that the text
    begins with, whole, else one by the seed. `delay_s` is slept per call; after `fail_after` calls
    every call raises `EngineError`.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        delay_s: float = 0.0,
        fail_after: int | None = None,
        name: str = "scripted",
        capacity: int = 64,
    ) -> None:
        self._answer = answer
        self._delay_s = delay_s
        self._fail_after = fail_after
        self._name = name
        self._capacity = capacity
        self._closed = False
        self.calls = 0
        self.tokens = 0

    @property
    def name(self) -> str:
        return self._name

    @property
    def capacity(self) -> int:
        return self._capacity

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        if self._closed:
            raise EngineError(f"{self.name}: the engine is closed")
        if self._fail_after is not None and self.calls >= self._fail_after:
            raise EngineError(f"{self.name}: failed after {self._fail_after} calls, as told")
        self.calls += 1
        await asyncio.sleep(self._delay_s)
        completions = [
            _cut(self._answer(prompt, sampling, index), prompt, sampling)
            for index in range(sampling.n)
        ]
        self.tokens += sum(completion.tokens for completion in completions)
        return completions

    async def close(self) -> None:
        self._closed = True


def _cut(text: str, prompt: str, sampling: Sampling) -> Completion:
    if sampling.choices:
        begun = [choice for choice in sampling.choices if text.startswith(choice)]
        by_seed = sampling.choices[sampling.seed % len(sampling.choices)]
        text = max(begun, key=len, default=by_seed)
        return Completion(text, len(text.split(" ")), "stop", prompt_tokens=len(prompt.split()))
    found = [at for stop in sampling.stop if (at := text.find(stop)) >= 0]
    text = text[: min(found)] if found else text
    words = text.split(" ")
    finish_early = len(words) > sampling.max_tokens
    kept = words[: sampling.max_tokens]
    return Completion(
        " ".join(kept),
        len(kept),
        "length" if finish_early else "stop",
        prompt_tokens=len(prompt.split()),
    )
