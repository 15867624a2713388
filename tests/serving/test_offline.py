"""The guard, by trying: in a process of its own, as it cannot be taken back."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading

import pytest

_TRY = """
import socket, sys
from meds3.serving.offline import OfflineError, stay_offline
open_port, other_port = int(sys.argv[1]), int(sys.argv[2])
stay_offline([("127.0.0.1", open_port)])
socket.create_connection(("127.0.0.1", open_port), 5).close()
print("configured: reached")
def attempt(what, call):
    try:
        call()
    except OfflineError as error:
        print(f"{what}: {error.message}")
    else:
        print(f"{what}: REACHED")
attempt("other port", lambda: socket.create_connection(("127.0.0.1", other_port), 5))
attempt("name", lambda: socket.getaddrinfo("example.org", 443))
datagrams = socket.socket(type=socket.SOCK_DGRAM)
attempt("udp", lambda: datagrams.sendto(b"x", ("127.0.0.1", other_port)))
def over_httpx():
    import httpx
    httpx.get(f"http://127.0.0.1:{other_port}/")
attempt("httpx", over_httpx)
left, right = socket.socketpair()
left.send(b"x"); print("socketpair:", right.recv(1))
import asyncio
asyncio.run(asyncio.sleep(0)); print("asyncio: ok")
server = socket.create_server(("127.0.0.1", 0)); print("listening: ok")
"""


@pytest.fixture
def ports() -> list[int]:
    """Two ports where somebody would answer."""
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    for server in servers:
        threading.Thread(target=_accept, args=(server,), daemon=True).start()
    return [server.getsockname()[1] for server in servers]


def _accept(server: socket.socket) -> None:
    while True:
        server.accept()


def test_only_configured_engines_are_reached(ports: list[int]) -> None:
    command = [sys.executable, "-c", _TRY, *map(str, ports)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "REACHED" not in told
    assert "configured: reached" in told
    assert f"other port: offline: this process may not connect to 127.0.0.1 port {ports[1]}" in told
    assert "name: offline: this process may not look up 'example.org'" in told
    assert "udp: offline" in told
    assert "httpx: offline" in told
    assert "socketpair: b'x'" in told
    assert "asyncio: ok" in told
    assert "listening: ok" in told
