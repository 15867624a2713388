"""`/v1`: chat completions, completions, models."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from meds3.answering.answer import Answered
from meds3.answering.waves import Drawn
from meds3.serving import replies
from meds3.serving.errors import ApiError, no_such_model
from meds3.serving.openapi import answer_responses, errors, request_body
from meds3.serving.questions import Question, question_of
from meds3.serving.reasoner import Usage
from meds3.serving.requests import (
    Service,
    ended,
    new_answer_id,
    owner,
    told_while,
    while_connected,
)
from meds3.serving.schemas import Asked, ChatRequest, CompletionRequest

R = TypeVar("R", bound=BaseModel)
_SILENCE = 5.0  # s; then a stream says that it lives


def openai_routes(service: Service) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["OpenAI"])
    identity = service.reasoner.identity
    model = {
        "id": identity.id,
        "object": "model",
        "created": identity.created,
        "owned_by": "meds3",
    }

    @router.get("/models", responses=errors(401, 421))
    async def models() -> dict[str, Any]:
        """The one model this server has."""
        return {"object": "list", "data": [model]}

    @router.get("/models/{name}", responses=errors(401, 404, 421))
    async def one_model(name: str) -> dict[str, Any]:
        """What is known of a model."""
        _check_model(service, name)
        return model

    @router.post(
        "/chat/completions",
        responses=answer_responses("chat.completion"),
        openapi_extra=request_body(ChatRequest),
    )
    async def chat(request: Request) -> Response:
        """Answer the last question of the user: many chains, scored step by step, vote."""
        return await _answer(service, request, await _body(request, ChatRequest))

    @router.post(
        "/completions",
        responses=answer_responses("text_completion"),
        openapi_extra=request_body(CompletionRequest),
    )
    async def completions(request: Request) -> Response:
        """Answer one question, given as the prompt."""
        return await _answer(service, request, await _body(request, CompletionRequest))

    return router


async def _body(request: Request, model: type[R]) -> R:
    """The body as `model`. Pydantic's own parser bounds its depth and refuses half characters."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if kind.lower() != "application/json":
        raise ApiError(415, f"content-type {kind!r}: expected application/json")
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            raise ApiError(
                400, f"{where}: unknown field", code="unknown_parameter", param=where
            ) from error
        if fault["type"] == "json_invalid":
            raise ApiError(400, f"the body is not valid JSON: {fault['msg']}") from error
        told = f"{where}: {fault['msg']}" if where else fault["msg"]
        raise ApiError(400, told, code="invalid_value", param=where or None) from error


def _check_model(service: Service, name: str) -> None:
    known = service.reasoner.identity.id
    if name not in (known, "meds3"):
        raise no_such_model(name, known)


async def _answer(
    service: Service, request: Request, body: ChatRequest | CompletionRequest
) -> Response:
    _check_model(service, body.model)
    answer_id = new_answer_id()
    question = question_of(body, service.reasoner.settings, service.config, answer_id)
    chat = isinstance(body, ChatRequest)
    head = {
        "id": f"{'chatcmpl' if chat else 'cmpl'}-{answer_id}",
        "created": int(time.time()),
        "model": service.reasoner.identity.id,
        "system_fingerprint": service.reasoner.identity.policy_digest[:16],
    }
    if body.stream:
        # A full queue must be told by the status, before the stream has begun.
        service.admission.check()
        return StreamingResponse(
            _stream(service, request, question, body, head),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )
    work = asyncio.create_task(service.answer(question, owner(request), lambda drawn: None))
    answered, usage = await while_connected(request, work)
    make = replies.chat_body if chat else replies.completion_body
    ours = {"meds3": replies.method_body(question, answered)}
    return JSONResponse(make(head, answered, usage) | ours)


async def _stream(
    service: Service, request: Request, question: Question, body: Asked, head: dict[str, Any]
) -> AsyncIterator[str]:
    """Comments while chains are drawn, then the winning chain step by step."""
    chat = isinstance(body, ChatRequest)
    news: asyncio.Queue[Drawn] = asyncio.Queue()
    work = asyncio.create_task(service.answer(question, owner(request), news.put_nowait))
    watched = asyncio.create_task(while_connected(request, work))
    try:
        if chat:
            yield _event(replies.opening_chunk(head))
        async for drawn in told_while(watched, news, _SILENCE):
            told = json.dumps(replies.progress_body(question, drawn)) if drawn else "…"
            yield f": meds3 {told}\n\n"
        answered, usage = await watched
        for part in _chunks(head, question, answered, usage, body):
            yield _event(part)
    except ApiError as error:
        yield _event(error.body)
    finally:
        await ended(watched)
        await ended(work)
    yield "data: [DONE]\n\n"


def _chunks(
    head: dict[str, Any], question: Question, answered: Answered, usage: Usage, body: Asked
) -> list[dict[str, Any]]:
    chat = isinstance(body, ChatRequest)
    make: Callable[[dict[str, Any], Answered], Any] = (
        replies.chat_chunks if chat else replies.completion_chunks
    )
    chunks = list(make(head, answered))
    chunks[-1]["meds3"] = replies.method_body(question, answered)
    if body.stream_options and body.stream_options.include_usage:
        kind = {"object": chunks[-1]["object"], "choices": []}
        chunks.append(head | kind | {"usage": usage.body()})
    return chunks


def _event(body: dict[str, Any]) -> str:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"
