"""Which requests a batch takes: those of one kind, of about one length, within the room."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from meds3.engines.batching import PATIENCE, Request, next_batch
from meds3.engines.protocol import Sampling

STEP = Sampling(n=3, max_tokens=10, stop=("\n",))
ROLLOUT = Sampling(n=2, max_tokens=20)
PLENTY = 10**9


def request(length: int, sampling: Sampling = ROLLOUT, seed: int = 0) -> Request:
    future: asyncio.Future[list[object]] = asyncio.Future(loop=_LOOP)
    return Request([1] * length, sampling.model_copy(update={"seed": seed}), future)  # type: ignore[arg-type]


_LOOP = asyncio.new_event_loop()


def test_the_kind_with_most_sequences_goes_first_whatever_its_seeds() -> None:
    step, *rollouts = waiting = [request(5, STEP), request(5), request(5, seed=1), request(5)]
    assert next_batch(waiting, 64, PLENTY) == rollouts
    assert waiting == [step]
    assert next_batch(waiting, 64, PLENTY) == [step]
    assert next_batch(waiting, 64, PLENTY) == []


def test_more_than_a_batch_holds_does_not_count_as_more() -> None:
    waiting = [request(5, STEP), *(request(5) for _ in range(3))]
    assert [r.sampling.max_tokens for r in next_batch(waiting, 3, PLENTY)] == [10]


def test_the_oldest_is_passed_over_a_few_times_only() -> None:
    old = request(5, STEP)
    waiting = [old]
    batches = 0
    while old in waiting:
        waiting += [request(5) for _ in range(4)]
        next_batch(waiting, 8, PLENTY)
        batches += 1
    assert batches == PATIENCE + 1


def test_prompts_of_about_one_length_share_a_batch() -> None:
    short, long, shorter = request(10), request(500), request(9)
    waiting = [short, long, shorter]
    # 4 rows of 10 + 20 tokens fit into 120; a fifth and sixth would be padded to 520.
    assert next_batch(waiting, 64, 4 * 30) == [short, shorter]
    assert next_batch(waiting, 64, 4 * 30) == [long]  # more than the room, but alone


@given(
    lengths=st.lists(st.tuples(st.integers(1, 400), st.booleans()), min_size=1, max_size=40),
    most=st.integers(1, 64),
    room=st.integers(1, 20_000),
)
def test_everybody_is_served_once_within_the_limits(
    lengths: list[tuple[int, bool]], most: int, room: int
) -> None:
    all_ = [request(length, STEP if step else ROLLOUT) for length, step in lengths]
    waiting, served = list(all_), []
    while batch := next_batch(waiting, most, room):
        served += batch
        rows = sum(r.sampling.n for r in batch)
        tokens = rows * (max(len(r.ids) for r in batch) + batch[0].sampling.max_tokens)
        assert len(batch) == 1 or (rows <= most and tokens <= room)
        assert len({r.kind for r in batch}) == 1
    assert sorted(map(id, served)) == sorted(map(id, all_))
