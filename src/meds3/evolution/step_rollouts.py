"""What a round's PRM is worth, with the stage that rolls out steps of held-out chains."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from meds3.answering.prompting import bare_prompt
from meds3.answers.verdict import Verdict
from meds3.chains.chain import chain_of
from meds3.evaluation.outcome import SystemEvaluation
from meds3.evaluation.prm.quality import RESAMPLES, prm_quality
from meds3.evaluation.prm.step_agreement import (
    OpenStep,
    RolledStep,
    agreement,
    open_steps,
    sample_steps,
)
from meds3.evaluation.results_parts import PrmQuality, StepAgreement
from meds3.evolution.policies import Policy
from meds3.evolution.state import Evolution
from meds3.runs import atomic
from meds3.runs.digest import digest_of
from meds3.search.actions import Actions
from meds3.search.together import together

_LEAST_IN_FLIGHT = 8  # steps; for engines that take few sequences at once


def stage_name(number: int) -> str:
    return f"eval/round-{number}/step-rollouts"


async def measure_prm(
    state: Evolution, number: int, new: Policy, scored: Mapping[str, SystemEvaluation]
) -> list[PrmQuality]:
    """The PRM of round `number` on every system it scored; on the new policy's steps as well."""
    steps = await step_agreement(state, number, new, scored[new.name])
    found = [prm_quality(one, number, state.config.evaluation) for one in scored.values()]
    return [
        one.model_copy(update={"steps": steps}) if one.system == new.name else one
        for one in found
        if one is not None
    ]


async def step_agreement(
    state: Evolution, number: int, policy: Policy, scored: SystemEvaluation
) -> StepAgreement | None:
    """Score against rollouts on `evaluation.step_rollouts` steps; None when that is 0.

    `scored` are the held-out chains of `policy` under the PRM of round `number`. The same policy
    goes on from the steps, sampled as it answers. Leaves `eval/round-k-steps.jsonl`. None too,
    and said so, when no chain has a step that another one follows.
    """
    measured = state.config.evaluation
    if not measured.step_rollouts:
        return None
    name, path = stage_name(number), state.run.evaluation(f"round-{number}-steps")
    chosen = sample_steps(open_steps(scored), measured.step_rollouts, measured.seed)
    if not chosen:
        state.stages.watcher.stage(name, "skipped: no chain has a step that another one follows")
        return None
    problems = {problem.id: problem for problem in state.problems.heldout}
    sampled_as = state.config.rolled_out_as_answered()
    each = measured.rollouts_per_step

    async def work() -> dict[str, Any]:
        engine = await state.server.engine(policy, name)
        room = asyncio.Semaphore(max(_LEAST_IN_FLIGHT, 2 * engine.capacity // each))
        rolled: dict[OpenStep, RolledStep] = {}

        async def roll(step: OpenStep) -> None:
            problem = problems[step.problem_id]
            prompt = bare_prompt(state.template, problem)
            actions = Actions(engine, problem, prompt, sampled_as, measured.seed)
            tag = f"step-rollout:{digest_of(step.texts)}"
            async with room:
                rollouts = await actions.complete(chain_of(*step.texts), each, tag)
            rolled[step] = RolledStep(
                problem_id=step.problem_id,
                cluster=step.cluster,
                steps=step.texts,
                score=step.score,
                rollouts=len(rollouts),
                correct=sum(rollout.verdict is Verdict.CORRECT for rollout in rollouts),
                tokens=sum(rollout.tokens for rollout in rollouts),
            )
            state.stages.watcher.progress(len(rolled), len(chosen), "steps", "rolled out")

        # Steps of one question follow one another: its prompt is in the engine's cache.
        by_question = sorted(chosen, key=lambda step: (step.problem_id, step.texts))
        await together(*(roll(step) for step in by_question))
        lines = [rolled[step].model_dump_json() for step in chosen]
        atomic.write_text(path, "".join(f"{line}\n" for line in lines))
        return {"generated_tokens": sum(step.tokens for step in rolled.values())}

    inputs = {
        "policy": policy.digest,
        "steps": [[step.problem_id, list(step.texts), step.score] for step in chosen],
        "rollouts": each,
        "answering": state.config.answering.drawing(),
        "seed": measured.seed,
    }
    await state.stages.run(name, inputs, [path], work)
    # Not `splitlines`: a text may hold U+2028, which JSON leaves as it is.
    lines = path.read_text("utf-8").rstrip("\n").split("\n")
    found = [RolledStep.model_validate_json(line) for line in lines]
    resamples = min(measured.resamples, RESAMPLES)
    return agreement(found, seed=measured.seed, resamples=resamples)
