"""No connection leaves this process but to the engines it was told of."""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Collection
from typing import Any

from meds3.errors import MedS3Error


class OfflineError(MedS3Error):
    """Something tried to open a connection that nobody configured."""

    exit_code = 3


class _Guard:
    """What may be reached. One per process: an audit hook cannot be taken back."""

    def __init__(self) -> None:
        self.on = False
        self.allowed: set[tuple[str, int]] = set()
        self.names: set[str] = set()

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "socket.getaddrinfo" and str(args[0]) not in self.names:
            # A look-up of a literal address asks nobody.
            if args[0] is not None and not _is_address(str(args[0])):
                raise _refused(f"look up {args[0]!r}")
        elif event in ("socket.connect", "socket.sendto"):
            family, address = args[0].family, args[1]
            if family in (socket.AF_INET, socket.AF_INET6) and address[:2] not in self.allowed:
                raise _refused(f"connect to {address[0]} port {address[1]}")


_GUARD = _Guard()
_INSTALLED: list[_Guard] = []


def stay_offline(
    engines: Collection[tuple[str, int]] = (), own_names: Collection[str] = ()
) -> None:
    """From now on Python code of this process reaches `engines` (host, port) and nothing else.

    `own_names` may be looked up, to listen on.

    Enforced by an audit hook (PEP 578), before a name is looked up or a connection begins; it
    cannot be removed. Listening sockets and what comes in on them are not touched, nor is what
    native code does by itself: the embedded engines open no sockets. Raises `OfflineError` in
    whoever tries.
    """
    _GUARD.names |= set(own_names)
    for host, port in engines:
        _GUARD.names.add(host)
        for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            _GUARD.allowed.add((str(address[0]), int(address[1])))
    if not _INSTALLED:
        sys.addaudithook(_GUARD)
        _INSTALLED.append(_GUARD)
    _GUARD.on = True


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _refused(what: str) -> OfflineError:
    return OfflineError(
        f"offline: this process may not {what}",
        "only configured engines are reached; meds3 serve --online lifts the guard",
    )
