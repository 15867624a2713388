"""A question in, scored candidates and one chosen answer out."""

from __future__ import annotations

import time
from dataclasses import dataclass

from meds3.answering.config import AnsweringConfig
from meds3.answering.prompting import bare_prompt
from meds3.answering.sample import sample_candidates, score_candidates
from meds3.answering.tree import tree_candidates
from meds3.chains.template import ChatTemplate
from meds3.engines.protocol import Engine
from meds3.errors import InputError
from meds3.problems.problem import Problem
from meds3.rewards.protocol import StepScorer
from meds3.selection.candidate import Candidate
from meds3.selection.rules import Selection, needs_scores, select

REFER = "refer to a clinician"


@dataclass(frozen=True)
class Answered:
    """What was answered, from which candidates, at what cost.

    `tokens` were generated; `seconds` is wall time, step scoring included. `refer` is True
    when no answer was found or its confidence is below `abstain_below`: the answer must
    then be shown only together with `REFER`.
    """

    selection: Selection
    candidates: tuple[Candidate, ...]
    strategy: str
    tokens: int
    seconds: float
    refer: bool


async def answer(
    problem: Problem,
    engine: Engine,
    scorer: StepScorer | None,
    template: ChatTemplate,
    settings: AnsweringConfig,
    *,
    seed: int = 0,
) -> Answered:
    """Sample or search, score, vote. Without a scorer a scored strategy becomes `majority`."""
    started = time.monotonic()
    scored = needs_scores(settings.strategy) and scorer is not None
    unscored = "majority" if needs_scores(settings.strategy) else settings.strategy
    strategy = settings.strategy if scored else unscored
    if settings.candidates == "tree" and strategy != "greedy":
        candidates = await tree_candidates(
            engine, _guide(scorer), template, problem, settings, seed=seed
        )
    else:
        greedy = strategy == "greedy"
        candidates = await sample_candidates(
            engine, template, problem, settings, seed=seed, greedy=greedy
        )
        if scorer is not None:  # step scores are shown even where they do not decide
            prompt = bare_prompt(template, problem)
            candidates = await score_candidates(scorer, prompt, candidates)
    selection = select(candidates, strategy)
    return Answered(
        selection=selection,
        candidates=tuple(candidates),
        strategy=strategy,
        tokens=sum(candidate.tokens for candidate in candidates),
        seconds=time.monotonic() - started,
        refer=selection.answer is None or selection.confidence < settings.abstain_below,
    )


def _guide(scorer: StepScorer | None) -> StepScorer:
    if scorer is None:
        raise InputError(
            "chains from a tree need a PRM to guide it, and there is none",
            "name an evolved run with --run, or sample chains instead",
        )
    return scorer
