"""Measure a run's kept policy, or its base, apart from the loop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from meds3.answering.config import PromptStyle
from meds3.evaluation.measure import rows
from meds3.evaluation.outcome import SystemEvaluation
from meds3.evaluation.results import Row
from meds3.evaluation.run import evaluate_system
from meds3.evolution.base_systems import measured_as
from meds3.evolution.config import RunConfig
from meds3.evolution.evolve import opened
from meds3.evolution.measure import asked_engine
from meds3.evolution.outcome import outcome_of
from meds3.evolution.policies import Policy
from meds3.evolution.stages import Watcher
from meds3.rewards.build import build_scorer


async def evaluate(
    config: RunConfig,
    which: Literal["base", "kept"],
    watcher: Watcher,
    n: int | None = None,
    strategies: Sequence[str] = (),
) -> tuple[SystemEvaluation, list[Row], Path]:
    """Ask the held-out problems of `config`; what was asked before is taken from the journal.

    Returns the evaluation, a row per strategy, and the file the candidates were saved to.
    Scored strategies need a kept round, because its PRM scores.
    """
    async with opened(config, watcher) as state:
        outcome = outcome_of(state.run)
        policy: Policy = state.base
        if which == "kept" and outcome.round:
            policy = state.policy(outcome.round)
        example = policy.is_base and config.search.shows_example(1)
        style: PromptStyle = "worked-example" if example else "bare"
        settings = measured_as(config, policy, style)
        settings = settings.model_copy(update={"n": n or settings.n})
        name = f"evaluate/{policy.name}"
        watcher.stage(name, f"{len(state.problems.heldout)} problems, {settings.n} chains each")
        scorer = build_scorer(outcome.prm, config.scorer, state.scorer_log) if outcome.prm else None
        try:
            evaluation = await evaluate_system(
                policy.name,
                state.problems.heldout,
                await asked_engine(state, name, policy, state.problems.heldout, settings),
                state.template,
                scorer,
                settings,
                seed=config.evaluation.seed,
                kind="base" if policy.is_base else "round",
                on_progress=lambda done, total, phase: watcher.progress(
                    done, total, "questions", phase
                ),
            )
        finally:
            if scorer is not None:
                await scorer.close()
        path = state.run.evaluation(f"{policy.name}-n{settings.n}")
        evaluation.save(path)
        chosen = config.evaluation
        if strategies:
            chosen = chosen.model_copy(update={"strategies": tuple(strategies)})
        return evaluation, rows(evaluation, chosen), path
