"""The calls of a search without the search: all at once, so that the engine never waits."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

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
    """One measurement; `tokens` were generated, `prompt_tokens` are counted once a call.

    `cpu_seconds` are those of all threads: fewer than cores times seconds when the engine waits,
    or when something else runs on the machine.
    """

    seconds: float
    cpu_seconds: float
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
                update={
                    "max_tokens": max(1, round(statistics.mean(call.generated))),
                    "stop": (),
                    "choices": (),
                }
            ),
            call.prompt_tokens,
            call.generated,
        )
        for call in calls
    ]


async def flat(engine: Engine, calls: Sequence[Call]) -> Line:
    """All calls at once."""
    began, cpu = time.perf_counter(), time.process_time()
    done = await asyncio.gather(*(engine.generate(call.prompt, call.sampling) for call in calls))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    prompts = sum(completions[0].prompt_tokens for completions in done)
    tokens = sum(c.tokens for completions in done for c in completions)
    return Line(seconds, cpu, len(calls), prompts, tokens)


def roots(calls: Sequence[Call]) -> list[Call]:
    """A call of one token for every prompt that no other prompt is a beginning of."""
    found: list[Call] = []
    for call in sorted(calls, key=lambda call: call.prompt):  # a beginning sorts before its ends
        if not found or not call.prompt.startswith(found[-1].prompt):
            once = call.sampling.model_copy(update={"n": 1, "max_tokens": 1})
            found.append(Call(call.prompt, once, call.prompt_tokens, (1,)))
    return found


async def flat_shared(engine: Engine, calls: Sequence[Call]) -> Line:
    """Every root once, then all calls at once; timed together, the roots' tokens left out."""
    first = await flat(engine, roots(calls))
    rest = await flat(engine, calls)
    return replace(
        rest,
        seconds=first.seconds + rest.seconds,
        cpu_seconds=first.cpu_seconds + rest.cpu_seconds,
    )


async def flat_lines(bench: Bench, name: str, calls: Sequence[Call]) -> dict[str, Line]:
    """The flat batch `name` of `FLAT` on a fresh engine; with the same calls cold comes warm."""
    engine = bench.engine()
    try:
        found = {name: await FLAT[name](engine, calls)}
        return found | {"flat_warm": await flat(engine, calls)} if name == "flat_same" else found
    finally:
        await engine.close()


async def flat_other(engine: Engine, calls: Sequence[Call]) -> Line:
    """All calls at once, each in the place of a call of the search."""
    return await flat(engine, strangers(calls))


FLAT: dict[str, Callable[[Engine, Sequence[Call]], Awaitable[Line]]] = {
    "flat_same": flat,
    "flat_shared": flat_shared,
    "flat_other": flat_other,
}
