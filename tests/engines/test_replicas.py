"""Several servers: who gets a call, who is left out, and who may come later."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds3.engines.affinity import about, problem_in_hand
from meds3.engines.protocol import Sampling
from meds3.engines.replicas import Replicas
from meds3.errors import InputError
from tests.engines.test_openai import engine_for, good, serving

A, B, C = (f"http://127.0.0.1:{port}/v1" for port in (8001, 8002, 8003))


def test_a_call_goes_where_the_fewest_tokens_are_outstanding() -> None:
    pool = Replicas([A, B])
    with pool.busy(pool.choose(""), 10_000):  # one long call at A
        assert pool.choose("").url == B
        with pool.busy(pool.choose(""), 4_000), pool.busy(pool.choose(""), 4_000):
            assert pool.choose("").url == B  # two calls, but fewer tokens
            with pool.busy(pool.choose(""), 4_000):
                assert pool.choose("").url == A


def test_a_problem_stays_with_its_server_until_that_one_is_much_busier() -> None:
    pool = Replicas([A, B])
    home = pool.choose("p")
    with pool.busy(home, 4_000):
        assert pool.choose("p") is home  # B is idle, but A has the prompt
        with pool.busy(home, 4_000):
            other = pool.choose("p")
            assert other is not home
    assert pool.choose("p") is other  # which has the prompt now, too
    assert home.sticky == 1
    assert other.sticky == 1


def test_a_server_without_connection_gets_nothing_while_another_is_up() -> None:
    pool = Replicas([A, B])
    first = pool.choose("p")
    pool.lost(first)
    assert {pool.choose("p").url for _ in range(5)} == {B}
    pool.lost(pool.choose("p"))
    assert pool.choose("p", last=B).url == A  # nobody is up: try on, but not where it just failed


def test_servers_join_and_leave_by_a_file(tmp_path: Path) -> None:
    listing = tmp_path / "servers.txt"
    listing.write_text(f"# of job 17\n{A}/\n{B}  # the second\n\n")
    pool = Replicas([], listing)
    assert [r["url"] for r in pool.loads()] == [A, B]
    listing.write_text(f"{B}\n{C}\n")
    pool.read()
    assert {pool.choose(f"p{i}").url for i in range(9)} <= {B, C}
    assert [r["listed"] for r in pool.loads()] == [False, True, True]


@pytest.mark.parametrize(
    ("urls", "text", "said"),
    [
        ([], None, "engine.base_urls is empty"),
        (["127.0.0.1:8000"], None, "is no http"),
        ([], "localhost\n", "servers.txt: 'localhost' is no http"),
        ([], "# none yet\n", "engine.base_urls is empty"),
    ],
)
def test_addresses_that_are_none_are_told(
    tmp_path: Path, urls: list[str], text: str | None, said: str
) -> None:
    listing = tmp_path / "servers.txt"
    if text is not None:
        listing.write_text(text)
    with pytest.raises(InputError, match=said):
        Replicas(urls, listing if text is not None else None)


def test_a_listing_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"servers_file: .*No such file"):
        Replicas([], tmp_path / "servers.txt")


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 5_000)), min_size=1, max_size=200),
    st.integers(1, 4),
)
def test_the_load_is_shared_whatever_comes(calls: list[tuple[int, int]], servers: int) -> None:
    pool = Replicas([f"http://127.0.0.1:{n}/v1" for n in range(1, servers + 1)])
    largest = max(weight for _, weight in calls)
    for problem, weight in calls:
        replica = pool.choose(f"p{problem}" if problem else "")
        replica.outstanding += weight
        loads = [r["outstanding"] for r in pool.loads()]
        assert max(loads) <= 1.5 * min(loads) + 4096 + largest


def test_nobody_said_whose_call_it_is() -> None:
    assert problem_in_hand() == ""
    with about("p"), about("q"):
        assert problem_in_hand() == "q"
    assert problem_in_hand() == ""


async def test_a_task_of_a_problem_hands_it_on() -> None:
    async def whose() -> str:
        await asyncio.sleep(0)
        return problem_in_hand()

    with about("p"):
        task = asyncio.create_task(whose())
    assert await task == "p"


async def test_a_server_that_dies_is_left_out_and_comes_back(tmp_path: Path) -> None:
    """Real sockets: one of two closes, its calls go to the other; it opens again and gets some."""

    async def reply(number: int, body: dict[str, Any]) -> Any:
        await asyncio.sleep(0.005)
        return good(body)

    async with serving(reply) as (one, url_one):
        async with serving(reply) as (two, url_two):
            engine = engine_for(url_one, url_two)
            engine._servers._every_s = 0.05
            await asyncio.gather(*(engine.generate(f"q{i}", Sampling()) for i in range(20)))
            assert len(one.bodies) == len(two.bodies) == 10
            port = int(url_two.removesuffix("/v1").rpartition(":")[2])
        await asyncio.gather(*(engine.generate(f"r{i}", Sampling()) for i in range(20)))
        assert len(one.bodies) == 30
        assert [r["up"] for r in engine.loads()] == [True, False]
        again = await asyncio.start_server(two.serve, "127.0.0.1", port)
        for _ in range(100):
            await asyncio.sleep(0.05)
            if all(r["up"] for r in engine.loads()):
                break
        else:
            raise AssertionError(engine.loads())
        await asyncio.gather(*(engine.generate(f"s{i}", Sampling()) for i in range(20)))
        await engine.close()
        again.close()
    assert len(two.bodies) > 10
    assert [r["calls"] for r in engine.loads()] == [len(one.bodies), len(two.bodies)]


async def test_a_server_that_joins_is_used(tmp_path: Path) -> None:
    async def reply(number: int, body: dict[str, Any]) -> Any:
        await asyncio.sleep(0.005)
        return good(body)

    listing = tmp_path / "servers.txt"
    async with serving(reply) as (_, url_one), serving(reply) as (two, url_two):
        listing.write_text(f"{url_one}\n")
        engine = engine_for(servers_file=listing)
        engine._servers._every_s = 0.05
        await engine.generate("q", Sampling())
        listing.write_text(f"{url_one}\n{url_two}\n")
        await asyncio.sleep(0.3)
        await asyncio.gather(*(engine.generate(f"r{i}", Sampling()) for i in range(20)))
        await engine.close()
    assert len(two.bodies) == 10
