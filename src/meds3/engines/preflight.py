"""What can be wrong with a server, found before the first call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from meds3.errors import EngineError, InputError

_HEALTH_S = 10.0  # a server that is busy answers this late at most


@dataclass(frozen=True)
class Longest:
    """The longest prompt of what is to be asked, and the tokens to be generated after it.

    `end_of_turn` is one token of the model whose chat template rendered the prompt.
    """

    prompt: str
    new_tokens: int
    end_of_turn: str = ""


@dataclass(frozen=True)
class Server:
    """What a server said of itself; `context` in tokens, None when it did not say."""

    models: tuple[str, ...]
    context: int | None
    doubles_start: bool


async def look_at(
    client: httpx.AsyncClient, url: str, model_name: str, longest: Longest | None = None
) -> Server:
    """Ask the server at `url` (with the version) for its models, its context and how it reads.

    Raises `InputError` when it does not serve `model_name`, when its model does not know the marks
    of our chat template, or when `longest` does not fit its context, `EngineError` when it does
    not answer. `doubles_start`: it puts a start-of-text token before a prompt that begins with one
    (a rendered chat template does); such a request has to say `add_special_tokens: false`.
    """
    listed = await _get(client, f"{url}/models")
    entries = [m for m in listed.get("data") or [] if isinstance(m, dict) and m.get("id")]
    models = tuple(str(entry["id"]) for entry in entries)
    if model_name and models and model_name not in models:
        raise InputError(
            f"{url} does not serve the model {model_name!r} (engine.model_name)",
            f"it serves: {', '.join(models)}",
        )
    chosen = next((e for e in entries if e["id"] == model_name), entries[0] if entries else {})
    context = chosen.get("max_model_len")
    context = context if isinstance(context, int) else None
    if longest is None:
        return Server(models, context, doubles_start=False)
    with_start = await _tokens(client, url, model_name, longest.prompt, special=True)
    without = await _tokens(client, url, model_name, longest.prompt, special=False)
    if with_start is None or without is None:
        return Server(models, context, doubles_start=False)
    if longest.end_of_turn:
        marks = await _tokens(client, url, model_name, longest.end_of_turn, special=False)
        if marks is not None and len(marks) != 1:
            raise InputError(
                f"{url} reads {longest.end_of_turn!r}, which ends a turn of the model we render "
                f"prompts for, as {len(marks)} tokens: another model is served there",
                "let `model` in the config name the model that is served (a folder or hub id with "
                "its chat template), or serve the one it names",
            )
    needed = len(without) + longest.new_tokens
    if context is not None and needed > context:
        raise InputError(
            f"{url}: the context of {context:,} tokens is too short: the longest prompt has "
            f"{len(without):,} tokens, and up to {longest.new_tokens:,} are generated after it",
            f"give the server a context of {needed:,} (engine.vllm.max_context, vLLM's "
            "--max-model-len), or shorten search.max_step_tokens, search.max_rollout_tokens or "
            "answering.max_tokens, or leave the longest problems out",
        )
    doubled = len(with_start) > len(without) and len(without) > 0 and with_start[:1] == without[:1]
    return Server(models, context, doubles_start=doubled)


async def is_well(client: httpx.AsyncClient, url: str) -> bool:
    """Whether a server answers: `/health` where it has one, else its list of models."""
    try:
        for address in (f"{url.removesuffix('/v1')}/health", f"{url}/models"):
            reply = await client.get(address, timeout=_HEALTH_S)
            if reply.status_code != 404:
                return reply.status_code < 500
    except httpx.HTTPError:
        return False
    return True  # it answers, and has neither


async def _get(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    try:
        reply = await client.get(url)
    except httpx.HTTPError as error:
        raise EngineError(
            f"{url} does not answer: {type(error).__name__}: {error}",
            "start the server, or mend engine.base_urls",
        ) from error
    if reply.status_code in (401, 403):
        raise InputError(
            f"{url}: HTTP {reply.status_code}: the server wants an API key",
            "name the variable that holds it: --set engine.api_key_env=VARIABLE",
        )
    return _object(reply) or {}


async def _tokens(
    client: httpx.AsyncClient, url: str, model: str, prompt: str, *, special: bool
) -> list[int] | None:
    """The token ids of a prompt, None where the server has no `/tokenize` as vLLM has it."""
    body: dict[str, Any] = {"prompt": prompt, "add_special_tokens": special}
    if model:
        body["model"] = model
    try:
        reply = await client.post(f"{url.removesuffix('/v1')}/tokenize", json=body)
    except httpx.HTTPError:
        return None
    found = (_object(reply) or {}).get("tokens")
    return found if isinstance(found, list) else None


def _object(reply: httpx.Response) -> dict[str, Any] | None:
    if reply.status_code != 200:
        return None
    try:
        body = reply.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
