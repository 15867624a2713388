"""How a question is answered: how many chains, how sampled, how chosen."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from meds3.engines.protocol import Sampling
from meds3.errors import InputError
from meds3.selection.rules import STRATEGIES
from meds3.selection.stopping import Stopping, check_adds_up, usual_stopping


def _known(name: str) -> str:
    if name not in STRATEGIES:
        raise ValueError(f"unknown strategy; expected one of {', '.join(STRATEGIES)}")
    return name


PromptStyle = Literal["bare", "worked-example", "direct", "direct-shots", "option-shots"]
StrategyName = Annotated[str, AfterValidator(_known)]


class AnsweringConfig(BaseModel):
    """Sampling of candidates and the vote among them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int = Field(16, ge=1, description="chains sampled per question (the paper's N)")
    candidates: Literal["samples", "tree"] = Field(
        "samples",
        description="tree, beyond the paper: chains come from one search that the PRM guides",
    )
    temperature: float = Field(0.8, gt=0)
    top_p: float = Field(0.95, gt=0, le=1)
    top_k: int = Field(40, ge=0, description="0 keeps the whole vocabulary")
    max_tokens: int = Field(384, ge=8, description="per chain")
    force_answer: bool = Field(
        False,
        description="beyond the paper: a chain that states no answer, mostly because it was cut "
        "off, is made to state one: its last step gives way to 'The answer is'",
    )
    style: PromptStyle = Field(
        "bare",
        description="worked-example shows one of the same answer kind before the question; direct "
        "asks for the answer without steps, direct-shots after solved problems of the same "
        "dataset, option-shots after such whose answers name their option before its letter",
    )
    strategy: StrategyName = Field(
        "pvs", description="how `ask` chooses when there is a PRM; without one it is `majority`"
    )
    abstain_below: float = Field(
        0.5,
        ge=0,
        le=1,
        description="below this confidence: refer to a clinician; 0: only without an answer",
    )
    adaptive: Stopping = Field(
        "off",
        description="beyond the paper: chains are drawn in waves; exact stops when no further "
        "chain can change the answer, likely when the leader wins with probability `sure`",
    )
    sure: float = Field(0.95, gt=0.5, lt=1, description="for adaptive: likely")
    least_wave: int = Field(2, ge=1, description="fewest chains of a further wave")

    @model_validator(mode="after")
    def _votes_add_up(self) -> AnsweringConfig:
        if self.adaptive != "off" and self.strategy != "greedy":
            try:
                check_adds_up(self.strategy)
            except InputError as error:
                raise ValueError(f"adaptive: {error.message}; {error.fix}") from error
            if self.candidates == "tree":
                raise ValueError("adaptive: chains of a tree are not drawn in waves")
        return self

    def as_served(self) -> AnsweringConfig:
        """As a user is answered who asks for nothing else (`usual_stopping`)."""
        if self.adaptive != "off" or self.candidates == "tree":
            return self
        return self.model_copy(update={"adaptive": usual_stopping(self.strategy)})

    def drawing(self) -> dict[str, Any]:
        """The fields that decide which chains are drawn when all are: not how they are chosen
        among, nor when drawing stops."""
        chosen = {"strategy", "abstain_below", "adaptive", "sure", "least_wave"}
        body = self.model_dump(mode="json", exclude=chosen)
        if not self.force_answer:  # runs from before this field resume
            body.pop("force_answer")
        return body

    def sampling(self, *, seed: int, greedy: bool = False, stop: tuple[str, ...] = ()) -> Sampling:
        """The sampling of one call: `n` chains, or the single greedy one."""
        return Sampling(
            n=1 if greedy else self.n,
            temperature=0.0 if greedy else self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            max_tokens=self.max_tokens,
            stop=stop,
            seed=seed,
        )
