"""Runs a server until it ends or whoever started it is gone; then nothing of it is left.

    python keeper.py COMMAND ARGUMENT...

A process of its own, and of the standard library alone, because a server that is a child must not
outlive a parent that was killed: the kernel closes this process's standard input when the parent
ends, however it ends. The server leads a session, so that its workers are ended with it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE_S = 20.0  # to stop in before the kill


def keep(command: list[str]) -> int:
    """Run `command` to its end, or to that of standard input; its exit code."""
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)

    def end(*_: object) -> None:
        signal_group(server.pid, signal.SIGTERM)
        try:
            server.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            signal_group(server.pid, signal.SIGKILL)

    def listen() -> None:
        while os.read(0, 1024):
            pass
        end()

    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=end).start())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's: it closes our input
    threading.Thread(target=listen, daemon=True).start()
    code = server.wait()
    signal_group(server.pid, signal.SIGKILL)  # workers that outlived their server
    return code if code >= 0 else 128 - code


def signal_group(leader: int, what: signal.Signals) -> None:
    """Send a signal to a session's processes, if there are any left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, what)


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
