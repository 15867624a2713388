"""HTTP clients for many requests at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx


class Connections:
    """A client for each request under way, kept for the next one to the same server.

    One client for all would look through all its connections, twice at every request (httpcore):
    with 64 that costs more than everything else about a call, and it grows with their square.
    """

    def __init__(self, **settings: Any) -> None:
        # Reading the certificates takes as long as a request.
        self._settings = settings | {"verify": httpx.create_ssl_context()}
        self._idle: defaultdict[str, list[httpx.AsyncClient]] = defaultdict(list)
        self._all: list[httpx.AsyncClient] = []

    @contextmanager
    def one(self, url: str) -> Iterator[httpx.AsyncClient]:
        """A client that nobody else uses while the block runs."""
        idle = self._idle[url]
        if idle:
            client = idle.pop()
        else:
            client = httpx.AsyncClient(**self._settings)
            self._all.append(client)
        try:
            yield client
        finally:
            idle.append(client)

    async def close(self) -> None:
        for client in self._all:
            await client.aclose()
