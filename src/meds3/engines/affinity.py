"""Whose call this is: calls about one problem share a prompt, which one server has computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_PROBLEM: ContextVar[str] = ContextVar("meds3_problem", default="")


@contextmanager
def about(problem_id: str) -> Iterator[None]:
    """Calls of this task, and of tasks it begins, are about this problem while the block runs."""
    before = _PROBLEM.set(problem_id)
    try:
        yield
    finally:
        _PROBLEM.reset(before)


def problem_in_hand() -> str:
    """The id of the problem that the running task is about; "" where nobody said."""
    return _PROBLEM.get()
