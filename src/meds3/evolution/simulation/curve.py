"""How long an engine takes: a few numbers, measured, for as many replicas as one likes."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meds3.engines.protocol import Engine, Sampling
from meds3.errors import InputError

_TOKENS = 48
_SIZES = (1, 4, 16, 64)
_FILLER = "The trial reports that the outcome improved relative to placebo (OR 0.8, 0.6 to 0.95). "


class Curve(BaseModel):
    """One replica. A step generates a token for every running sequence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: str = Field(description="what was measured, and where")
    step_s: float = Field(ge=0, description="seconds of a step, whatever it holds")
    sequence_s: float = Field(ge=0, description="seconds a step takes longer for each sequence")
    prompt_per_s: float = Field(gt=0, description="prompt tokens a second; steps wait meanwhile")
    capacity: int = Field(ge=1, description="sequences that run at once")

    def seconds(self, sequences: int) -> float:
        """Of a step that holds so many sequences."""
        return self.step_s + self.sequence_s * sequences


def read_curve(path: Path) -> Curve:
    """Raises `InputError` for a file that holds no curve."""
    try:
        return Curve.model_validate_json(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(
            f"--engine {path}: {error.strerror}", "measure one: meds3 simulate RUN --measure FILE"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"--engine {path}: {'.'.join(map(str, first['loc']))}: {first['msg']}",
            "measure one: meds3 simulate RUN --measure FILE",
        ) from error


async def measured(engine: Engine, repeats: int = 2) -> Curve:
    """The curve of an engine, in a minute or two: prompts alone, then 1 to 64 sequences at once.

    Least squares over the batches' seconds a step; each is the faster of `repeats` (what else the
    machine does only adds).
    """
    number = 0

    async def batch(size: int, tokens: int) -> tuple[float, int]:
        nonlocal number
        calls = []
        for _ in range(size):
            number += 1
            prompt = f"Patient {number * 7919}: {_FILLER * 6}"  # no two share their beginning
            calls.append(engine.generate(prompt, Sampling(max_tokens=tokens, seed=number)))
        began = time.perf_counter()
        done = await asyncio.gather(*calls)
        return time.perf_counter() - began, sum(c[0].prompt_tokens for c in done)

    await batch(1, 2)
    sizes = [size for size in _SIZES if size <= engine.capacity]
    prompts = [await batch(sizes[-1], 1) for _ in range(repeats)]
    prompt_per_s = max(tokens / seconds for seconds, tokens in prompts)
    steps = []
    for size in sizes:
        rows = [await batch(size, _TOKENS) for _ in range(repeats)]
        steps.append(min(s - tokens / prompt_per_s for s, tokens in rows) / _TOKENS)
    slope, start = np.polyfit(sizes, steps, 1)
    return Curve(
        engine=engine.name,
        step_s=max(float(start), 0.0),
        sequence_s=max(float(slope), 0.0),
        prompt_per_s=prompt_per_s,
        capacity=engine.capacity,
    )
