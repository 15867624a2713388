"""Base, previous and new policy on the held-out problems, and the gate between them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from meds3.evaluation.measure import compare
from meds3.evaluation.outcome import SystemEvaluation, load_evaluation
from meds3.evaluation.results import GateDecision
from meds3.evaluation.run import evaluate_system, rescore
from meds3.evolution.gate import keeps_round
from meds3.evolution.outcome import gate_stage
from meds3.evolution.policies import BASE, Policy
from meds3.evolution.state import Evolution
from meds3.rewards.torch_scorer import TorchStepScorer

EXAMPLE = f"{BASE}-example"  # the base asked with one worked example: a stronger baseline


async def sample_policy(
    state: Evolution, policy: Policy, *, worked_example: bool = False
) -> SystemEvaluation:
    """What a policy says on the held-out problems: greedy and sampled, not yet step-scored.

    Every policy is asked the bare problem. The base is also asked with the worked example that
    round 1 searches with, so that nobody takes a learnt format for learnt medicine.
    """
    system = EXAMPLE if worked_example else policy.name
    name = f"eval/{system}"
    path = state.run.evaluation(system)
    settings = state.config.answering.model_copy(update={"worked_example": worked_example})

    async def work() -> SystemEvaluation:
        return await evaluate_system(
            system,
            state.problems.heldout,
            await state.server.engine(policy, name),
            state.template,
            None,
            settings,
            seed=state.config.evaluation.seed,
            kind="base" if policy.is_base else "round",
            on_progress=_shown(state),
        )

    inputs = {
        "policy": policy.digest,
        "answering": settings.model_dump(mode="json"),
        "seed": state.config.evaluation.seed,
        "problems": [problem.id for problem in state.problems.heldout],
    }
    return await _saved(state, name, inputs, path, work)


async def score_systems(
    state: Evolution, number: int, policies: list[Policy]
) -> dict[str, SystemEvaluation]:
    """The candidates of every policy under the PRM of round `number`, by policy name."""
    prm = state.run.round(number) / "prm"
    sampled = {policy.name: await sample_policy(state, policy) for policy in policies}
    await state.server.close()  # the PRM needs the memory
    scorer: TorchStepScorer | None = None
    found: dict[str, SystemEvaluation] = {}
    digest = state.prm_digest(number)
    try:
        for policy in policies:

            async def work(policy: Policy = policy) -> SystemEvaluation:
                nonlocal scorer
                scorer = scorer or TorchStepScorer(prm)
                return await rescore(sampled[policy.name], scorer, _shown(state))

            name = f"eval/{policy.name}@prm-{number}"
            inputs = {"prm": digest, "sampled": sampled[policy.name].model_dump(mode="json")}
            path = state.run.evaluation(f"{policy.name}@prm-{number}")
            found[policy.name] = await _saved(state, name, inputs, path, work)
    finally:
        if scorer is not None:
            await scorer.close()
    return found


async def judge_round(
    state: Evolution, number: int, new: SystemEvaluation, previous: SystemEvaluation
) -> GateDecision:
    """Keep the round, unless a paired test on the held-out problems shows harm."""
    gate = state.config.gate

    async def work() -> dict[str, Any]:
        test = compare(new, gate.strategy, previous, gate.strategy, state.config.evaluation)
        kept = keeps_round(test.difference, test.p_mcnemar, gate)
        shown = "no harm shown" if kept else "harm shown"
        decision = GateDecision(
            kept=kept,
            against=previous.name,
            alpha=gate.alpha,
            reason=f"{shown} ({100 * test.difference:+.1f} points, p = {test.p_mcnemar:.3g})",
            comparison=test,
        )
        state.stages.watcher.stage(gate_stage(number), decision.reason)
        return decision.model_dump(mode="json")

    inputs = {
        "gate": gate.model_dump(mode="json"),
        "new": new.model_dump(mode="json"),
        "previous": previous.model_dump(mode="json"),
    }
    detail = await state.stages.run(gate_stage(number), inputs, [], work)
    return GateDecision.model_validate({k: v for k, v in detail.items() if k != "seconds"})


def to_compare(names: list[str]) -> list[tuple[str, str, str, str]]:
    """The comparisons of a report, each (a, strategy, b, strategy): what a reader asks first."""
    rounds = [name for name in names if name not in (BASE, EXAMPLE)]
    last = rounds[-1]
    pairs = [(last, "pvs", BASE, "majority")]
    pairs += [(last, "pvs", EXAMPLE, "majority")] if EXAMPLE in names else []
    pairs += [(last, "greedy", BASE, "greedy"), (last, "majority", BASE, "majority")]
    pairs += [(last, "pvs", BASE, "pvs"), (last, "pvs", last, "majority")]
    pairs += [(last, "pvs", rounds[-2], "pvs")] if len(rounds) > 1 else []
    return pairs


async def _saved(
    state: Evolution,
    name: str,
    inputs: dict[str, Any],
    path: Path,
    work: Callable[[], Awaitable[SystemEvaluation]],
) -> SystemEvaluation:
    """Run an evaluation as a stage; its file is what later processes read."""

    async def stage() -> dict[str, Any]:
        evaluation = await work()
        evaluation.save(path)
        tokens = sum(c.tokens for o in evaluation.outcomes for c in (o.greedy, *o.samples))
        return {"generated_tokens": tokens if evaluation.header.scorer is None else 0}

    await state.stages.run(name, inputs, [path], stage)
    return load_evaluation(path)


def _shown(state: Evolution) -> Callable[[int, int, str], None]:
    return lambda done, total, phase: state.stages.watcher.progress(done, total, "questions", phase)
