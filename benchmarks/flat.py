"""The calls of a search without the search: all at once, so that the engine never waits."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from search_bench import Bench, Call

from meds3.engines.protocol import Engine

# Words that are one token each in the byte-pair vocabularies in use, with the blank before them.
_WORDS = (
    "time year people way day man thing woman life child world school state family student group "
    "country problem hand part place case week company system program question work government "
    "number night point home water room mother area money story fact month right study book"
)


@dataclass(frozen=True)
class Line:
    """One measurement; `tokens` were generated, `prompt_tokens` are counted once a call."""

    seconds: float
    calls: int
    prompt_tokens: int
    tokens: int

    @property
    def rate(self) -> float:
        """Generated tokens per second."""
        return self.tokens / self.seconds


def strangers(calls: Sequence[Call]) -> list[Call]:
    """Other calls: prompts as long in tokens, without a common prefix; as long in what they make.

    A sample ends at its token limit unless the model ends it before; the limit is the mean of
    the call's samples.
    """
    draw = random.Random("strangers")
    return [
        Call(
            " ".join(draw.choices(_WORDS.split(), k=call.prompt_tokens)),
            call.sampling.model_copy(
                update={"max_tokens": max(1, round(statistics.mean(call.generated))), "stop": ()}
            ),
            call.prompt_tokens,
            call.generated,
        )
        for call in calls
    ]


async def flat(engine: Engine, calls: Sequence[Call]) -> Line:
    """All calls at once."""
    began = time.perf_counter()
    done = await asyncio.gather(*(engine.generate(call.prompt, call.sampling) for call in calls))
    seconds = time.perf_counter() - began
    prompts = sum(completions[0].prompt_tokens for completions in done)
    return Line(seconds, len(calls), prompts, sum(c.tokens for found in done for c in found))


async def flat_lines(bench: Bench, name: str, calls: Sequence[Call]) -> dict[str, Line]:
    """The flat batch `name` on a fresh engine; the same calls cold, then warm."""
    engine = bench.engine()
    try:
        if name == "flat_other":
            return {name: await flat(engine, strangers(calls))}
        return {name: await flat(engine, calls), "flat_warm": await flat(engine, calls)}
    finally:
        await engine.close()
