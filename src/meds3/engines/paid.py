"""An engine that nobody may ask: what is wanted of it has been paid elsewhere."""

from __future__ import annotations

from meds3.engines.protocol import Completion, Sampling
from meds3.errors import EngineError

_AT_ONCE = 256  # looked up in a journal at a time


class PaidElsewhere:
    """Stands behind a journal that workers have filled: no model is loaded where none is needed."""

    capacity = _AT_ONCE

    def __init__(self, name: str) -> None:
        self.name = name

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        """Raises `EngineError`: the call is in no journal."""
        raise EngineError(
            f"{self.name}: a call that the workers have not brought back",
            "run the same command again: it resumes",
        )

    async def close(self) -> None:
        """Nothing to free."""
