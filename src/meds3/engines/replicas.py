"""Several servers of one model: which of them takes the next call."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from meds3.errors import InputError

Probe = Callable[[str], Awaitable[bool]]

_HOMES = 4096  # problems whose server is remembered
# A problem stays with its server while that one has at most this many times the outstanding tokens
# of the least busy one, and so many more: a computed prompt is worth a queue, not a long one.
_QUEUE_SHARE = 1.5
_QUEUE_TOKENS = 4096
_STRIKES = 2  # health checks in a row that fail before an idle server counts as away


@dataclass
class Replica:
    """A server and what it has done. `outstanding` is in tokens: prompts, and what they may get."""

    url: str
    up: bool = True
    listed: bool = True
    outstanding: int = 0
    in_flight: int = 0
    calls: int = 0
    tokens: int = 0
    faults: int = 0
    sticky: int = 0  # calls that came to the server which had the problem before
    joined_s: float = 0.0
    away_s: float | None = None
    _strikes: int = field(default=0, repr=False)


class Replicas:
    """The servers of an engine: those named at the start, and those in a file that may change.

    `choose` gives a call to the server that has its problem's prompt, as long as that one is not
    much busier than the others, else to the one with the fewest outstanding tokens. A server that
    refuses connections or fails its health checks gets no calls while another is up, and gets
    them again when it is healthy. A line added to `listing` (one address a line, `#` begins a
    comment) joins, a line taken away gets no new calls. Raises `InputError` for an address that
    is none, or when there is no server at all.
    """

    def __init__(
        self,
        urls: Sequence[str],
        listing: Path | None = None,
        *,
        every_s: float = 2.0,
    ) -> None:
        self._fixed = tuple(checked(url, "engine.base_urls") for url in urls)
        self._listing = listing
        self._every_s = every_s
        self._began = time.monotonic()
        self._all: dict[str, Replica] = {}
        self._homes: OrderedDict[str, str] = OrderedDict()
        self._seen: tuple[int, int] | None = None
        self.read()
        if not self._all:
            raise InputError(
                "engine.base_urls is empty, and engine.kind is openai",
                "name a server: --set engine.base_urls=http://127.0.0.1:8000/v1",
            )

    @property
    def watched(self) -> bool:
        """Whether there is anything to choose between, now or later."""
        return self._listing is not None or len(self._all) > 1

    def read(self) -> None:
        """Take over the addresses of `listing` if the file has changed."""
        if self._listing is None:
            self._join(self._fixed)
            return
        try:
            found = self._listing.stat()
            if (found.st_mtime_ns, found.st_size) == self._seen:
                return
            lines = self._listing.read_text("utf-8").splitlines()
        except OSError as error:
            raise InputError(
                f"engine.servers_file: {self._listing}: {error.strerror or error}",
                "write the servers' addresses into it, one a line",
            ) from error
        named = [line.partition("#")[0].strip() for line in lines]
        self._join([*self._fixed, *(checked(n, f"{self._listing}") for n in named if n)])
        self._seen = (found.st_mtime_ns, found.st_size)

    def _join(self, urls: Sequence[str]) -> None:
        for url in urls:
            if url not in self._all:
                self._all[url] = Replica(url, joined_s=time.monotonic() - self._began)
        for replica in self._all.values():
            replica.listed = replica.url in urls

    def choose(self, problem: str, last: str = "") -> Replica:
        """The server for a call of `problem` ("" is nobody's), not `last`, which just failed."""
        listed = [r for r in self._all.values() if r.listed] or [*self._all.values()]
        able = [r for r in listed if r.up] or listed
        able = [r for r in able if r.url != last] or able
        least = min(able, key=lambda r: (r.outstanding, r.calls))
        if not problem:
            return least
        home = next((r for r in able if r.url == self._homes.get(problem)), None)
        if home and home.outstanding > _QUEUE_SHARE * least.outstanding + _QUEUE_TOKENS:
            home = None
        chosen = home or least
        chosen.sticky += home is not None
        self._homes[problem] = chosen.url
        self._homes.move_to_end(problem)
        if len(self._homes) > _HOMES:
            self._homes.popitem(last=False)
        return chosen

    @contextmanager
    def busy(self, replica: Replica, tokens: int) -> Iterator[None]:
        """Count a call of `tokens` as outstanding while the block runs."""
        replica.outstanding += tokens
        replica.in_flight += 1
        try:
            yield
        finally:
            replica.outstanding -= tokens
            replica.in_flight -= 1

    def lost(self, replica: Replica) -> None:
        """No connection: nobody is sent there while another server is up."""
        if replica.up:
            replica.up = False
            replica.away_s = time.monotonic() - self._began

    async def watch(self, probe: Probe) -> None:
        """Ask each server for its health and read the file, every `every_s` seconds, for ever."""
        while True:
            await asyncio.sleep(self._every_s)
            with suppress(InputError):  # half-written: it is read again the next time
                self.read()
            asked = [r for r in self._all.values() if r.listed]
            for replica, well in zip(
                asked, await asyncio.gather(*(probe(r.url) for r in asked)), strict=True
            ):
                replica._strikes = 0 if well else replica._strikes + 1
                if well:
                    replica.up, replica.away_s = True, None
                elif replica._strikes >= _STRIKES:
                    self.lost(replica)

    def loads(self) -> list[dict[str, Any]]:
        """What each server has done, for the load table: the fields of `Replica`."""
        return [
            {k: v for k, v in asdict(r).items() if not k.startswith("_")}
            for r in self._all.values()
        ]


def load_lines(loads: Sequence[Mapping[str, Any]]) -> list[str]:
    """The load table, a line a server."""
    whole = max(sum(load["tokens"] for load in loads), 1)
    return [
        f"{load['url']}: {load['calls']:,} calls, {load['tokens']:,} tokens "
        f"({load['tokens'] / whole:.0%}), {load['sticky']:,} to a known prompt, "
        f"{load['faults']} faults, joined at {load['joined_s']:.0f} s"
        + ("" if load["up"] else f", away since {load['away_s'] or 0:.0f} s")
        + ("" if load["listed"] else ", taken off the list")
        for load in loads
    ]


def checked(url: str, where: str) -> str:
    """An address without its last slash. Raises `InputError` unless it is http(s)."""
    if not url.startswith(("http://", "https://")):
        raise InputError(
            f"{where}: {url!r} is no http(s) address", "for example http://127.0.0.1:8000/v1"
        )
    return url.rstrip("/")
