"""One request: a place in the queue, the answer, its record; dropped when its client goes."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request

from meds3.answering.answer import Answered
from meds3.answering.waves import Drawn
from meds3.errors import EngineError, InputError
from meds3.serving.admission import Admission
from meds3.serving.audit import AuditLog, record_of
from meds3.serving.config import ServingConfig
from meds3.serving.errors import ApiError, engine_down
from meds3.serving.metrics import Metrics
from meds3.serving.questions import Question
from meds3.serving.reasoner import Reasoner, Usage
from meds3.serving.security import OWNER

T = TypeVar("T")
_LOG = logging.getLogger("meds3.serving")


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


@dataclass(frozen=True)
class Service:
    """What all requests share."""

    reasoner: Reasoner
    config: ServingConfig
    admission: Admission
    audit: AuditLog
    metrics: Metrics

    async def answer(
        self, question: Question, owner: str | None, on_drawn: Callable[[Drawn], None]
    ) -> tuple[Answered, Usage]:
        """Answer and record it under the question's id. Raises `ApiError`."""
        began = time.monotonic()
        try:
            async with self.admission.place():
                answered, usage = await self.reasoner.answer(question, on_drawn)
        except asyncio.CancelledError:
            self.metrics.gone.inc()
            raise
        except InputError as error:
            raise ApiError(400, error.message, code="context_length_exceeded") from error
        except EngineError as error:
            _LOG.error("%s", error)
            raise engine_down(error.message) from error
        record = record_of(
            question,
            answered,
            self.reasoner.identity,
            keep_text=self.config.keep_text,
        )
        await self.audit.add(record, owner)
        self.metrics.answered(answered, question.settings.n, time.monotonic() - began)
        told = question.problem.question if self.config.log_questions else "(not logged)"
        _LOG.info(
            "%s: %d chains, %d tokens, %.1f s, %s; question: %s",
            question.answer_id,
            len(answered.drawn.candidates),
            answered.tokens,
            answered.seconds,
            answered.drawn.stopped,
            told,
        )
        return answered, usage


def new_answer_id() -> str:
    """By which an answer is found again; it cannot be guessed."""
    return f"ans-{secrets.token_hex(12)}"


def owner(request: Request) -> str | None:
    """Whose key the request came with."""
    found: str | None = request.scope.get("state", {}).get(OWNER)
    return found


async def while_connected(request: Request, work: asyncio.Task[T]) -> T:
    """The result of `work`; when the client goes away first the work is ended at once."""
    gone = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise ClientGone
        return work.result()
    finally:
        await ended(gone)
        await ended(work)


async def told_while(
    work: asyncio.Task[T], news: asyncio.Queue[Drawn], pause: float
) -> AsyncIterator[Drawn | None]:
    """What `work` says of itself until it ends; None after each `pause` (s) of silence."""
    while not (work.done() and news.empty()):
        said = asyncio.create_task(news.get())
        try:
            await asyncio.wait({work, said}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            if said.done():
                yield said.result()
            elif not work.done():
                yield None
        finally:
            await ended(said)


async def ended(task: asyncio.Task[T]) -> None:
    """Cancel what still runs and wait for its end; its failure is its owner's to hear."""
    if not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
