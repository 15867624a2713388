from __future__ import annotations

import asyncio

import pytest

from meds3.engines.journalled import JournalledEngine, call_key
from meds3.engines.protocol import Completion, Engine, Sampling
from meds3.engines.scripted import ScriptedEngine
from meds3.errors import EngineError, StorageError


class MemoryLog:
    def __init__(self) -> None:
        self.calls: dict[str, list[Completion]] = {}
        self.notes: list[str] = []
        self.elsewhere: dict[str, list[Completion]] = {}

    def lookup(self, key: str) -> list[Completion] | None:
        return self.calls.get(key)

    async def borrow(self, key: str, purpose: str) -> list[Completion] | None:
        if key in self.elsewhere:
            await self.record(key, self.elsewhere[key], 0.0, purpose)
        return self.elsewhere.get(key)

    async def record(
        self, key: str, completions: list[Completion], seconds: float, purpose: str
    ) -> None:
        assert key not in self.calls, "paid twice"
        assert seconds >= 0
        self.calls[key] = completions
        self.notes.append(purpose)


def scripted(delay_s: float = 0.0, fail_after: int | None = None) -> ScriptedEngine:
    return ScriptedEngine(lambda p, s, i: f"{p} {i}", delay_s=delay_s, fail_after=fail_after)


async def test_a_finished_call_is_replayed_by_a_new_engine() -> None:
    log = MemoryLog()
    first = JournalledEngine(scripted(), log, purpose="rollout")
    paid = await first.generate("q", Sampling(n=2))
    assert (first.paid_calls, first.replayed_calls, first.generated_tokens) == (1, 0, 4)
    assert log.notes == ["rollout"]
    second: Engine = JournalledEngine(scripted(fail_after=0), log)
    assert await second.generate("q", Sampling(n=2)) == paid
    with pytest.raises(EngineError):
        await second.generate("q", Sampling(n=2, seed=1))


async def test_a_call_of_another_log_is_taken_over_and_never_paid() -> None:
    earlier, log = MemoryLog(), MemoryLog()
    paid = await JournalledEngine(scripted(), earlier).generate("q", Sampling(n=2))
    log.elsewhere = earlier.calls
    engine = JournalledEngine(scripted(fail_after=0), log, purpose="again")
    assert await engine.generate("q", Sampling(n=2)) == paid
    assert (engine.paid_calls, engine.replayed_calls, engine.generated_tokens) == (0, 1, 0)
    assert (log.calls, log.notes) == (earlier.calls, ["again"])
    assert await engine.generate("q", Sampling(n=2)) == paid
    assert log.notes == ["again"]


async def test_identical_calls_in_flight_share_one() -> None:
    log, inner = MemoryLog(), scripted(0.02)
    engine = JournalledEngine(inner, log)
    done = await asyncio.gather(*(engine.generate("q", Sampling()) for _ in range(5)))
    assert all(d == done[0] for d in done)
    assert (inner.calls, engine.paid_calls, engine.replayed_calls) == (1, 1, 4)


async def test_one_cancelled_waiter_does_not_take_the_call_from_the_other() -> None:
    log, inner = MemoryLog(), scripted(0.05)
    engine = JournalledEngine(inner, log)
    one = asyncio.create_task(engine.generate("q", Sampling()))
    two = asyncio.create_task(engine.generate("q", Sampling()))
    await asyncio.sleep(0.01)
    one.cancel()
    assert (await two)[0].text == "q 0"
    assert one.cancelled()


async def test_the_last_cancelled_waiter_drops_the_call() -> None:
    log, inner = MemoryLog(), scripted(0.05)
    engine = JournalledEngine(inner, log)
    one = asyncio.create_task(engine.generate("q", Sampling()))
    await asyncio.sleep(0.01)
    one.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one
    await asyncio.sleep(0.1)
    assert not log.calls
    assert await engine.generate("q", Sampling())  # and it can be asked anew


async def test_a_failed_call_is_not_recorded_and_all_who_wait_hear_of_it() -> None:
    log = MemoryLog()
    engine = JournalledEngine(scripted(fail_after=0), log)
    done = await asyncio.gather(
        *(engine.generate("q", Sampling()) for _ in range(3)), return_exceptions=True
    )
    assert all(isinstance(d, EngineError) for d in done)
    assert not log.calls


async def test_a_full_disk_reaches_the_caller() -> None:
    class Full(MemoryLog):
        async def record(self, *_: object) -> None:
            raise StorageError("no space")

    with pytest.raises(StorageError):
        await JournalledEngine(scripted(), Full()).generate("q", Sampling())


def test_the_key_depends_on_engine_prompt_and_every_sampling_field() -> None:
    base = Sampling()
    others = [
        Sampling(**{field: value})
        for field, value in {
            "n": 2, "temperature": 0.1, "top_p": 0.5, "top_k": 0,
            "max_tokens": 9, "stop": ("x",), "choices": ("y",), "seed": 3,
        }.items()
    ]  # fmt: skip
    assert len(others) == len(Sampling.model_fields)
    keys = {call_key("e", "p", s) for s in [base, *others]}
    keys |= {call_key("f", "p", base), call_key("e", "q", base), call_key("ep", "", base)}
    assert len(keys) == 9 + 3
    assert call_key("e", "p", base) == call_key("e", "p", Sampling())


async def test_two_policies_with_one_file_name_do_not_share_their_calls() -> None:
    log = MemoryLog()
    await JournalledEngine(scripted(), log, model="digest of round 1").generate("q", Sampling())
    second = JournalledEngine(scripted(), log, model="digest of round 2")
    await second.generate("q", Sampling())
    assert (second.paid_calls, second.replayed_calls) == (1, 0)
