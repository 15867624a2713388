"""What is wrong with a server is told before the first call, with the fix."""

from __future__ import annotations

from typing import Any

import pytest

from meds3.engines.openai import OpenAIEngine
from meds3.engines.preflight import Longest
from meds3.engines.protocol import Sampling
from meds3.engines.ready import made_ready
from meds3.errors import EngineError, InputError
from tests.engines.test_openai import engine_for, good, serving

START = "<s>"


class Tokenizer:
    """`<s>` and `marks` are a token each, any other word is one too, and of a mark that is not
    known every letter. With special tokens a start comes first, as the tokenizer of Llama does."""

    def __init__(self, *marks: str, context: int = 4096) -> None:
        self.marks, self.context = (START, *marks), context

    async def reply(self, number: int, body: dict[str, Any]) -> Any:
        if "add_special_tokens" not in body or "max_tokens" in body:
            return good(body)
        words = body["prompt"].replace(START, f"{START} ").split()
        ids = [0] if body["add_special_tokens"] else []
        for word in words:
            known = word in self.marks or not word.startswith("<")
            ids += [self.marks.index(word) if word in self.marks else 9] * (
                1 if known else len(word)
            )
        return 200, {}, {"tokens": ids}


async def checked(tokenizer: Tokenizer, longest: Longest) -> dict[str, Any]:
    """The body of the first call after the check."""
    async with serving(tokenizer.reply) as (server, url):
        server.models = {"data": [{"id": "policy", "max_model_len": tokenizer.context}]}
        engine = engine_for(url)
        try:
            await made_ready(engine, longest)
            await engine.generate(longest.prompt, Sampling())
        finally:
            await engine.close()
        return dict(server.bodies[-1])


async def test_a_start_of_text_that_would_come_twice_is_not_added() -> None:
    body = await checked(Tokenizer(), Longest(f"{START}Is it so?", 10))
    assert body["add_special_tokens"] is False


async def test_a_start_of_text_that_the_template_leaves_out_is_left_to_the_server() -> None:
    assert "add_special_tokens" not in await checked(Tokenizer(), Longest("Is it so?", 10))


async def test_another_model_than_the_template_is_of_is_told() -> None:
    mark = "<|im_end|>"
    await checked(Tokenizer(mark), Longest("Is it so?", 10, mark))
    with pytest.raises(InputError, match=r"as 10 tokens: another model is served"):
        await checked(Tokenizer(), Longest("Is it so?", 10, mark))


async def test_a_context_that_is_too_short_is_told_with_the_one_needed() -> None:
    await checked(Tokenizer(context=13), Longest("Is it so?", 10))
    with pytest.raises(InputError, match=r"12 tokens is too short(.|\n)*context of 13"):
        await checked(Tokenizer(context=12), Longest("Is it so?", 10))


async def test_a_model_that_is_not_served_is_told_with_those_that_are() -> None:
    async with serving(Tokenizer().reply) as (server, url):
        server.models = {"data": [{"id": "llama"}, {"id": "qwen"}]}
        engine = OpenAIEngine([url], "policy")
        with pytest.raises(InputError, match=r"'policy'(.|\n)*llama, qwen"):
            await engine.check()
        await engine.close()


async def test_a_server_that_is_down_is_not_looked_at_and_then_told() -> None:
    engine = engine_for("http://127.0.0.1:9/v1", patience_s=0.1)
    await made_ready(engine, Longest("Is it so?", 10))
    with pytest.raises(EngineError, match="ConnectError"):
        await engine.generate("Is it so?", Sampling())
    await engine.close()
