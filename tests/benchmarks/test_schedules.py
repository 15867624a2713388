"""A benchmark of schedules must change when calls are made, and nothing else."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from schedules import LockStep, OneAtATime
from search_bench import Wrapped, timed_search
from search_throughput import SCHEDULES

from meds3.engines.protocol import Completion, Engine, Sampling
from meds3.errors import EngineError

from .invented import bench, engine


class Watched:
    """Answers after a while of its own; notes what began and ended, in order."""

    name = "watched"
    capacity = 64

    def __init__(self, fails: str = "") -> None:
        self.log: list[tuple[str, str]] = []
        self.running = 0
        self.most = 0
        self._draw = random.Random(0)
        self._fails = fails

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        self.log.append(("began", prompt))
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(self._draw.random() * 0.02)
        self.running -= 1
        self.log.append(("ended", prompt))
        if prompt == self._fails:
            raise EngineError("no")
        return [Completion(f"answer to {prompt}", 1, "stop")] * sampling.n

    async def close(self) -> None:
        """Nothing to free."""


async def talk(asked: Engine, name: str, turns: int) -> list[str]:
    """A caller that asks on from each answer, busy for some passes of the loop in between."""
    texts = []
    for turn in range(turns):
        texts += [c.text for c in await asked.generate(f"{name}{turn}", Sampling())]
        for _ in range(turn):
            await asyncio.sleep(0)
    return texts


async def test_lock_step_sends_whole_batches_and_answers_none_before_the_slowest() -> None:
    watched = Watched()
    lock_step = LockStep(watched)
    answers = await asyncio.gather(*(talk(lock_step, name, 4) for name in "abcde"))
    assert answers == [[f"answer to {name}{turn}" for turn in range(4)] for name in "abcde"]
    assert lock_step.batches == [5, 5, 5, 5]
    halves = [watched.log[i : i + 5] for i in range(0, 40, 5)]
    assert [{what for what, _ in half} for half in halves] == [{"began"}, {"ended"}] * 4


async def test_lock_step_goes_on_when_some_callers_are_done() -> None:
    lock_step = LockStep(Watched())
    await asyncio.gather(talk(lock_step, "a", 1), talk(lock_step, "b", 3), talk(lock_step, "c", 2))
    assert lock_step.batches == [3, 2, 1]


async def test_lock_step_gives_a_failure_to_its_caller_alone() -> None:
    lock_step = LockStep(Watched(fails="b1"))
    done = await asyncio.gather(
        *(talk(lock_step, name, 3) for name in "abc"), return_exceptions=True
    )
    assert isinstance(done[1], EngineError)
    assert done[0] == ["answer to a0", "answer to a1", "answer to a2"]
    assert lock_step.batches == [3, 3, 2]


async def test_one_at_a_time_has_one_call_in_the_engine() -> None:
    watched = Watched()
    held = OneAtATime(watched)
    await asyncio.gather(*(talk(held, name, 3) for name in "abc"))
    assert watched.most == 1
    free = Watched()
    await asyncio.gather(*(talk(free, name, 3) for name in "abc"))
    assert free.most == 3


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "ours"])
async def test_every_schedule_grows_the_same_trees(name: str) -> None:
    made, schedule = bench(6), SCHEDULES[name]
    ours = await timed_search(made, made.config.search, engine=engine())
    search = made.config.search.model_copy(update=schedule.changes)
    other = await timed_search(made, search, schedule.engine, engine=engine())
    assert len(ours.trees) == 6
    assert [_facts(t) for t in other.trees] == [_facts(t) for t in ours.trees]
    assert sorted(map(repr, other.calls)) == sorted(map(repr, ours.calls))
    assert other.tokens == ours.tokens > 0


async def test_serial_asks_about_one_problem_after_the_other() -> None:
    made, schedule = bench(3), SCHEDULES["serial"]
    search = made.config.search.model_copy(update=schedule.changes)
    done = await timed_search(made, search, schedule.engine, engine=engine())
    patients = [next(n for n in range(3) if f"patient {n} " in call.prompt) for call in done.calls]
    assert patients == sorted(patients)
    assert set(patients) == {0, 1, 2}


async def test_a_wrapped_engine_is_the_engine() -> None:
    wrapped = Wrapped(Watched())
    assert wrapped.name == "watched"
    assert wrapped.capacity == 64
    assert await wrapped.generate("x", Sampling(n=2)) == [Completion("answer to x", 1, "stop")] * 2


def _facts(tree: Any) -> tuple[Any, ...]:
    nodes = [(n.id, n.parent, n.kind, n.step.text, n.value, n.visits) for n in tree.nodes]
    return tree.problem_id, tree.stopped_because, nodes
