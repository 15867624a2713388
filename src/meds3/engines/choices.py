"""Text that must be one of a few: what each kind of engine needs to be told."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from meds3.engines.protocol import Completion, Sampling
from meds3.errors import EngineError


def choice_grammar(choices: Sequence[str]) -> str:
    """A grammar (EBNF as xgrammar reads it) of exactly the choices."""
    return f"root ::= {' | '.join(json.dumps(choice, ensure_ascii=False) for choice in choices)}"


def room_for(choices: Sequence[str]) -> int:
    """Tokens enough for any of the choices: a grammar may spell it byte by byte."""
    return 2 + max(len(choice.encode()) for choice in choices)


def single_samplings(sampling: Sampling) -> list[Sampling]:
    """The samples of a constrained call as calls of their own, each with room for any choice.

    OpenVINO GenAI 2026.4 follows a grammar in the first sequence of a request only.
    """
    room = room_for(sampling.choices)
    return [
        sampling.model_copy(
            update={"n": 1, "max_tokens": room, "seed": (sampling.seed + 7919 * i) % 2**32}
        )
        for i in range(sampling.n)
    ]


def allowed_tokens(
    choices: Sequence[Sequence[int]], end: int, prompt_tokens: int
) -> Callable[[int, Any], list[int]]:
    """`prefix_allowed_tokens_fn` of transformers: the ways on towards one of `choices`, then `end`.

    `choices` are token ids; a row begins with `prompt_tokens` ids (padding included).
    """
    paths = [[*choice, end] for choice in choices]

    def allowed(_row: int, ids: Any) -> list[int]:
        written = ids[prompt_tokens:].tolist()
        size = len(written)
        ways = {path[size] for path in paths if len(path) > size and path[:size] == written}
        return sorted(ways) or [end]  # a finished row is padded to the end of its batch

    return allowed


def as_chosen(
    engine: str, completions: Sequence[Completion], sampling: Sampling
) -> list[Completion]:
    """The completions, each text spelt as the choice it is.

    Tokenizers of the SentencePiece kind drop the first blank of what they decode, others those
    before commas. Raises `EngineError` when a text is none of the choices, blanks aside.
    """
    if not sampling.choices:
        return list(completions)
    return [
        replace(completion, text=_spelling(engine, completion.text, sampling), finish="stop")
        for completion in completions
    ]


def _spelling(engine: str, text: str, sampling: Sampling) -> str:
    if text in sampling.choices:
        return text
    alike = [choice for choice in sampling.choices if choice.split() == text.split()]
    alike = alike or [c for c in sampling.choices if "".join(c.split()) == "".join(text.split())]
    if len(alike) != 1:
        raise EngineError(
            f"{engine} was to choose among {sampling.choices} and wrote {text!r}",
            "set search.think or answering.force_answer, whichever asked, to false",
        )
    return alike[0]
