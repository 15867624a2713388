"""What a server may answer that looks like a completion and is none, and a server that is away."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meds3.engines.completions_api import Fault
from meds3.engines.openai import OpenAIEngine, pause_s
from meds3.engines.protocol import Sampling
from meds3.errors import EngineError
from tests.engines.test_openai import engine_for, good, serving

_TEXT = {"index": 0, "text": " It is", "finish_reason": "stop"}
_NOT_COMPLETIONS: dict[str, Any] = {
    "no samples": {"choices": []},
    "no choices": {"object": "error"},
    "choices null": {"choices": None},
    "a list": [_TEXT],
    "null text": {"choices": [_TEXT | {"text": None}]},
    "a number for a text": {"choices": [_TEXT | {"text": 5}]},
    "chat message": {"choices": [{"message": {"content": "It is"}, "finish_reason": "stop"}]},
    "usage no object": {"choices": [_TEXT], "usage": [3]},
    "usage in words": {"choices": [_TEXT], "usage": {"completion_tokens": "many"}},
    "aborted": {"choices": [_TEXT | {"finish_reason": "abort"}]},
    "failed": {"choices": [_TEXT | {"finish_reason": "error"}]},
    "no finish_reason": {"choices": [{"index": 0, "text": " It is"}]},
}


@pytest.mark.parametrize("what", _NOT_COMPLETIONS)
async def test_what_is_no_whole_completion_is_asked_again(what: str) -> None:
    async def reply(number: int, body: dict[str, Any]) -> Any:
        return (200, {}, _NOT_COMPLETIONS[what]) if number == 0 else good(body)

    async with serving(reply) as (server, url):
        engine = engine_for(url)
        (done,) = await engine.generate("q", Sampling())
        await engine.close()
    assert done.text == " sample 0"
    assert len(server.bodies) == 2


async def test_a_body_that_cannot_be_unpacked_is_asked_again() -> None:
    async def reply(number: int, body: dict[str, Any]) -> Any:
        return (200, {"Content-Encoding": "gzip"}, "not gzip") if number == 0 else good(body)

    async with serving(reply) as (server, url):
        engine = engine_for(url)
        assert len(await engine.generate("q", Sampling())) == 1
        await engine.close()
    assert len(server.bodies) == 2


async def test_an_empty_answer_to_a_choice_is_a_fault_and_not_a_server_that_cannot() -> None:
    async def reply(number: int, body: dict[str, Any]) -> Any:
        text = "" if number == 0 else " yes"
        return 200, {}, {"choices": [{"text": text, "finish_reason": "stop"}]}

    async with serving(reply) as (server, url):
        engine = engine_for(url)
        (done,) = await engine.generate("q", Sampling(choices=(" yes", " no")))
        await engine.close()
    assert done.text == " yes"
    assert len(server.bodies) == 2


async def test_an_answer_of_nothing_but_an_end_token_is_a_completion() -> None:
    async def reply(_: int, body: dict[str, Any]) -> Any:
        choice = {"text": "", "finish_reason": "stop"}
        return 200, {}, {"choices": [choice], "usage": {"completion_tokens": 1}}

    async with serving(reply) as (server, url):
        engine = engine_for(url)
        (done,) = await engine.generate("q", Sampling())
        await engine.close()
    assert (done.text, done.tokens, len(server.bodies)) == ("", 1, 1)


async def test_a_choice_has_room_whatever_max_tokens_says() -> None:
    async def reply(_: int, body: dict[str, Any]) -> Any:
        return 200, {}, {"choices": [{"text": " a long choice", "finish_reason": "stop"}]}

    async with serving(reply) as (server, url):
        engine = engine_for(url)
        choices = (" a long choice", " no")
        await engine.generate("q", Sampling(max_tokens=1, choices=choices))
        await engine.close()
    # Spelt byte by byte it is 14 tokens and the end token.
    assert server.bodies[0]["max_tokens"] >= len(" a long choice") + 1


def test_the_pauses_grow_are_bounded_and_never_overflow() -> None:
    """By hand: between half and the whole of first·2^(attempt-1), at most 30 s, away 5 s."""
    busy, away = Fault("500"), Fault("refused", away=True)
    table = [(1, busy, 0.5), (2, busy, 1.0), (4, busy, 4.0), (7, busy, 30.0), (5000, busy, 30.0)]
    for attempt, fault, ceiling in [*table, (2, away, 1.0), (9, away, 5.0)]:
        pauses = [pause_s(attempt, 0.5, fault) for _ in range(50)]
        assert ceiling / 2 <= min(pauses) < max(pauses) <= ceiling
    assert pause_s(1, 0.5, Fault("429", 7.0)) == 7.0
    assert pause_s(1, 0.5, Fault("429", 3600.0)) == 30.0


@pytest.mark.parametrize("status", [502, 503])
async def test_a_server_that_loads_its_model_is_waited_for(status: int) -> None:
    """As llama.cpp says it, and a proxy in front of a server that starts: not one of the tries."""

    async def reply(number: int, body: dict[str, Any]) -> Any:
        return (status, {}, {"error": {"message": "Loading model"}}) if number < 8 else good(body)

    async with serving(reply) as (server, url):
        engine = engine_for(url, retries=1, patience_s=30.0, backoff_first_s=0.001)
        assert len(await engine.generate("q", Sampling())) == 1
        await engine.close()
        assert len(server.bodies) == 9
        hasty = engine_for(url, retries=50, patience_s=0.2)
        server.bodies.clear()
        server.reply = lambda *_: reply(0, {})
        with pytest.raises(EngineError, match=f"{status}: Loading model"):
            await asyncio.wait_for(hasty.generate("q", Sampling()), 5)
        await hasty.close()


# -- a server in a process of its own, killed and started again ------------------------------

_SERVER = Path(__file__).parents[2] / "benchmarks" / "faulty_server.py"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Any]:
    """`start()` runs the server of the benchmark on one port, without faults."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    running: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, str(_SERVER), "--port", str(port), "--share", "0"]
        command += ["--log", str(tmp_path / "log"), "--delay", "0.4"]
        running.append(subprocess.Popen(command))
        return running[-1]

    start.port = port  # type: ignore[attr-defined]
    yield start
    for one_server in running:
        one_server.kill()
        one_server.wait()


async def test_calls_in_flight_survive_the_death_of_the_server(server: Any) -> None:
    first = server()
    engine = OpenAIEngine(
        [f"http://127.0.0.1:{server.port}/v1"], "", retries=1, patience_s=30, backoff_first_s=0.1
    )
    await engine.generate("is it up?", Sampling())
    calls = [asyncio.ensure_future(engine.generate(f"q{i}", Sampling(n=2))) for i in range(8)]
    await asyncio.sleep(0.1)
    first.kill()
    first.wait()
    await asyncio.sleep(1.5)  # more than the one retry would wait
    assert not any(call.done() for call in calls)
    server()
    done = await asyncio.wait_for(asyncio.gather(*calls), 20)
    await engine.close()
    assert [len(completions) for completions in done] == [2] * 8


async def test_patience_ends_and_says_what_was_last() -> None:
    engine = engine_for("http://127.0.0.1:9/v1", retries=50, patience_s=0.5)
    began = time.monotonic()
    with pytest.raises(EngineError, match=r"ConnectError"):
        await engine.generate("q", Sampling())
    await engine.close()
    assert 0.5 <= time.monotonic() - began < 5
