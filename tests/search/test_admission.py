"""Tokens in flight: who goes through, who waits, and that nobody starves."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meds3.engines.protocol import Completion, Sampling
from meds3.search.admission import Admission


class Slow:
    """An engine that holds every call until it is let go."""

    name, capacity = "slow", 8

    def __init__(self) -> None:
        self.held: dict[str, asyncio.Event] = {}
        self.order: list[str] = []

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        self.order.append(prompt)
        self.held[prompt] = asyncio.Event()
        await self.held[prompt].wait()
        return [Completion("x", 1, "stop")] * sampling.n

    async def close(self) -> None:
        return None


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def call(door: Admission, prompt: str, tokens: int, n: int = 1) -> asyncio.Task[list[Completion]]:
    return asyncio.ensure_future(door.generate(prompt, Sampling(n=n, max_tokens=tokens)))


async def test_calls_wait_for_tokens_and_are_served_in_order() -> None:
    engine = Slow()
    door = Admission(engine, limit=100)
    a, b, c = (call(door, name, 59) for name in "abc")
    small = call(door, "d", 9)
    await settle()
    # 60 tokens are in flight (a prompt of one letter counts as a token at most); a small call
    # behind a large one does not overtake it, or the large one would wait for ever.
    assert engine.order == ["a"]
    assert not door.hungry
    assert door.occupancy == 1 / 8
    engine.held["a"].set()
    await settle()
    assert engine.order == ["a", "b"]
    b.cancel()
    await settle()
    assert engine.order == ["a", "b", "c", "d"]
    for name in "cd":
        engine.held[name].set()
    await asyncio.gather(a, c, small)
    assert (door.tokens_in_flight, door.sequences_in_flight) == (0, 0)
    assert door.hungry


async def test_a_call_heavier_than_the_limit_goes_alone() -> None:
    engine = Slow()
    door = Admission(engine, limit=10)
    heavy, light = call(door, "heavy", 500, n=2), call(door, "light", 1)
    await settle()
    assert engine.order == ["heavy"]
    engine.held["heavy"].set()
    await settle()
    assert engine.order == ["heavy", "light"]
    engine.held["light"].set()
    await asyncio.gather(heavy, light)


async def test_a_waiting_call_that_is_cancelled_leaves_no_trace() -> None:
    engine = Slow()
    door = Admission(engine, limit=10)
    first, second, third = (call(door, name, 9) for name in "abc")
    await settle()
    second.cancel()
    await settle()
    engine.held["a"].set()
    await settle()
    assert engine.order == ["a", "c"]
    engine.held["c"].set()
    await asyncio.gather(first, third)
    assert door.tokens_in_flight == 0
    with pytest.raises(asyncio.CancelledError):
        await second


@settings(max_examples=60)
@given(
    weights=st.lists(st.integers(1, 60), min_size=1, max_size=25),
    limit=st.integers(10, 100),
    dropped=st.sets(st.integers(0, 24)),
)
async def test_all_are_served_and_the_limit_holds(
    weights: list[int], limit: int, dropped: set[int]
) -> None:
    engine = Slow()
    door = Admission(engine, limit)
    tasks = [call(door, f"{i:03}", weight) for i, weight in enumerate(weights)]
    await settle()
    for i in dropped & set(range(len(tasks))):
        tasks[i].cancel()
    await settle()
    for _ in range(200):
        if all(task.done() for task in tasks):
            break
        assert door.sequences_in_flight <= 1 or door.tokens_in_flight <= limit
        for held in list(engine.held.values()):
            held.set()
        await settle()
    assert all(task.done() for task in tasks)
    assert (door.tokens_in_flight, door.sequences_in_flight) == (0, 0)
    assert engine.order == sorted(engine.order)
