"""What a round's PRM is worth, with the stage that rolls out steps of held-out chains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from meds3.answers.verdict import Verdict
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
from meds3.evolution.rollouts import Begun, policy_rollouts
from meds3.evolution.state import Evolution
from meds3.runs import atomic
from meds3.runs.digest import digest_of
from meds3.search.tree import Rollout


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
    each = measured.rollouts_per_step

    async def work() -> dict[str, Any]:
        by_question = sorted(chosen, key=lambda step: (step.problem_id, step.texts))
        begun = [
            Begun(
                problems[step.problem_id],
                f"step-rollout:{digest_of(step.texts)}",
                tuple(step.texts),
            )
            for step in by_question
        ]
        said = ("steps", "rolled out")
        found = await policy_rollouts(state, name, policy, begun, each, measured.seed, said)
        rolled = {
            step: _rolled(step, rollouts) for step, rollouts in zip(by_question, found, strict=True)
        }
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


def _rolled(step: OpenStep, rollouts: Sequence[Rollout]) -> RolledStep:
    return RolledStep(
        problem_id=step.problem_id,
        cluster=step.cluster,
        steps=step.texts,
        score=step.score,
        rollouts=len(rollouts),
        correct=sum(rollout.verdict is Verdict.CORRECT for rollout in rollouts),
        tokens=sum(rollout.tokens for rollout in rollouts),
    )
