"""Text in, text out: the one method every engine has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field


class Sampling(BaseModel):
    """How to sample. `temperature` 0 is greedy (then `n` must be 1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int = Field(1, ge=1)
    temperature: float = Field(0.8, ge=0.0)
    top_p: float = Field(0.95, gt=0.0, le=1.0)
    top_k: int = Field(40, ge=0, description="0 keeps the whole vocabulary")
    max_tokens: int = Field(256, ge=1)
    stop: tuple[str, ...] = ()
    choices: tuple[str, ...] = Field(
        (), description="the text is exactly one of these (where the engine can constrain)"
    )
    seed: int = 0


@dataclass(frozen=True)
class Completion:
    """One sampled continuation. `text` excludes the prompt and the stop string."""

    text: str
    tokens: int
    finish: Literal["stop", "length"]
    logprob: float | None = None  # sum over generated tokens, nats; None when not reported
    prompt_tokens: int = 0


class Engine(Protocol):
    """A source of completions. Callers issue thousands of awaits; batching is the engine's."""

    @property
    def name(self) -> str:
        """What runs where, for the manifest (`openvino:policy-q8_0.gguf`)."""
        ...

    @property
    def capacity(self) -> int:
        """How many sequences it works on at once."""
        ...

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        """`sampling.n` completions of a rendered prompt.

        Raises `EngineError` when the engine is dead or gave up after its retries.
        """
        ...

    async def close(self) -> None:
        """Free the model. Further calls raise `EngineError`."""
        ...
