"""Keep a thread's alternate signal stack out of the hands of native libraries.

OpenVINO's CPU plugin (2026.4.1) points the calling thread's `sigaltstack` at memory of its own when
a model is loaded and when it is freed, and frees that memory. Python delivers signals on that stack
(bpo-43390), so the next Ctrl-C would end the process with a segmentation fault.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class _Stack(ctypes.Structure):
    """`stack_t` of Linux."""

    _fields_ = [
        ("pointer", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("size", ctypes.c_size_t),
    ]


@contextmanager
def kept_signal_stack() -> Iterator[None]:
    """The calling thread's signal stack afterwards is the one it had before."""
    if not sys.platform.startswith("linux"):
        yield
        return
    sigaltstack = ctypes.CDLL(None, use_errno=True).sigaltstack
    before = _Stack()
    known = sigaltstack(None, ctypes.byref(before)) == 0
    try:
        yield
    finally:
        if known:
            sigaltstack(ctypes.byref(before), None)
