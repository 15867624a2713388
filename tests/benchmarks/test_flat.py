"""Flat batches: other prompts of the same lengths, and the medians of the ratios."""

from __future__ import annotations

import pytest
from flat import Line, flat, flat_shared, roots, strangers
from hypothesis import given
from hypothesis import strategies as st
from search_bench import Call, table
from search_throughput import ratios

from meds3.engines.protocol import Sampling

from .invented import engine

calls = st.builds(
    Call,
    st.text(min_size=1),
    st.builds(Sampling, n=st.integers(1, 8), stop=st.just(("\nStep",)), seed=st.integers(0, 99)),
    st.integers(8, 400),
    st.lists(st.integers(1, 64), min_size=1, max_size=8).map(tuple),
)


@given(st.lists(calls, min_size=1, max_size=20))
def test_strangers_are_as_long_and_share_no_prefix(asked: list[Call]) -> None:
    found = strangers(asked)
    for ours, other in zip(asked, found, strict=True):
        assert len(other.prompt.split(" ")) == ours.prompt_tokens
        assert other.sampling.n == ours.sampling.n
        assert other.sampling.stop == ()
        assert min(ours.generated) <= other.sampling.max_tokens <= max(ours.generated)
    heads = [call.prompt.split(" ")[:8] for call in found]
    assert len({tuple(head) for head in heads}) == len(heads)


async def test_flat_sends_everything_and_counts_prompts_once_a_call() -> None:
    scripted = engine()
    asked = [Call(f"one two {i}", Sampling(n=3, seed=i), 3, (5,) * 3) for i in range(4)]
    line = await flat(scripted, asked)
    assert (line.calls, line.prompt_tokens, line.tokens) == (4, 12, scripted.tokens)
    assert scripted.calls == 4


def test_roots_are_the_prompts_that_begin_the_others() -> None:
    prompts = ["Q1 a", "Q2", "Q1", "Q1 a b", "Q2 x", "Q1", "Q10"]
    found = roots([Call(prompt, Sampling(n=4), len(prompt), (9,) * 4) for prompt in prompts])
    assert [call.prompt for call in found] == ["Q1", "Q2"]
    assert {(call.sampling.n, call.sampling.max_tokens) for call in found} == {(1, 1)}


@given(st.lists(calls, max_size=20))
def test_every_prompt_begins_with_one_root(asked: list[Call]) -> None:
    found = [call.prompt for call in roots(asked)]
    assert all(sum(call.prompt.startswith(root) for root in found) == 1 for call in asked)


async def test_the_roots_come_first_and_their_tokens_do_not_count() -> None:
    scripted = engine()
    asked = [Call(f"{q} {i}", Sampling(n=2, seed=i), 2, (5, 5)) for q in "ab" for i in range(3)]
    asked += [Call("a", Sampling(n=2), 1, (5, 5)), Call("b", Sampling(n=2), 1, (5, 5))]
    line = await flat_shared(scripted, asked)
    assert scripted.calls == len(asked) + 2
    assert (line.calls, line.tokens) == (8, scripted.tokens - 2)


def test_ratios_are_medians_over_pairs_and_above_one_for_ours() -> None:
    def pair(ours: float, serial: float) -> dict[str, Line]:
        return {
            "ours": Line(ours, 2, 10, 100, 1000),
            "serial": Line(serial, 2, 10, 100, 2000),
            "flat_same": Line(ours, 2, 10, 100, 1250),
        }

    # Times: 4, 2, 8 times ours. Rates: ours 1000/s over 2000/(4 s) = 2; likewise 1 and 4.
    found = ratios([pair(1, 4), pair(2, 4), pair(1, 8)])
    assert found == {"time_vs_serial": 4, "rate_vs_serial": 2, "search_to_flat_same": 0.8}


def test_a_table_is_aligned() -> None:
    shown = table([{"": "ours", "tokens": 12345}, {"": "b", "tokens": None}])
    assert shown.splitlines() == ["      tokens", "ours  12,345", "b          -"]


@pytest.mark.parametrize("generated", [(1,), (1, 2), (64, 1)])
def test_a_stranger_has_at_least_one_token(generated: tuple[int, ...]) -> None:
    (stranger,) = strangers([Call("x", Sampling(n=len(generated)), 8, generated)])
    assert stranger.sampling.max_tokens == max(1, round(sum(generated) / len(generated)))
