"""The CPU engine with the real embedded model."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from meds3.engines.models import ensure_model
from meds3.engines.openvino import OpenVinoEngine
from meds3.engines.protocol import Sampling
from meds3.errors import EngineError, InputError

pytestmark = pytest.mark.model

PROMPT = "<|im_start|>user\nWhat is aspirin?<|im_end|>\n<|im_start|>assistant\nAspirin is"


@pytest.fixture(scope="module")
def engine() -> Iterator[OpenVinoEngine]:
    engine = OpenVinoEngine(ensure_model("embedded"), cache_gb=0.25, max_sequences=8)
    yield engine
    asyncio.run(engine.close())


async def test_one_call_gives_n_different_samples_with_counts(engine: OpenVinoEngine) -> None:
    done = await engine.generate(PROMPT, Sampling(n=3, max_tokens=12, seed=1))
    assert len({c.text for c in done}) == 3
    for c in done:
        assert 0 < c.tokens <= 12
        assert c.prompt_tokens == 17
        assert c.logprob is None  # OpenVINO's score is that of the reshaped distribution
        assert "<|im" not in c.text


async def test_same_seed_alone_repeats_and_another_seed_differs(engine: OpenVinoEngine) -> None:
    async def texts(seed: int) -> list[str]:
        return [
            c.text for c in await engine.generate(PROMPT, Sampling(n=2, max_tokens=12, seed=seed))
        ]

    assert await texts(7) == await texts(7)
    assert await texts(7) != await texts(8)


async def test_stop_string_is_not_in_the_text(engine: OpenVinoEngine) -> None:
    plain = (await engine.generate(PROMPT, Sampling(temperature=0, max_tokens=20)))[0]
    assert plain.finish == "length"
    stop = plain.text.split()[4]
    (cut,) = await engine.generate(
        PROMPT, Sampling(temperature=0, max_tokens=20, stop=(stop, "\n\n"))
    )
    assert cut.finish == "stop"
    assert stop not in cut.text
    assert plain.text.startswith(cut.text)


async def test_a_choice_is_one_of_the_choices(engine: OpenVinoEngine) -> None:
    """Also where the model would rather write something else, and for every sample."""
    choices = (" another step", " the answer")
    hot = {"temperature": 5.0, "top_k": 0, "top_p": 1.0}
    sampling = Sampling(n=8, choices=choices, max_tokens=2, seed=3, **hot)
    for _ in range(2):
        done = await engine.generate(PROMPT, sampling)
        assert {c.text for c in done} == set(choices)
    odd = ("(a) 5 mg/kg?", "[b]* 7.5%")  # nothing of a choice is read as a pattern
    texts = [c.text for c in await engine.generate(PROMPT, Sampling(n=4, choices=odd))]
    assert set(texts) <= set(odd)
    (likely,) = await engine.generate(PROMPT, Sampling(temperature=0, choices=(" a drug", " zzz")))
    assert likely.text == " a drug"


async def test_many_calls_share_the_batch_and_a_cancelled_one_is_dropped(
    engine: OpenVinoEngine,
) -> None:
    long = asyncio.create_task(engine.generate(PROMPT, Sampling(max_tokens=4000)))
    calls = [
        asyncio.create_task(engine.generate(f"{i} {PROMPT}", Sampling(n=2, max_tokens=6, seed=i)))
        for i in range(10)
    ]
    done = await asyncio.gather(*calls)
    assert [len(d) for d in done] == [2] * 10
    assert not long.done()
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long
    assert await asyncio.wait_for(engine.generate(PROMPT, Sampling(max_tokens=3)), 30)


async def test_closing_after_a_cancelled_call_leaves_no_complaint(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The library says `[ERROR] ... leaked` when its pipeline goes with requests still in it."""
    closed = OpenVinoEngine(ensure_model("embedded"), cache_gb=0.1)
    dropped = asyncio.create_task(closed.generate(PROMPT, Sampling(n=4, max_tokens=4000)))
    pending = asyncio.create_task(closed.generate(PROMPT, Sampling(max_tokens=4000)))
    await closed.generate(PROMPT, Sampling(max_tokens=3))
    dropped.cancel()
    await asyncio.gather(dropped, return_exceptions=True)
    await closed.close()
    assert isinstance((await asyncio.gather(pending, return_exceptions=True))[0], EngineError)
    said = capfd.readouterr()
    assert "leaked" not in said.out + said.err


async def test_what_can_never_fit_is_said_at_once(engine: OpenVinoEngine) -> None:
    with pytest.raises(InputError, match=r"exceed the context .*8192"):
        await engine.generate("word " * 9000, Sampling(max_tokens=8))
    with pytest.raises(InputError, match="KV cache"):
        await engine.generate(PROMPT, Sampling(n=8, max_tokens=8000))
    with pytest.raises(InputError, match="temperature 0"):
        await engine.generate(PROMPT, Sampling(n=2, temperature=0))
    with pytest.raises(InputError, match="max_sequences"):
        await engine.generate(PROMPT, Sampling(n=9))


async def test_a_full_cache_preempts_and_finishes() -> None:
    small = OpenVinoEngine(ensure_model("embedded"), cache_gb=0.008, max_sequences=8)  # 19 blocks
    try:
        calls = [small.generate(f"{i} {PROMPT}", Sampling(n=2, max_tokens=70)) for i in range(4)]
        done = await asyncio.wait_for(asyncio.gather(*calls), 120)
        assert all(c.tokens > 0 for d in done for c in d)
    finally:
        await small.close()


@pytest.fixture
async def own(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenVinoEngine]:
    engine = OpenVinoEngine(ensure_model("embedded"), cache_gb=0.05, max_sequences=4)
    yield engine
    await engine.close()


async def test_a_dead_pipeline_fails_pending_and_later_calls(own: OpenVinoEngine) -> None:
    class Broken:
        def __init__(self, real: object) -> None:
            self.real, self.steps = real, 0

        def __getattr__(self, name: str) -> object:
            return getattr(self.real, name)

        def step(self) -> None:
            self.steps += 1
            if self.steps > 3:
                raise RuntimeError("Check failed:\nno more memory")
            self.real.step()  # type: ignore[attr-defined]

    own._pipeline = Broken(own._pipeline)
    calls = [own.generate(PROMPT, Sampling(n=2, max_tokens=50)) for _ in range(5)]
    done = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 60)
    assert all(isinstance(d, EngineError) and "no more memory" in str(d) for d in done)
    with pytest.raises(EngineError, match="no more memory"):
        await own.generate(PROMPT, Sampling())


async def test_close_fails_pending_calls(own: OpenVinoEngine) -> None:
    pending = asyncio.create_task(own.generate(PROMPT, Sampling(max_tokens=3000)))
    await asyncio.sleep(0.3)
    await own.close()
    with pytest.raises(EngineError, match="closed"):
        await asyncio.wait_for(pending, 10)


def test_a_broken_model_file_is_named(tmp_path: Path) -> None:
    for name, body in (("a.gguf", b"GGUF"), ("b.gguf", b"hello, not a model")):
        (tmp_path / name).write_bytes(body)
        with pytest.raises(InputError, match=name):
            OpenVinoEngine(tmp_path / name)
    with pytest.raises(InputError, match=r"reads \.gguf"):
        OpenVinoEngine(tmp_path)


_INTERRUPTED = """
import asyncio, os, signal, sys
from meds3.engines.models import ensure_model
from meds3.engines.openvino import OpenVinoEngine
from meds3.engines.protocol import Sampling

def heard(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGTERM, heard)

async def main():
    engine = OpenVinoEngine(ensure_model("embedded"), cache_gb=0.05, max_sequences=4)
    await engine.generate("Hello", Sampling(max_tokens=4))
    if sys.argv[1] == "closed":
        await engine.close()
    signal.raise_signal(signal.SIGTERM)

try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("state", ["open", "closed"])
def test_a_signal_finds_its_stack_after_the_engine_was_closed(state: str) -> None:
    """OpenVINO leaves the thread's signal stack at memory that is gone: Ctrl-C would crash."""
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED, state], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr


async def test_without_prefix_caching_a_seed_repeats_whatever_came_between() -> None:
    plain = OpenVinoEngine(ensure_model("embedded"), cache_gb=0.25, prefix_caching=False)
    long = PROMPT.replace("aspirin?", "aspirin, and what is it good for in children and adults?")
    asked = [Sampling(n=4, max_tokens=24, seed=seed) for seed in range(2)]
    try:
        first = [await plain.generate(prompt, s) for prompt in (PROMPT, long) for s in asked]
        again = [await plain.generate(prompt, s) for prompt in (PROMPT, long) for s in asked]
    finally:
        await plain.close()
    assert again == first
