"""From a request to the question that is asked, and to how it is answered."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from meds3.answering.config import AnsweringConfig
from meds3.answering.waves import Budget
from meds3.errors import InputError
from meds3.problems.asked import asked_problem
from meds3.problems.problem import Problem
from meds3.selection.rules import check_strategy
from meds3.selection.stopping import adds_up
from meds3.serving.config import ServingConfig
from meds3.serving.errors import not_allowed, unsupported
from meds3.serving.schemas import Asked, ChatRequest, CompletionRequest, Message

_SEED_BITS = 31  # one that nobody gave; short enough to be typed again
_OPTION = re.compile(r"\s*\(?([A-Z])[.):]\s+(\S.*)")
_SPECIAL = re.compile(r"<(?=\|[^|<>\s]{1,40}\|>|/?s>|start_of_turn>|end_of_turn>|/?INST>)")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Question:
    """What is asked, how it is answered, and what of the request had no effect.

    `answer_id` finds the answer again. What is drawn depends on the seed and not on it.
    """

    answer_id: str
    problem: Problem
    settings: AnsweringConfig
    budget: Budget
    seed: int
    warnings: tuple[str, ...] = field(default=())


def question_of(
    request: ChatRequest | CompletionRequest,
    defaults: AnsweringConfig,
    config: ServingConfig,
    answer_id: str,
) -> Question:
    """Raises `ApiError` (400) that names the field which cannot be."""
    text, warnings = _text(request)
    context = request.context
    if len(text) + len(context or "") > config.max_question_chars:
        raise not_allowed(
            "messages" if isinstance(request, ChatRequest) else "prompt",
            f"question and context have {len(text) + len(context or ''):,} characters, at most "
            f"{config.max_question_chars:,} are answered",
        )
    question, options = (text, request.options) if request.options else split_options(text)
    if options and len(options) > config.max_options:
        raise not_allowed("options", f"{len(options)} given, at most {config.max_options}")
    harmless = _plain({"question": question, "context": context, "options": options}, warnings)
    try:
        problem = asked_problem(
            harmless["question"],
            harmless["options"] or (),
            harmless["context"],
            request.kind or "span",
        )
    except InputError as error:
        where = "options" if error.message.startswith("options") else "messages"
        raise not_allowed(where, error.message) from error
    budget = Budget(
        tokens=request.budget_tokens,
        seconds=min(request.max_seconds or config.max_seconds, config.max_seconds),
    )
    settings = _settings(request, defaults, config)
    seed = secrets.randbits(_SEED_BITS) if request.seed is None else request.seed
    return Question(answer_id, problem, settings, budget, seed, tuple(warnings))


def split_options(text: str) -> tuple[str, list[str]]:
    """A question that ends with lines `A. …`, `B) …`, `(C) …` as its stem and its options.

    Without at least two such lines, lettered from A without a gap, there are none.
    """
    lines = text.rstrip().split("\n")
    for start in range(len(lines)):
        found = [_OPTION.fullmatch(line) for line in lines[start:] if line.strip()]
        letters = [match[1] if match else "" for match in found]
        if len(found) >= 2 and letters == list(string.ascii_uppercase[: len(found)]):
            stem = "\n".join(lines[:start]).rstrip()
            if stem:
                return stem, [match[2].strip() for match in found if match]
    return text, []


def _text(request: ChatRequest | CompletionRequest) -> tuple[str, list[str]]:
    if isinstance(request, CompletionRequest):
        if isinstance(request.prompt, str):
            return request.prompt, []
        if len(request.prompt) != 1:
            raise unsupported("prompt", f"{len(request.prompt)} prompts given, one is answered")
        return request.prompt[0], []
    return _last_of_user(request.messages)


def _last_of_user(messages: Sequence[Message]) -> tuple[str, list[str]]:
    if messages[-1].role != "user":
        raise not_allowed("messages", f"the last is of the {messages[-1].role}, expected the user")
    told = []
    roles = {message.role for message in messages[:-1]}
    if roles & {"system", "developer"}:
        told.append("the system message had no effect: the model was trained without one")
    if roles & {"user", "assistant", "tool", "function"}:
        told.append("earlier turns had no effect: every question is answered by itself")
    return messages[-1].text, told


def _plain(body: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
    """Without what a chat template would take for its own marks, and without control characters."""

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return _INVISIBLE.sub(" ", _SPECIAL.sub("< ", value))
        if isinstance(value, list):
            return [clean(one) for one in value]
        if isinstance(value, dict):
            return {key: clean(one) for key, one in value.items()}
        return value

    cleaned: dict[str, Any] = clean(body)
    if cleaned != body:
        warnings.append("marks of the chat template and control characters were made harmless")
    return cleaned


def _settings(request: Asked, defaults: AnsweringConfig, config: ServingConfig) -> AnsweringConfig:
    longest = request.max_tokens
    if isinstance(request, ChatRequest):
        longest = request.max_completion_tokens or longest
    given = {
        "n": request.n,
        "strategy": request.strategy,
        "adaptive": request.adaptive,
        "sure": request.sure,
        "abstain_below": request.abstain_below,
        "temperature": request.temperature or None,
        "top_p": request.top_p,
        "max_tokens": longest,
    }
    if request.n is not None and request.n > config.max_n:
        raise not_allowed("n", f"{request.n} chains asked, at most {config.max_n}")
    body = defaults.model_dump() | {key: value for key, value in given.items() if value is not None}
    try:
        check_strategy(body["strategy"])
    except InputError as error:
        raise not_allowed("strategy", str(error)) from error
    if request.temperature == 0:
        body["strategy"] = "greedy"
    if request.adaptive is None and not adds_up(body["strategy"]):
        body["adaptive"] = "off"
    try:
        return AnsweringConfig.model_validate(body)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "adaptive"
        raise not_allowed(where, fault["msg"]) from error
