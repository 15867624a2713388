"""How long an engine takes: a few numbers, measured, for as many replicas as one likes."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meds3.engines.protocol import Completion, Engine, Sampling
from meds3.errors import InputError

_SIZES = (1, 4, 16, 64)

Asked = tuple[str, Sampling]


class Curve(BaseModel):
    """One replica. A step generates a token for every running sequence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: str = Field(description="what was measured, and where")
    step_s: float = Field(ge=0, description="seconds of a step, whatever it holds")
    sequence_s: float = Field(ge=0, description="seconds a step takes longer for each sequence")
    prompt_per_s: float = Field(gt=0, description="prompt tokens a second; steps wait meanwhile")
    block: int = Field(
        ge=0, description="tokens that its cache of prompts keeps together; 0: it keeps none"
    )
    capacity: int = Field(ge=1, description="sequences that run at once")
    call_s: float = Field(
        0.0, ge=0, description="seconds of CPU that the driver needs for a call over HTTP"
    )

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


async def measured(
    engine: Engine,
    calls: Sequence[Asked],
    block: int,
    *,
    over_http: bool = False,
    repeats: int = 2,
) -> Curve:
    """The curve of an engine from calls that a run made, in a minute or two.

    They are asked in batches of 1 to 64 sequences, none of which shares its beginning with
    another: first for a token each, then as the run asked them. Least squares over the batches'
    seconds, each weighed by its own. `block` tokens are kept or forgotten together in its cache.
    """
    clock = asyncio.get_running_loop().time
    drawn, number = random.Random(0), itertools.count(1)

    async def batch(size: int, most: int | None = None) -> tuple[float, list[list[Completion]]]:
        chosen: list[Asked] = []
        while (left := size - sum(sampling.n for _, sampling in chosen)) > 0:
            prompt, sampling = drawn.choice(calls)
            changed: dict[str, Any] = {"n": min(sampling.n, left), "seed": next(number)}
            if most is not None:
                changed |= {"max_tokens": most, "stop": ()}
            chosen.append((f"Case {next(number)}. {prompt}", sampling.model_copy(update=changed)))
        began = clock()
        done = await asyncio.gather(*(engine.generate(*call) for call in chosen))
        return clock() - began, done

    def row(seconds: float, done: list[list[Completion]]) -> tuple[float, ...]:
        lengths = [max(one.tokens, 1) for call in done for one in call]
        return max(lengths), sum(lengths), sum(call[0].prompt_tokens for call in done), seconds

    await batch(1, 2)
    sizes = [size for size in _SIZES if size <= engine.capacity]
    rows = [row(*await batch(sizes[-1], 1)) for _ in range(repeats)]
    asked, worked = 0, time.process_time()
    for size in [size for size in sizes for _ in range(repeats)]:
        seconds, done = await batch(size)
        rows.append(row(seconds, done))
        asked += len(done)
    # An engine in this process works in it as well: what the driver does is not told apart.
    call_s = (time.process_time() - worked) / asked if over_http else 0.0
    step_s, sequence_s, prompt_s = _fitted(rows)
    return Curve(
        engine=engine.name,
        step_s=step_s,
        sequence_s=sequence_s,
        prompt_per_s=1 / max(prompt_s, 1e-9),
        block=block,
        capacity=engine.capacity,
        call_s=call_s,
    )


def _fitted(rows: Sequence[tuple[float, ...]]) -> list[float]:
    """Seconds a step, a sequence in it, and a prompt token; none is negative.

    A row: steps, tokens, prompt tokens, seconds.
    """
    known, seconds = np.array(rows, float)[:, :-1], np.array(rows, float)[:, -1]
    weighed = known / seconds[:, None]
    used = [0, 1, 2]
    while True:  # what would be negative is nothing, and the others are fitted again
        found = np.zeros(3)
        found[used], *_ = np.linalg.lstsq(weighed[:, used], np.ones(len(rows)), rcond=None)
        if (found >= 0).all():
            return [float(x) for x in found]
        used = [index for index in used if found[index] > 0]
