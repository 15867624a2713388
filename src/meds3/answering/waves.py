"""Chains drawn wave by wave until their votes are enough."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from meds3.answering.config import AnsweringConfig
from meds3.answering.forcing import most_tokens
from meds3.answering.prompting import bare_prompt
from meds3.answering.sample import sample_candidates, score_candidates
from meds3.chains.template import ChatTemplate
from meds3.engines.protocol import Engine
from meds3.problems.problem import Problem
from meds3.rewards.protocol import StepScorer
from meds3.selection.candidate import Candidate
from meds3.selection.rules import Selection, select
from meds3.selection.stopping import Stopping, enough, next_wave, tally

# Why no more chains were drawn; `searched`: they came from one tree.
Stopped = Literal["all drawn", "settled", "likely", "tokens", "time", "searched"]
_WHY: dict[Stopping, Stopped] = {"exact": "settled", "likely": "likely"}


@dataclass(frozen=True)
class Budget:
    """What one answer may cost; None: as much as it takes.

    `tokens` are generated ones: a wave that might pass them is not drawn. `seconds` are of wall
    time: chains that are not done then are dropped, those that are vote.
    """

    tokens: int | None = None
    seconds: float | None = None


FREE = Budget()


@dataclass(frozen=True)
class Drawn:
    """The candidates so far and their vote; `stopped` is None while more are to come."""

    candidates: tuple[Candidate, ...]
    selection: Selection
    stopped: Stopped | None


async def drawn_in_waves(
    engine: Engine,
    scorer: StepScorer | None,
    template: ChatTemplate,
    problem: Problem,
    settings: AnsweringConfig,
    strategy: str,
    *,
    seed: int,
    budget: Budget = FREE,
) -> AsyncIterator[Drawn]:
    """What is known after each wave, the last one with the reason why it is the last.

    With `adaptive: off` there is one wave, of the chains that `meds3 evaluate` draws for the same
    seed. Each further wave is drawn with a seed of its own. With a scorer the steps are scored
    even where they do not decide: they are shown. At the end of `budget` the chains so far decide.
    """
    ends = None if budget.seconds is None else time.monotonic() + budget.seconds
    greedy = strategy == "greedy"
    total = 1 if greedy else settings.n
    test = enough(settings.adaptive, settings.sure)
    bare = bare_prompt(template, problem)
    most = most_tokens(problem, settings)
    found: list[Candidate] = []
    size = next_wave(tally([], select([], "majority"), total), test, settings.least_wave)
    while size:
        paid = sum(candidate.tokens for candidate in found)
        room = size if budget.tokens is None else (budget.tokens - paid) // most
        if room < 1:
            yield Drawn(tuple(found), _vote(found, strategy), "tokens")
            return
        few = settings.model_copy(update={"n": min(size, room)})
        draw = partial(sample_candidates, engine, template, problem, seed=seed, greedy=greedy)
        wave = await _until(ends, draw, few, len(found))
        found += wave if scorer is None else await score_candidates(scorer, bare, wave)
        selection = _vote(found, strategy)
        if len(wave) < few.n:
            yield Drawn(tuple(found), selection, "time")
            return
        size = next_wave(tally(found, selection, total), test, settings.least_wave)
        stopped = None if size else _WHY.get(settings.adaptive, "all drawn")
        yield Drawn(tuple(found), selection, "all drawn" if len(found) == total else stopped)


def _vote(found: list[Candidate], strategy: str) -> Selection:
    """Also of no chain at all, where greedy expects its one."""
    return select(found, strategy if found else "majority")


async def _until(
    ends: float | None,
    draw: Callable[..., Coroutine[Any, Any, list[Candidate]]],
    settings: AnsweringConfig,
    start: int,
) -> list[Candidate]:
    """A wave; with a time limit its chains are drawn one by one, and those done by then count."""
    if ends is None:
        return await draw(settings, start=start)
    one = settings.model_copy(update={"n": 1})
    tasks = [asyncio.create_task(draw(one, start=start + i)) for i in range(settings.n)]
    try:
        await asyncio.wait(tasks, timeout=max(0.0, ends - time.monotonic()))
        # `result` raises what the engine raised.
        return [candidate for task in tasks if task.done() for candidate in task.result()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
