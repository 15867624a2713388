from __future__ import annotations

import asyncio
import time

import pytest

from meds3.engines.protocol import Engine, Sampling
from meds3.engines.scripted import ScriptedEngine
from meds3.errors import EngineError


async def test_the_answer_is_a_function_of_prompt_seed_and_index() -> None:
    engine: Engine = ScriptedEngine(lambda p, s, i: f"{p}-{s.seed}-{i}")
    done = await engine.generate("q", Sampling(n=2, seed=4))
    assert [c.text for c in done] == ["q-4-0", "q-4-1"]


async def test_stop_and_max_tokens_cut_like_an_engine() -> None:
    engine = ScriptedEngine(lambda p, s, i: "one two three.\n\nfour five")
    (cut,) = await engine.generate("a b", Sampling(stop=("\n\n", "zzz")))
    assert (cut.text, cut.tokens, cut.finish, cut.prompt_tokens) == ("one two three.", 3, "stop", 2)
    (short,) = await engine.generate("a b", Sampling(max_tokens=2))
    assert (short.text, short.tokens, short.finish) == ("one two", 2, "length")
    assert (engine.calls, engine.tokens) == (2, 5)


async def test_it_fails_when_told_and_waits_when_told() -> None:
    engine = ScriptedEngine(lambda p, s, i: "x", delay_s=0.05, fail_after=20)
    began = time.monotonic()
    await asyncio.gather(*(engine.generate("p", Sampling()) for _ in range(20)))
    assert 0.05 <= time.monotonic() - began < 0.5
    with pytest.raises(EngineError, match="after 20 calls"):
        await engine.generate("p", Sampling())
    await engine.close()
    with pytest.raises(EngineError, match="closed"):
        await engine.generate("p", Sampling())
