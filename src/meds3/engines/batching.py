"""Which of the waiting requests go through a model together, when a batch runs to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from meds3.engines.protocol import Completion, Sampling

PATIENCE = 8  # batches that may pass over the oldest request


@dataclass(eq=False)
class Request:
    """A prompt's token ids and what is wanted of them; `passed_over` counts batches."""

    ids: list[int]
    sampling: Sampling
    future: asyncio.Future[list[Completion]] = field(repr=False)
    passed_over: int = 0

    @cached_property
    def kind(self) -> Sampling:
        """What requests of one batch have in common: all but `n` and `seed`."""
        return self.sampling.model_copy(update={"n": 1, "seed": 0})


def next_batch(waiting: list[Request], most: int, room: int) -> list[Request]:
    """Take the next batch out of `waiting` (oldest first).

    Of the kind that has the most sequences waiting, or of the oldest request's when it was passed
    over `PATIENCE` times; those whose prompts are about as long as that of the oldest of the kind,
    since all are padded to the longest. At most `most` sequences, and `room` tokens with the
    padding; one request alone may be more than that.
    """
    if not waiting:
        return []
    kinds: dict[Sampling, list[Request]] = {}
    for request in waiting:
        kinds.setdefault(request.kind, []).append(request)
    alike = kinds[waiting[0].kind]
    if waiting[0].passed_over < PATIENCE:
        alike = max(kinds.values(), key=lambda requests: min(_rows(requests), most))
    oldest = len(alike[0].ids)
    batch: list[Request] = []
    rows = width = 0
    for request in sorted(alike, key=lambda request: abs(len(request.ids) - oldest)):
        rows, width = rows + request.sampling.n, max(width, len(request.ids))
        if batch and (rows > most or rows * (width + request.sampling.max_tokens) > room):
            break
        batch.append(request)
    taken = set(map(id, batch))
    waiting[:] = [request for request in waiting if id(request) not in taken]
    for request in waiting:
        request.passed_over += 1
    return batch


def _rows(requests: Sequence[Request]) -> int:
    return sum(request.sampling.n for request in requests)
