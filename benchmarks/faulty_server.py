"""A completions server that fails now and then, for `search_faults`; it writes down every request.

    python benchmarks/faulty_server.py --port 8123 --log requests.jsonl --share 0.1

Answers `POST /v1/completions` by a script: the same text for the same prompt, seed and sample.
One line of JSON a request: when it came, the key under which a run would journal the call, what
happened to it, and the tokens that were generated for it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from pathlib import Path
from typing import Any, TextIO

from meds3.engines.journalled import call_key
from meds3.engines.protocol import Sampling

MODEL = "faulty"
FAULTS = ("time-out", "500", "503", "dropped", "cut body", "not JSON", "empty", "no finish_reason")


def sampling_of(body: dict[str, Any]) -> Sampling:
    """What the client asked for, as it journals it."""
    fields = {k: body[k] for k in ("n", "temperature", "top_p", "max_tokens", "seed")}
    return Sampling(**fields, top_k=body.get("top_k", 0), stop=tuple(body.get("stop", ())))


def texts(prompt: str, sampling: Sampling) -> list[str]:
    """A next step where one is asked for, else a step and an answer, right now and then."""
    found = []
    for index in range(sampling.n):
        draw = random.Random(f"{prompt[-60:]}:{sampling.seed}:{index}")
        thought = f" Finding {draw.randrange(1000)} speaks for one of the drugs."
        answer = f"\n\nStep 9: The answer is {draw.choice('ABCD')}."
        found.append(thought if sampling.stop else thought + answer)
    return found


class Server:
    """Fails `share` of the requests, each kind of fault as often."""

    def __init__(self, share: float, delay_s: float, hang_s: float, seed: int, log: TextIO):
        self._share, self._delay_s, self._hang_s = share, delay_s, hang_s
        self._random = random.Random(seed)
        self._log = log

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: as many requests as the client sends."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if head.startswith(b"GET "):  # is it well?
                    _send(writer, 200, {})
                    continue
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                body = json.loads(await reader.readexactly(length))
                if not await self._answer(body, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client was killed, or gave up
        finally:
            writer.close()

    async def _answer(self, body: dict[str, Any], writer: asyncio.StreamWriter) -> bool:
        """Answer or fail; False when the connection is to be closed."""
        came, sampling = time.time(), sampling_of(body)
        failing = self._random.random() < self._share
        fault = self._random.choice(FAULTS) if failing else ""
        found = texts(body["prompt"], sampling)
        tokens = sum(len(text.split()) for text in found)
        unpaid = fault in ("500", "503", "empty", "not JSON")
        line = {"at": came, "key": call_key(MODEL, body["prompt"], sampling)}
        line |= {"fault": fault, "tokens": 0 if unpaid else tokens}
        # On arrival: a server that is killed while it works was asked all the same.
        self._log.write(json.dumps(line) + "\n")
        self._log.flush()
        await asyncio.sleep(self._delay_s * self._random.uniform(0.5, 1.5))
        if fault == "time-out":
            await asyncio.sleep(self._hang_s)
        if fault in ("time-out", "dropped"):
            return False
        if fault in ("500", "503"):
            _send(writer, int(fault), {"error": {"message": "as told"}})
            return True
        if fault == "empty":
            found = [""] * sampling.n
        reply = {
            "choices": [
                {"index": i, "text": text, "finish_reason": "stop"} for i, text in enumerate(found)
            ],
            "usage": {
                "prompt_tokens": len(body["prompt"].split()),
                "completion_tokens": 0 if fault == "empty" else tokens,
            },
        }
        if fault == "no finish_reason":
            reply["choices"][-1]["finish_reason"] = None  # type: ignore[index]
        data = b"<html>a proxy</html>" if fault == "not JSON" else json.dumps(reply).encode()
        _send(writer, 200, data, cut=fault == "cut body")
        await writer.drain()
        return fault != "cut body"


def _send(writer: asyncio.StreamWriter, status: int, body: Any, *, cut: bool = False) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(data)}"
    writer.write(f"{head}\r\n\r\n".encode() + (data[: len(data) // 2] if cut else data))


async def serve(given: argparse.Namespace) -> None:
    with given.log.open("a") as log:
        server = Server(given.share, given.delay, given.hang, given.seed, log)
        socket = await asyncio.start_server(server.serve, "127.0.0.1", given.port)
        await socket.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--share", type=float, default=0.1, help="of the requests that fail")
    parser.add_argument("--delay", type=float, default=0.1, help="seconds a request takes, mean")
    parser.add_argument("--hang", type=float, default=5.0, help="seconds of a request that hangs")
    parser.add_argument("--seed", type=int, default=0)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
