"""How a question is answered: how many chains, how sampled, how chosen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from meds3.engines.protocol import Sampling
from meds3.selection.rules import STRATEGIES


def _known(name: str) -> str:
    if name not in STRATEGIES:
        raise ValueError(f"unknown strategy; expected one of {', '.join(STRATEGIES)}")
    return name


PromptStyle = Literal["bare", "worked-example", "direct", "direct-shots"]
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
    style: PromptStyle = Field(
        "bare",
        description="worked-example shows one of the same answer kind before the question; direct "
        "asks for the answer without steps, direct-shots after solved problems of the same dataset",
    )
    strategy: StrategyName = Field(
        "pvs", description="how `ask` chooses when there is a PRM; without one it is `majority`"
    )
    abstain_below: float = Field(
        0.0, ge=0, le=1, description="below this confidence: refer to a clinician"
    )

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
