"""How hard is each problem for a policy: a few samples, judged by rule.

What it does not do: tell a problem solved 1 time in 20 from one never solved. With n samples a
problem of true rate p is never solved with probability (1 - p)^n.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from meds3.answering.config import AnsweringConfig
from meds3.answering.sample import sample_candidates
from meds3.answers.judge import judge
from meds3.answers.verdict import Verdict
from meds3.chains.template import ChatTemplate
from meds3.engines.protocol import Engine
from meds3.errors import InputError, MedS3Error
from meds3.problems.problem import Problem

ProbeProgress = Callable[[int, int, int], None]  # problems done, problems, tokens generated


class ProbeConfig(BaseModel):
    """How a probe samples."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    samples: int = Field(4, ge=1, description="chains per problem")
    temperature: float = Field(0.8, gt=0)
    max_tokens: int = Field(256, ge=8, description="per chain")
    candidates: float = Field(
        2.0, ge=1, description="problems probed per dataset, as a multiple of the rows wanted"
    )
    in_flight: int = Field(64, ge=1, description="problems asked at once")

    def answering(self, *, worked_example: bool) -> AnsweringConfig:
        """The sampling of candidates; `worked_example` as the search's first round has it."""
        return AnsweringConfig(
            n=self.samples,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            style="worked-example" if worked_example else "bare",
        )


@dataclass(frozen=True)
class Difficulty:
    """What became of the samples of one problem."""

    problem_id: str
    verdicts: dict[Verdict, int]
    tokens: int

    @property
    def samples(self) -> int:
        return sum(self.verdicts.values())

    @property
    def pass_rate(self) -> float:
        """Correct samples over all; an unparsable or refused one counts as not passed."""
        return self.verdicts.get(Verdict.CORRECT, 0) / self.samples


def _quiet(done: int, total: int, tokens: int) -> None: ...


async def probe(
    problems: Sequence[Problem],
    engine: Engine,
    template: ChatTemplate,
    config: ProbeConfig,
    *,
    seed: int = 0,
    worked_example: bool = False,
    on_progress: ProbeProgress = _quiet,
) -> list[Difficulty]:
    """The difficulty of each problem, in order.

    A problem gets the same draw whatever is probed beside it, so over a journalled engine a
    probe that was killed goes on where it was. The first engine failure stops the rest and is
    raised. Raises `InputError` for an id used twice.
    """
    repeated = [i for i, n in Counter(p.id for p in problems).items() if n > 1]
    if repeated:
        raise InputError(f"id {repeated[0]!r} is used by two problems", "give each its own id")
    settings = config.answering(worked_example=worked_example)
    room = asyncio.Semaphore(config.in_flight)
    found: dict[str, Difficulty] = {}
    tokens = 0

    async def ask(problem: Problem) -> None:
        nonlocal tokens
        async with room:
            candidates = await sample_candidates(engine, template, problem, settings, seed=seed)
        verdicts = Counter(judge(c.extraction, problem.answer).verdict for c in candidates)
        spent = sum(c.tokens for c in candidates)
        found[problem.id] = Difficulty(problem.id, dict(verdicts), spent)
        tokens += spent
        on_progress(len(found), len(problems), tokens)

    try:
        async with asyncio.TaskGroup() as group:
            for problem in problems:
                group.create_task(ask(problem))
    except* MedS3Error as failures:
        # One message is enough: the others are the same engine failing its other callers.
        raise failures.exceptions[0] from None
    return [found[problem.id] for problem in problems]
