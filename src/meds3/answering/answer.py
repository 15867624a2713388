"""A question in, scored candidates and one chosen answer out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from meds3.answering.config import AnsweringConfig
from meds3.answering.tree import tree_candidates
from meds3.answering.waves import FREE, Budget, Drawn, drawn_in_waves
from meds3.chains.template import ChatTemplate
from meds3.engines.protocol import Engine
from meds3.errors import InputError
from meds3.problems.problem import Problem
from meds3.rewards.protocol import StepScorer
from meds3.selection.confidence import Calibration, vote_confidence
from meds3.selection.rules import needs_scores, select

REFER = "refer to a clinician"


@dataclass(frozen=True)
class Answered:
    """What was answered, from which candidates, at what cost.

    `tokens` were generated; `seconds` is wall time, step scoring included. `confidence` is the
    probability that the answer is right if `calibrated`, else its share of the chains. `refer` is
    True when no answer was found or its confidence is below `abstain_below`: the answer must then
    be shown only together with `REFER`.
    """

    drawn: Drawn
    strategy: str
    tokens: int
    seconds: float
    confidence: float
    calibrated: bool
    refer: bool


def _quiet(drawn: Drawn) -> None: ...


async def answer(
    problem: Problem,
    engine: Engine,
    scorer: StepScorer | None,
    template: ChatTemplate,
    settings: AnsweringConfig,
    *,
    seed: int = 0,
    calibration: Calibration | None = None,
    budget: Budget = FREE,
    on_drawn: Callable[[Drawn], None] = _quiet,
) -> Answered:
    """Sample or search, score, vote. Without a scorer a scored strategy becomes `majority`.

    `calibration` makes the confidence a probability of sampled chains, where it was fitted for the
    strategy that decides; else `vote_confidence` stands in. `on_drawn` hears of every wave.
    `budget` holds for sampled chains, not for a tree.
    """
    started = time.monotonic()
    scored = needs_scores(settings.strategy) and scorer is not None
    unscored = "majority" if needs_scores(settings.strategy) else settings.strategy
    strategy = settings.strategy if scored else unscored
    if settings.candidates == "tree" and strategy != "greedy":
        found = await tree_candidates(
            engine, _guide(scorer), template, problem, settings, seed=seed
        )
        drawn = Drawn(tuple(found), select(found, strategy), "searched")
    else:
        waves = drawn_in_waves(
            engine, scorer, template, problem, settings, strategy, seed=seed, budget=budget
        )
        async for drawn in waves:
            on_drawn(drawn)
    # Chains of one tree share their beginnings: their votes are not those of independent chains.
    sampled = drawn.stopped != "searched"
    curve = calibration if sampled and calibration and calibration.is_of(strategy) else None
    fits = curve is not None and curve.holds_for(settings.adaptive, forced=settings.force_answer)
    confidence = vote_confidence(drawn.candidates, drawn.selection)
    if not sampled:  # a tree that found fewer finishes than were asked for is not surer for it
        confidence *= min(1.0, len(drawn.candidates) / settings.n)
    if curve is not None:
        told = curve.confidence(drawn.candidates, drawn.selection)
        # Of another rule of stopping it is no probability, but it must keep nobody from referring.
        confidence = told if fits else min(confidence, told)
    return Answered(
        drawn=drawn,
        strategy=strategy,
        tokens=sum(candidate.tokens for candidate in drawn.candidates),
        seconds=time.monotonic() - started,
        confidence=confidence,
        calibrated=fits,
        refer=drawn.selection.answer is None or confidence < settings.abstain_below,
    )


def _guide(scorer: StepScorer | None) -> StepScorer:
    if scorer is None:
        raise InputError(
            "chains from a tree need a PRM to guide it, and there is none",
            "name an evolved run with --run, or sample chains instead",
        )
    return scorer
