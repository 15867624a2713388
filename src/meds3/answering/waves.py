"""Chains drawn wave by wave until their votes are enough."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from meds3.answering.config import AnsweringConfig
from meds3.answering.prompting import bare_prompt
from meds3.answering.sample import sample_candidates, score_candidates
from meds3.chains.template import ChatTemplate
from meds3.engines.protocol import Engine
from meds3.problems.problem import Problem
from meds3.rewards.protocol import StepScorer
from meds3.selection.candidate import Candidate
from meds3.selection.rules import Selection, select
from meds3.selection.stopping import enough, next_wave, tally

# Why no more chains were drawn; `searched`: they came from one tree.
Stopped = Literal["all drawn", "settled", "likely", "searched"]
_WHY: dict[str, Stopped] = {"exact": "settled", "likely": "likely"}


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
) -> AsyncIterator[Drawn]:
    """What is known after each wave, the last one with the reason why it is the last.

    With `adaptive: off` there is one wave, of the chains that `meds3 evaluate` draws for the same
    seed. Each further wave is drawn with a seed of its own. With a scorer the steps are scored
    even where they do not decide: they are shown.
    """
    greedy = strategy == "greedy"
    total = 1 if greedy else settings.n
    test = enough(settings.adaptive, settings.sure)
    bare = bare_prompt(template, problem)
    found: list[Candidate] = []
    size = next_wave(tally([], select([], "majority"), total), test, settings.least_wave)
    while size:
        few = settings.model_copy(update={"n": size})
        wave = await sample_candidates(
            engine, template, problem, few, seed=seed, greedy=greedy, start=len(found)
        )
        found += wave if scorer is None else await score_candidates(scorer, bare, wave)
        selection = select(found, strategy)
        size = next_wave(tally(found, selection, total), test, settings.least_wave)
        why = "all drawn" if len(found) == total else _WHY[settings.adaptive]
        yield Drawn(tuple(found), selection, None if size else why)
