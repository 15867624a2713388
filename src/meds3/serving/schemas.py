"""What clients send: OpenAI's fields, and ours in `extra_body`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["span", "number", "date"]
Short = Annotated[str, Field(max_length=2_000)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TextPart(_Request):
    type: Literal["text"]
    text: str


class Message(BaseModel):
    """A turn. Only the last of the user is answered."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[TextPart] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="ignore")

    include_usage: bool = False


class Asked(_Request):
    """The fields of the method, for both endpoints. What is not given is the server's default."""

    model: Short
    stream: bool = False
    stream_options: StreamOptions | None = None
    seed: int | None = Field(
        None, ge=-(2**63), lt=2**63, description="the same seed draws the same"
    )
    temperature: float | None = Field(
        None, ge=0, le=2, description="0: one greedy chain in place of a vote"
    )
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(None, ge=1, description="of one chain")
    n: int | None = Field(None, ge=1, description="chains that vote; the response has one choice")

    strategy: Short | None = Field(None, description="pvs, majority, greedy, best-of-n/min, …")
    adaptive: Literal["off", "exact", "likely"] | None = Field(
        None, description="stop drawing chains when no further one can change the answer, or …"
    )
    sure: float | None = Field(None, gt=0.5, lt=1, description="for adaptive: likely")
    budget_tokens: int | None = Field(None, ge=1, description="over all chains")
    max_seconds: float | None = Field(None, gt=0, description="then the chains so far decide")
    abstain_below: float | None = Field(
        None, ge=0, le=1, description="below this confidence: refer to a clinician"
    )
    options: list[Short] | dict[Short, Short] | None = Field(
        None, description="answer options; else lines `A. …`, `B. …` at the end of the question"
    )
    context: str | None = Field(None, description="a text the question is about")
    kind: Kind | None = Field(None, description="of the answer, where there are no options")

    # Accepted and without effect here: they say nothing about the answer.
    user: Any = None
    metadata: Any = None
    store: Any = None
    service_tier: Any = None
    safety_identifier: Any = None
    prompt_cache_key: Any = None
    frequency_penalty: Literal[0] | None = None
    presence_penalty: Literal[0] | None = None


class ChatRequest(Asked):
    """`POST /v1/chat/completions`."""

    messages: list[Message] = Field(min_length=1, max_length=200)
    max_completion_tokens: int | None = Field(None, ge=1)
    parallel_tool_calls: Any = None

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "model": "meds3",
                    "messages": [
                        {
                            "role": "user",
                            "content": "Which drug reverses an opioid overdose?\n"
                            "A. naloxone\nB. aspirin",
                        }
                    ],
                    "n": 8,
                }
            ]
        },
    )


class CompletionRequest(Asked):
    """`POST /v1/completions`: the prompt is a question, not a text to go on with."""

    prompt: str | list[str] = Field(description="one question")
    best_of: Literal[1] | None = None
    echo: Literal[False] | None = None

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"model": "meds3", "prompt": "How many mg are 0.5 g?", "kind": "number"}]
        },
    )
