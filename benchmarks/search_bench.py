"""What the benchmarks of the search share: a config made ready, one timed search, a table."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelled import ModelledEngine

from meds3.chains.template import ChatTemplate
from meds3.engines.build import build_engine
from meds3.engines.calls import JournalCalls
from meds3.engines.forms import servable
from meds3.engines.journalled import JournalledEngine
from meds3.engines.models import ensure_model
from meds3.engines.protocol import Completion, Engine, Sampling
from meds3.errors import InputError, MedS3Error
from meds3.evolution.config import RunConfig, load_config
from meds3.problems.load import load_problems
from meds3.problems.problem import Problem
from meds3.runs.journal import Journal
from meds3.search.config import SearchConfig
from meds3.search.progress import SearchProgress
from meds3.search.scheduler import search_problems
from meds3.search.store import StoredTrees
from meds3.search.tree import Tree

_TELL_EVERY_S = 30.0


@dataclass(frozen=True)
class Bench:
    """A config made ready to search: `model` in the form its engine loads."""

    config: RunConfig
    template: ChatTemplate
    model: Path
    problems: list[Problem]
    modelled: bool = False

    def engine(self) -> Engine:
        """A fresh engine: nothing in its prefix cache."""
        if self.modelled:
            return ModelledEngine()
        return build_engine(self.config.engine, self.model)


def load_bench(path: Path, overrides: Sequence[str], problems: int | None) -> Bench:
    """The config of `path` with the first `problems` of its seeds (None: all of them)."""
    config = load_config(path, overrides)
    seeds = load_problems(config.problems).seeds
    if problems is not None and not 1 <= problems <= len(seeds):
        raise InputError(
            f"--problems {problems}: the config has {len(seeds)} seeds",
            f"a number from 1 to {len(seeds)}, or --set problems.sources=…",
        )
    source = ensure_model(config.model)
    template, model = ChatTemplate.from_model(source), servable(source, config.engine.kind)
    return Bench(config, template, model, seeds[:problems])


class Wrapped:
    """An engine around an engine that changes nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def name(self) -> str:
        return self._engine.name

    @property
    def capacity(self) -> int:
        return self._engine.capacity

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        return await self._engine.generate(prompt, sampling)

    async def close(self) -> None:
        await self._engine.close()


@dataclass(frozen=True)
class Call:
    """One finished call: `generated` are the tokens of each of its samples."""

    prompt: str
    sampling: Sampling
    prompt_tokens: int
    generated: tuple[int, ...]


class Recording(Wrapped):
    """Writes down every call, in the order in which they were sent."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._calls: list[Call | None] = []

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        place = len(self._calls)
        self._calls.append(None)
        done = await self._engine.generate(prompt, sampling)
        tokens = tuple(completion.tokens for completion in done)
        self._calls[place] = Call(prompt, sampling, done[0].prompt_tokens, tokens)
        return done

    @property
    def calls(self) -> list[Call]:
        """The calls that were answered."""
        return [call for call in self._calls if call is not None]


@dataclass(frozen=True)
class Searched:
    """What one search took and gave; the engine was loaded before the clock started.

    `cpu_seconds` are those of all threads of this process.
    """

    seconds: float
    cpu_seconds: float
    calls: list[Call]
    trees: list[Tree]

    @property
    def tokens(self) -> int:
        return sum(sum(call.generated) for call in self.calls)


async def timed_search(
    bench: Bench,
    search: SearchConfig,
    schedule: Callable[[Engine], Engine] = Wrapped,
    engine: Engine | None = None,
    note: str = "",
) -> Searched:
    """Round 1 over the problems of `bench` on a fresh engine, journalled as in a run.

    `schedule` decides when the calls of the search reach the engine; it stands before the
    journal, so every schedule pays for it alike.
    """
    recording = Recording(engine or bench.engine())
    progress = SearchProgress(len(bench.problems))
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "j.sqlite") as journal:
        paid = JournalledEngine(recording, JournalCalls(journal), purpose="search")
        async with telling(progress, note):
            began, cpu = time.perf_counter(), time.process_time()
            await search_problems(
                bench.problems,
                schedule(paid),
                bench.template,
                journal,
                search,
                round_=1,
                seed=bench.config.seed,
                progress=progress,
            )
            seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        trees = stored_trees(journal, bench.problems)
        await paid.close()
    return Searched(seconds, cpu, recording.calls, trees)


def stored_trees(journal: Journal, problems: Iterable[Problem]) -> list[Tree]:
    """The finished trees of round 1, in the order of the problems."""
    return list(StoredTrees(journal, 1, [problem.id for problem in problems]))


@contextlib.asynccontextmanager
async def telling(progress: SearchProgress, note: str) -> AsyncIterator[None]:
    """Says on stderr now and then how many trees are done."""
    began = time.perf_counter()

    async def tell() -> None:
        while True:
            await asyncio.sleep(_TELL_EVERY_S)
            seconds = time.perf_counter() - began
            print(
                f"{note}: {progress.done} of {progress.trees} trees in {seconds:.0f} s",
                file=sys.stderr,
            )

    teller = asyncio.create_task(tell())
    try:
        yield
    finally:
        teller.cancel()


def report(measuring: Coroutine[Any, Any, dict[str, Any]]) -> None:
    """Run to the end and print what was found as one line of JSON."""
    try:
        print(json.dumps(asyncio.run(measuring)))
    except MedS3Error as error:
        sys.exit(str(error))


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of the same fields as aligned columns under their names."""
    texts = [list(rows[0])] + [[_shown(value) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return "\n".join(
        "  ".join(
            text.rjust(width) if place else text.ljust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in texts
    )


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value}"
