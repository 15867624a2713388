"""A client a request, used again."""

from __future__ import annotations

import asyncio

from meds3.engines.protocol import Sampling
from tests.engines.test_openai import engine_for, good, serving


async def test_no_more_clients_than_requests_at_a_time_and_all_are_closed() -> None:
    async def reply(number: int, body: dict[str, object]) -> object:
        await asyncio.sleep(0.01)
        return good(body)

    async with serving(reply) as (server, url):
        engine = engine_for(url, max_in_flight=3)
        await asyncio.gather(*(engine.generate(f"q{n}", Sampling()) for n in range(12)))
        made = engine._connections._all
        assert len(made) == 3
        await engine.close()
    assert len(server.bodies) == 12
    assert all(client.is_closed for client in made)
