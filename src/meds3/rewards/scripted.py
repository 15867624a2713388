"""Step scores from a function, for tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from meds3.chains.chain import Chain, Step


class ScriptedScorer:
    """A `StepScorer` that asks `score_step(prompt, step)` for every step after Step 0."""

    def __init__(self, score_step: Callable[[str, Step], float]) -> None:
        self._score_step = score_step
        self.calls = 0

    @property
    def name(self) -> str:
        return "scripted"

    async def score(self, prompt: str, chains: Sequence[Chain]) -> list[list[float]]:
        self.calls += 1
        return [[self._score_step(prompt, step) for step in chain.steps[1:]] for chain in chains]

    async def close(self) -> None:
        return None
