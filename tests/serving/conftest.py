"""A real server on a real port, over an engine that says what it is told."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from meds3.answering.config import AnsweringConfig
from meds3.chains.chain import Chain
from meds3.engines.protocol import Completion, Sampling
from meds3.errors import EngineError
from meds3.serving.app import create_app
from meds3.serving.config import ServingConfig
from meds3.serving.reasoner import Identity, Reasoner

RIGHT = " Naloxone blocks opioid receptors.\n\nStep 2: The answer is A."
WRONG = " Aspirin thins the blood.\n\nStep 2: The answer is B."
QUESTION = "Which drug reverses an opioid overdose?\nA. naloxone\nB. aspirin"


class Template:
    """Shows the messages as they are, for the engine to look at."""

    end_of_turn = ""

    def render(self, messages: Any) -> str:
        return "".join(f"<{m['role']}>{m['content']}" for m in messages) + "<assistant>"


@dataclass
class Told:
    """An engine that gives its texts in turn, after `delay` seconds."""

    texts: tuple[str, ...] = (RIGHT,)
    delay: float = 0.0
    prompts: list[str] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)
    at_work: int = 0
    dropped: int = 0
    dead: bool = False
    name: str = "told"
    capacity: int = 64

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        if self.dead:
            raise EngineError("the engine is dead")
        start = len(self.prompts)
        self.prompts += [prompt] * sampling.n
        self.seeds.append(sampling.seed)
        self.at_work += 1
        try:
            await asyncio.sleep(self.delay)
        except asyncio.CancelledError:
            self.dropped += 1
            raise
        finally:
            self.at_work -= 1
        said = (self.texts[(start + i) % len(self.texts)] for i in range(sampling.n))
        return [Completion(text, 12, "stop", None, 40) for text in said]

    async def close(self) -> None:
        self.dead = True


class Likes:
    """A scorer: chains that speak of naloxone are good."""

    name = "likes"

    async def score(self, prompt: str, chains: list[Chain]) -> list[list[float]]:
        return [
            [0.9 if "Naloxone" in chain.text else 0.1] * (len(chain.steps) - 1) for chain in chains
        ]

    async def close(self) -> None: ...


@dataclass(frozen=True)
class Running:
    """A server that answers at `url`."""

    url: str
    engine: Told
    audit: Path

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


Serve = Callable[..., AbstractContextManager[Running]]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """`with serve(engine, n=4, at_once=2) as running`: settings of answering and of serving."""

    @contextmanager
    def serving(engine: Told | None = None, **settings: Any) -> Iterator[Running]:
        engine = engine or Told()
        answering = {
            k: settings.pop(k) for k in list(settings) if k in AnsweringConfig.model_fields
        }
        config = ServingConfig(port=0, audit=tmp_path / "audit.sqlite", **settings)
        reasoner = Reasoner(
            engine,
            Likes(),
            Template(),  # type: ignore[arg-type]
            AnsweringConfig(**{"n": 4} | answering),
            None,
            Identity("ward-7", 1_700_000_000, "a" * 64, "b" * 64, 2),
        )
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(reasoner, config),
                host="127.0.0.1",
                port=0,
                log_level="warning",
                timeout_graceful_shutdown=2,
            )
        )
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        until = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < until
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield Running(f"http://127.0.0.1:{port}", engine, config.audit)
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()

    return serving
