"""The HTTP engine against a real server on loopback, faults included."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from meds3.engines.completions_api import token_shares
from meds3.engines.openai import OpenAIEngine
from meds3.engines.protocol import Sampling
from meds3.errors import EngineError, InputError

Reply = Callable[[int, dict[str, Any]], Awaitable[tuple[int, dict[str, str], Any] | None]]


class Server:
    """Answers each POST with `reply(number, body)`; None drops the connection half-way."""

    def __init__(self, reply: Reply) -> None:
        self.reply, self.bodies, self.headers = reply, list[dict[str, Any]](), list[str]()
        self.path, self.models = "", dict[str, Any]()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            if head.startswith("GET /health "):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            if head.startswith("GET /v1/models "):
                listed = json.dumps(self.models)
                size = f"Content-Length: {len(listed)}\r\nConnection: close"
                writer.write(f"HTTP/1.1 200 OK\r\n{size}\r\n\r\n{listed}".encode())
                return
            length = int(head.lower().split("content-length:")[1].split("\r\n")[0])
            body = json.loads(await reader.readexactly(length))
            self.path, number = head.split()[1], len(self.bodies)
            self.bodies.append(body)
            self.headers.append(head)
            answer = await self.reply(number, body)
            if answer is None:
                writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"choices": [')
            else:
                status, headers, value = answer
                data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
                extra = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n"
                    f"Connection: close\r\n{extra}\r\n".encode()
                    + data
                )
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client gave up, as some tests want
        finally:
            writer.close()


@asynccontextmanager
async def serving(reply: Reply) -> Any:
    server = Server(reply)
    socket = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    try:
        yield server, f"http://127.0.0.1:{socket.sockets[0].getsockname()[1]}/v1"
    finally:
        socket.close()


def good(body: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
    choices = [
        {"index": i, "text": f" sample {i}", "finish_reason": "length" if i else "stop"}
        for i in reversed(range(body["n"]))
    ]
    usage = {"prompt_tokens": 7, "completion_tokens": 5 * body["n"]}
    return 200, {}, {"choices": choices, "usage": usage}


def engine_for(*urls: str, **options: Any) -> OpenAIEngine:
    options = {
        "timeout_s": 5.0,
        "retries": 2,
        "backoff_first_s": 0.02,
        "patience_s": 0.2,
    } | options
    return OpenAIEngine(urls, "policy", **options)


async def test_the_request_says_all_and_the_answer_is_read_in_index_order() -> None:
    async def reply(_: int, body: dict[str, Any]) -> Any:
        return good(body)

    async with serving(reply) as (server, url):
        engine = engine_for(url + "/", api_key="k-1")
        done = await engine.generate(
            "q", Sampling(n=3, stop=("\n\n",), seed=9, temperature=0.7, top_p=0.9, max_tokens=11)
        )
        await engine.generate("q", Sampling(top_k=0))
        await engine.close()
    assert [(c.text, c.finish) for c in done] == [
        (" sample 0", "stop"), (" sample 1", "length"), (" sample 2", "length"),
    ]  # fmt: skip
    assert [(c.tokens, c.prompt_tokens) for c in done] == [(5, 7)] * 3
    assert server.path == "/v1/completions"
    assert server.bodies[0] == {
        "model": "policy", "prompt": "q", "n": 3, "max_tokens": 11, "temperature": 0.7,
        "top_p": 0.9, "seed": 9, "stop": ["\n\n"], "top_k": 40,
    }  # fmt: skip
    assert "top_k" not in server.bodies[1]
    assert "Bearer k-1" in server.headers[0]


@pytest.mark.parametrize("fault", ["500", "429", "half", "nonsense", "empty", "cut"])
async def test_a_passing_fault_is_tried_again(fault: str) -> None:
    faults: dict[str, Any] = {
        "500": (500, {}, {"error": {"message": "oops"}}),
        "429": (429, {"Retry-After": "0.2"}, "slow down"),
        "half": None,
        "nonsense": (200, {}, "<html>a proxy</html>"),
        "empty": (200, {}, {"choices": [{"text": "", "finish_reason": "stop"}] * 2}),
        "cut": (200, {}, {"choices": [{"text": "It is", "finish_reason": None}] * 2}),
    }

    async def reply(number: int, body: dict[str, Any]) -> Any:
        return faults[fault] if number < 2 else good(body)

    async with serving(reply) as (server, url):
        engine = engine_for(url)
        began = asyncio.get_running_loop().time()
        assert len(await engine.generate("q", Sampling(n=2))) == 2
        waited = asyncio.get_running_loop().time() - began
        await engine.close()
    assert len(server.bodies) == 3
    assert waited >= (0.4 if fault == "429" else 0.02)


async def test_a_server_that_hangs_is_left_after_the_time_out() -> None:
    async def reply(number: int, body: dict[str, Any]) -> Any:
        if number == 0:
            await asyncio.sleep(30)
        return good(body)

    async with serving(reply) as (server, url):
        engine = engine_for(url, timeout_s=0.3)
        assert await asyncio.wait_for(engine.generate("q", Sampling()), 5)
        await engine.close()
    assert len(server.bodies) == 2


async def test_after_its_tries_the_error_names_the_server_and_the_last_fault() -> None:
    async def reply(_: int, body: dict[str, Any]) -> Any:
        return 500, {}, {"detail": "out of memory"}

    async with serving(reply) as (server, url):
        engine = engine_for(url)
        with pytest.raises(EngineError, match=r"3 tries.*500: out of memory") as caught:
            await engine.generate("q", Sampling())
        await engine.close()
    assert url in caught.value.message
    assert len(server.bodies) == 3
    engine = engine_for(url, retries=1)  # nobody listens there any more
    with pytest.raises(EngineError, match="ConnectError"):
        await engine.generate("q", Sampling())
    await engine.close()
    with pytest.raises(EngineError, match="closed"):
        await engine.generate("q", Sampling())


async def test_a_refused_request_is_not_tried_again() -> None:
    async def reply(_: int, body: dict[str, Any]) -> Any:
        return 404, {}, {"error": {"message": "The model `policy` does not exist."}}

    async with serving(reply) as (server, url):
        engine = engine_for(url)
        with pytest.raises(InputError, match="The model `policy` does not exist"):
            await engine.generate("q", Sampling())
        await engine.close()
    assert len(server.bodies) == 1


async def test_a_server_without_n_is_named() -> None:
    async def reply(_: int, body: dict[str, Any]) -> Any:
        return good(body | {"n": 1})

    async with serving(reply) as (_, url):
        engine = engine_for(url)
        with pytest.raises(InputError, match="gave 1 samples, 4 were asked for"):
            await engine.generate("q", Sampling(n=4))
        await engine.close()


async def test_the_least_busy_server_is_used_and_a_dead_one_is_left() -> None:
    async def reply(_: int, body: dict[str, Any]) -> Any:
        await asyncio.sleep(0.05)
        return good(body)

    async with serving(reply) as (one, url_one), serving(reply) as (two, url_two):
        engine = engine_for(url_one, url_two)
        await asyncio.gather(*(engine.generate("q", Sampling()) for _ in range(10)))
        assert (len(one.bodies), len(two.bodies)) == (5, 5)
        await engine.close()
        half_dead = engine_for("http://127.0.0.1:9/v1", url_two)
        done = await asyncio.gather(*(half_dead.generate("q", Sampling()) for _ in range(6)))
        assert len(done) == 6
        await half_dead.close()


async def test_no_more_than_max_in_flight() -> None:
    now, most = 0, 0

    async def reply(_: int, body: dict[str, Any]) -> Any:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        return good(body)

    async with serving(reply) as (_, url):
        engine = engine_for(url, max_in_flight=3)
        await asyncio.gather(*(engine.generate("q", Sampling()) for _ in range(12)))
        await engine.close()
    assert most == 3


def test_token_shares_add_up() -> None:
    assert token_shares(10, [1, 1, 2]) == [2, 3, 5]
    assert token_shares(7, [0, 0]) == [4, 3]
    for total in range(20):
        assert sum(token_shares(total, [3, 0, 11, 5])) == total


async def test_a_server_that_restarts_is_waited_for() -> None:
    async def reply(_: int, body: dict[str, Any]) -> Any:
        return good(body)

    async with serving(reply) as (_, url):
        port = int(url.split(":")[2].split("/")[0])
    # It is down now; retries alone would be over in a tenth of a second.
    engine = engine_for(url, retries=1, patience_s=20.0)
    waiting = asyncio.ensure_future(engine.generate("q", Sampling(n=2)))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    server = Server(reply)
    socket = await asyncio.start_server(server.serve, "127.0.0.1", port)
    assert len(await waiting) == 2
    socket.close()
    await engine.close()


async def test_a_server_that_stays_away_is_an_engine_error() -> None:
    engine = engine_for("http://127.0.0.1:9", retries=0, patience_s=0.3)
    with pytest.raises(EngineError, match="ConnectError") as caught:
        await engine.generate("q", Sampling())
    assert "resumes" in str(caught.value)
    await engine.close()


async def test_choices_are_asked_for_and_checked() -> None:
    texts = iter([" yes", " I think so"])

    async def reply(_: int, body: dict[str, Any]) -> Any:
        choice = {"text": next(texts), "finish_reason": "stop"}
        return 200, {}, {"choices": [choice], "usage": {"completion_tokens": 1}}

    async with serving(reply) as (server, url):
        engine = engine_for(url)
        sampling = Sampling(choices=(" yes", " no"))
        assert (await engine.generate("q", sampling))[0].text == " yes"
        assert server.bodies[0]["structured_outputs"] == {"choice": [" yes", " no"]}
        with pytest.raises(InputError, match="none of the choices") as caught:
            await engine.generate("q", sampling)
        assert "search.think" in str(caught.value)
        await engine.close()
