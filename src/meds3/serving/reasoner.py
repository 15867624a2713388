"""What answers: one policy with its PRM, and what they are, for the record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from meds3.answering.answer import Answered, answer
from meds3.answering.config import AnsweringConfig
from meds3.answering.waves import Drawn
from meds3.chains.template import ChatTemplate
from meds3.engines.preflight import Longest
from meds3.engines.protocol import Completion, Engine, Sampling
from meds3.engines.ready import made_ready
from meds3.rewards.protocol import StepScorer
from meds3.selection.confidence import Calibration
from meds3.serving.questions import Question

_SHORT = "Is water wet?"  # how long questions will be is not known yet


@dataclass(frozen=True)
class Identity:
    """Which model answers. `id` is its name in the API; digests are sha256."""

    id: str
    created: int
    policy_digest: str
    prm_digest: str | None
    round: int
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Usage:
    """Tokens of the prompt, counted once, and those generated over all chains."""

    prompt_tokens: int
    completion_tokens: int

    def body(self) -> dict[str, Any]:
        total = self.prompt_tokens + self.completion_tokens
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": total,
        }


class _Metered:
    """An engine that remembers how long the prompt of its calls was."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.prompt_tokens = 0

    @property
    def name(self) -> str:
        return self._engine.name

    @property
    def capacity(self) -> int:
        return self._engine.capacity

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        found = await self._engine.generate(prompt, sampling)
        longest = max((completion.prompt_tokens for completion in found), default=0)
        self.prompt_tokens = max(self.prompt_tokens, longest)
        return found

    async def close(self) -> None:
        await self._engine.close()


@dataclass(frozen=True)
class Reasoner:
    """An engine with a policy, and a scorer with its PRM where there is one."""

    engine: Engine
    scorer: StepScorer | None
    template: ChatTemplate
    settings: AnsweringConfig
    calibration: Calibration | None
    identity: Identity

    async def start(self) -> None:
        """Have the servers that answer ready; see `engines.ready`."""
        asked = self.template.render([{"role": "user", "content": _SHORT}])
        await made_ready(
            self.engine, Longest(asked, self.settings.max_tokens, self.template.end_of_turn)
        )

    async def answer(
        self, question: Question, on_drawn: Callable[[Drawn], None]
    ) -> tuple[Answered, Usage]:
        """Raises `EngineError` when the engine is dead, `InputError` for a question too long."""
        metered = _Metered(self.engine)
        answered = await answer(
            question.problem,
            metered,
            self.scorer,
            self.template,
            question.settings,
            seed=question.seed,
            calibration=self.calibration,
            budget=question.budget,
            on_drawn=on_drawn,
        )
        return answered, Usage(metered.prompt_tokens, answered.tokens)

    async def close(self) -> None:
        await self.engine.close()
        if self.scorer is not None:
            await self.scorer.close()
