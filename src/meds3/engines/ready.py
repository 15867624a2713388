"""A server looked at before its first call, and started where it is ours."""

from __future__ import annotations

from collections.abc import Callable

from meds3.engines.openai import OpenAIEngine
from meds3.engines.preflight import Longest
from meds3.engines.protocol import Engine
from meds3.engines.vllm.engine import VllmEngine


async def made_ready(
    engine: Engine, longest: Longest, say: Callable[[str], None] = lambda _: None
) -> None:
    """Start a vLLM server (`say` hears how that goes), and check that `longest` can be asked.

    Does nothing for an engine in this process. Raises `InputError` for a context that is too short
    and a model that is not the one we render prompts for; see `preflight.look_at`.
    """
    if isinstance(engine, OpenAIEngine):
        await engine.check(longest)
    elif isinstance(engine, VllmEngine):
        await engine.start(say, longest)
