"""Token ids of an assistant turn, and the one token that ends it."""

from __future__ import annotations

from typing import Any

from meds3.errors import InputError

_MARK = "Meds3Turn"


def end_of_turn(tokenizer: Any) -> int:
    """The token that the model's own chat template puts after an assistant turn.

    A template that puts nothing there leaves it to the tokenizer's end token. Raises
    `InputError` when there is neither, or when the template ends turns with mere text.
    """
    tail = _after_a_turn(tokenizer)
    if not tail:
        if tokenizer.eos_token_id is None:
            raise InputError("the model's tokenizer has no end-of-turn token", "use a chat model")
        return int(tokenizer.eos_token_id)
    first = tokenizer(tail, add_special_tokens=False)["input_ids"][0]
    if first not in _special(tokenizer) or not tail.startswith(tokenizer.decode([first]).strip()):
        raise InputError(
            f"the chat template ends an assistant turn with {tail[:40]!r}, which is no special "
            "token of the tokenizer: the model could not learn to stop there",
            "use the model's own instruct version, or mend its chat template or its tokenizer",
        )
    return int(first)


def _after_a_turn(tokenizer: Any) -> str:
    """What the template writes after an assistant turn's text, without space around it."""
    if not tokenizer.chat_template:
        return ""
    import jinja2

    turns = [{"role": "user", "content": "?"}, {"role": "assistant", "content": _MARK}]
    try:
        text = tokenizer.apply_chat_template(turns, tokenize=False)
    except (jinja2.TemplateError, TypeError, ValueError) as error:
        raise InputError(
            f"the model's chat template fails on a question and its answer: {error}",
            "use the model's own instruct version, or mend its chat template",
        ) from error
    before, mark, tail = text.rpartition(_MARK)
    if not mark:
        raise InputError(
            f"the model's chat template leaves out the assistant turn: {before or tail!r}",
            "use the model's own instruct version, or mend its chat template",
        )
    return str(tail).strip()


def _special(tokenizer: Any) -> set[int]:
    added = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    return added | set(tokenizer.all_special_ids)


def completion_ids(tokenizer: Any, completion: str, end: int | None) -> list[int]:
    """Token ids of an assistant turn; `end`, if any, closes it.

    The prompt is already rendered by the chat template, so nothing else is added.
    """
    ids = list(tokenizer(completion, add_special_tokens=False)["input_ids"])
    return ids if end is None else [*ids, end]
