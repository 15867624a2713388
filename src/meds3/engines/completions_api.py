"""OpenAI's `/v1/completions` as it is spoken: what to send, and what counts as an answer."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import httpx
from pydantic import BaseModel, Field, ValidationError

from meds3.engines.choices import room_for
from meds3.engines.protocol import Completion, Sampling
from meds3.errors import InputError

# A server that shuts down or fails ends its sequences with these, and with HTTP 200
# (vLLM: https://github.com/vllm-project/vllm/issues/57082): the text is cut anywhere.
_CUT = frozenset({None, "abort", "error"})


class Fault(Exception):
    """A fault that another try may heal; `after_s` is what the server asked for.

    `away` says that no server took the request: it may be restarting.
    """

    def __init__(self, what: str, after_s: float | None = None, *, away: bool = False) -> None:
        super().__init__(what)
        self.after_s = after_s
        self.away = away


def request_body(model_name: str, prompt: str, sampling: Sampling) -> dict[str, Any]:
    """The JSON of a request. A choice is never cut: it has room whatever `max_tokens` says."""
    body: dict[str, Any] = {
        "prompt": prompt,
        "n": sampling.n,
        "max_tokens": room_for(sampling.choices) if sampling.choices else sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
    }
    if model_name:
        body["model"] = model_name
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if sampling.top_k > 0:
        body["top_k"] = sampling.top_k
    if sampling.choices:  # vLLM's field, since its version 0.12
        body["structured_outputs"] = {"choice": list(sampling.choices)}
    return body


class _Choice(BaseModel):
    text: str
    index: int = 0
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Answer(BaseModel):
    """What is read of an answer; servers send more."""

    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


def read_completions(reply: httpx.Response, sampling: Sampling) -> list[Completion]:
    """Completions in index order. Token counts come from `usage`, shared out over the samples.

    Raises `Fault` for what is no whole answer, `InputError` for a server that cannot do what the
    sampling asks for.
    """
    try:
        answer = _Answer.model_validate_json(reply.content)
    except ValidationError as error:
        raise Fault(f"an answer that is no completion: {reply.text[:200]!r}") from error
    choices = sorted(answer.choices, key=lambda choice: choice.index)
    usage = answer.usage or _Usage()
    texts, tokens = [choice.text for choice in choices], usage.completion_tokens or 0
    if cut := [choice for choice in choices if choice.finish_reason in _CUT]:
        raise Fault(f"an answer that was cut off: finish_reason {cut[0].finish_reason}")
    if not any(texts) and not tokens:
        raise Fault("an empty answer, without any generated token")
    if len(texts) != sampling.n:
        raise InputError(
            f"{reply.url} gave {len(texts)} samples, {sampling.n} were asked for",
            "this server does not support `n`; use one that does (vLLM, SGLang)",
        )
    if odd := [text for text in texts if sampling.choices and text not in sampling.choices]:
        raise InputError(
            f"{reply.url} gave {odd[0][:80]!r}, which is none of the choices {sampling.choices}: "
            "it does not constrain its text",
            "search.think and answering.force_answer need a server with structured outputs (vLLM "
            "0.12 or newer); else set them to false",
        )
    return [
        Completion(
            text,
            share,
            "length" if choice.finish_reason == "length" else "stop",
            None,
            usage.prompt_tokens or 0,
        )
        for text, share, choice in zip(
            texts, token_shares(tokens, [len(text) for text in texts]), choices, strict=True
        )
    ]


def token_shares(total: int, lengths: Sequence[int]) -> list[int]:
    """Split `total` tokens in proportion to text lengths; the parts add up to `total`.

    The API reports one sum for all samples of a call, so a single sample's count is an
    estimate when n > 1.
    """
    whole = sum(lengths) or len(lengths)
    weights = lengths if sum(lengths) else [1] * len(lengths)
    ends, reached = [0], 0
    for weight in weights:
        reached += weight
        ends.append(round(total * reached / whole))
    return [end - start for start, end in itertools.pairwise(ends)]


def server_words(reply: httpx.Response) -> str:
    """The server's own message, however it is wrapped."""
    try:
        body = reply.json()
    except ValueError:
        return reply.text[:200]
    for key in ("error", "message", "detail"):
        if isinstance(body, dict) and body.get(key):
            body = body[key]
    return str(body)[:300]


def retry_after_s(reply: httpx.Response) -> float | None:
    """`Retry-After` in seconds; a date there is left to our own backoff."""
    value = reply.headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        return None
