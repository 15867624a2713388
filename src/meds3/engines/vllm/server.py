"""One vLLM server: started, waited for, started again when it dies, stopped."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import httpx

from meds3.engines.vllm import keeper
from meds3.errors import EngineError
from meds3.runs.atomic import storing

_POLL_S = 0.5
_RESTARTS = 3  # in a server's life; more is no accident
_TAIL = 30  # lines of the log that an error quotes
_NOTE = 100  # characters of the log's last line that a watcher sees
_STOP_S = keeper.GRACE_S + 10.0

Say = Callable[[str], None]
OnStart = Callable[[], Awaitable[None]]


class VllmServer:
    """A server on a loopback port of its own; everything it prints goes to `log`.

    It ends with this process, however that ends. Should it end before, it is started again, at
    the same port, three times at most; `on_restart` then runs. Raises `EngineError`
    with the end of the log when it does not come up within `patience_s`, or ends for good.
    """

    def __init__(
        self,
        command: Callable[[int], Sequence[str]],
        environment: Mapping[str, str],
        log: Path,
        patience_s: float,
    ) -> None:
        self.port = _free_port()
        self.restarts = 0
        self.settled = asyncio.Event()  # it runs, and what `on_restart` does is done
        self._command = command
        self._environment = environment
        self._log = log
        self._patience_s = patience_s
        self._keeper: asyncio.subprocess.Process | None = None
        self._guard: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """With the version, as the clients want it."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def start(self, say: Say, on_restart: OnStart) -> None:
        """Start it and wait until it is healthy; `say` gets the last line of its log meanwhile."""
        await self._launch()
        try:
            await self._ready(say)
        except BaseException:
            await self.stop()
            raise
        self.settled.set()
        self._guard = asyncio.create_task(self._keep_up(on_restart))

    async def lost(self) -> None:
        """Return when it has ended for good; raises what happened. Cancel it at will."""
        if self._guard is not None:
            await asyncio.shield(self._guard)

    async def stop(self) -> None:
        """End it and everything it started."""
        if self._guard is not None and not self._guard.cancel() and not self._guard.cancelled():
            self._guard.exception()  # it was told to whoever waited for an answer
        if self._keeper is None or self._keeper.returncode is not None:
            return
        if self._keeper.stdin:
            self._keeper.stdin.close()
        try:
            await asyncio.wait_for(self._keeper.wait(), _STOP_S)
        except TimeoutError:
            self._keeper.kill()
            await self._keeper.wait()

    async def _launch(self) -> None:
        with storing(self._log):
            self._log.parent.mkdir(parents=True, exist_ok=True)
            log = self._log.open("ab")
        with log:
            self._keeper = await asyncio.create_subprocess_exec(
                sys.executable,
                keeper.__file__,
                *self._command(self.port),
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, **self._environment},
            )

    async def _ready(self, say: Say) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
            while not await _healthy(client, self.port):
                if self._keeper is None or self._keeper.returncode is not None:
                    raise self._error("did not start")
                if loop.time() - began > self._patience_s:
                    raise self._error(f"was not ready after {self._patience_s:.0f} s")
                say(f"{loop.time() - began:.0f} s: {self._tail(1)[:_NOTE]}")
                await asyncio.sleep(_POLL_S)

    async def _keep_up(self, on_restart: OnStart) -> None:
        while self._keeper is not None:
            await self._keeper.wait()
            self.settled.clear()
            if self.restarts == _RESTARTS:
                raise self._error(f"ended for the {_RESTARTS + 1}th time")
            self.restarts += 1
            await self._launch()
            await self._ready(lambda _: None)
            await on_restart()
            self.settled.set()

    def _error(self, what: str) -> EngineError:
        return EngineError(
            f"vLLM {what}; the end of {self._log}:\n{self._tail(_TAIL)}",
            "mend what it names (memory, context, arguments: engine.vllm), then run the same "
            "command again: it resumes",
        )

    def _tail(self, lines: int) -> str:
        with self._log.open("rb") as stream:
            stream.seek(max(0, self._log.stat().st_size - 200 * (lines + 1)))
            text = stream.read().decode("utf-8", "replace")
        return "\n".join(deque(text.rstrip().splitlines(), lines))


async def _healthy(client: httpx.AsyncClient, port: int) -> bool:
    try:
        return (await client.get(f"http://127.0.0.1:{port}/health")).status_code == 200
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
