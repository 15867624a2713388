"""Base, previous and new policy on the held-out problems, and the gate between them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from meds3.answering.config import AnsweringConfig, PromptStyle
from meds3.answering.prompting import NO_SHOTS, SHOWING, Shots
from meds3.engines.journalled import JournalledEngine
from meds3.evaluation.measure import compare
from meds3.evaluation.outcome import SystemEvaluation, load_evaluation
from meds3.evaluation.results import GateDecision
from meds3.evaluation.run import evaluate_system, rescore
from meds3.evolution.base_systems import BASELINES, base_systems, measured_as, solved_shots
from meds3.evolution.gate import keeps_round
from meds3.evolution.outcome import gate_stage
from meds3.evolution.policies import BASE, Policy
from meds3.evolution.state import Evolution, Part
from meds3.evolution.timing import timed
from meds3.problems.problem import Problem
from meds3.rewards.build import build_scorer
from meds3.rewards.journalled import JournalledScorer
from meds3.rewards.protocol import StepScorer

_SHARPER = "vote-sum^"
_ON = {False: "held-out problems", True: "seeds set apart"}


async def sample_policy(
    state: Evolution, policy: Policy, style: PromptStyle = "bare", part: Part = "heldout"
) -> SystemEvaluation:
    """What a policy says on a part of the problems: greedy and sampled, not yet step-scored.

    Every policy is asked the bare problem. The base is also asked in the other ways of
    `evaluation.baselines`, so that nobody takes a learnt format for learnt medicine.
    """
    system = BASELINES[style] if policy.is_base else policy.name
    where = _file(system, part)
    name = f"eval/{where}"
    path = state.run.evaluation(where)
    problems = state.parts[part]
    settings = measured_as(state.config, policy, style)
    measured = state.config.evaluation
    shots = NO_SHOTS
    if style in SHOWING:
        shots = solved_shots(state.problems.seeds, measured.shots, measured.seed)

    async def work() -> SystemEvaluation:
        found = await evaluate_system(
            system,
            problems,
            await asked_engine(state, name, policy, problems, settings, shots),
            state.template,
            None,
            settings,
            seed=measured.seed,
            kind="base" if policy.is_base else "round",
            shots=shots,
            on_progress=_shown(state),
        )
        return timed(found, state.journal, name)

    inputs = {
        "policy": policy.digest,
        "answering": settings.drawing(),
        "seed": measured.seed,
        "shots": {name: [p.id for p in rows] for name, rows in shots.items()},
        "problems": [problem.id for problem in problems],
    }
    return await _saved(state, name, inputs, path, work)


async def asked_engine(
    state: Evolution,
    purpose: str,
    policy: Policy,
    problems: Sequence[Problem],
    settings: AnsweringConfig,
    shots: Shots = NO_SHOTS,
) -> JournalledEngine:
    """The engine that answers `problems`; with `executor: ray` the workers have asked by then, and
    this process, which may have no GPU, finds the calls in the journal."""
    if state.config.executor != "ray":
        return await state.server.engine(policy, purpose)
    from meds3.evolution.cluster.spreading import spread_asking
    from meds3.evolution.cluster.worker import Asking

    asking = Asking(purpose, policy, settings, shots, state.config.evaluation.seed)
    await spread_asking(state, asking, problems)
    return state.server.paid(policy, purpose)


async def sample_base(state: Evolution) -> dict[str, SystemEvaluation]:
    """The base asked bare and in every way of `evaluation.baselines`, by system name."""
    asked = base_systems(state.config.evaluation.baselines)
    return {name: await sample_policy(state, state.base, style) for name, style in asked.items()}


async def score_systems(
    state: Evolution, number: int, policies: list[Policy]
) -> dict[Part, dict[str, SystemEvaluation]]:
    """The candidates of every policy under the PRM of round `number`, by part and policy name."""
    prm = state.run.round(number) / "prm"
    sampled = {
        (part, policy.name): await sample_policy(state, policy, part=part)
        for policy in policies
        for part in state.parts
    }
    await state.server.release()  # the PRM needs the memory
    scorer: StepScorer | None = None
    found: dict[Part, dict[str, SystemEvaluation]] = {part: {} for part in state.parts}
    digest = state.prm_digest(number)
    try:
        for (part, policy), evaluation in sampled.items():
            where = f"{_file(policy, part)}@prm-{number}"
            name = f"eval/{where}"

            async def work(
                evaluation: SystemEvaluation = evaluation, name: str = name
            ) -> SystemEvaluation:
                nonlocal scorer
                scorer = scorer or build_scorer(prm, state.config.scorer, state.scorer_log)
                kept = JournalledScorer(scorer, state.journal, digest, name)
                scored = await rescore(evaluation, kept, _shown(state))
                return timed(scored, state.journal, name, scoring=True)

            inputs = {"prm": digest, "sampled": evaluation.said()}
            path = state.run.evaluation(where)
            found[part][policy] = await _saved(state, name, inputs, path, work)
    finally:
        if scorer is not None:
            await scorer.close()
    return found


def _file(system: str, part: Part) -> str:
    return system if part == "heldout" else f"{system}-{part}"


async def judge_round(
    state: Evolution, number: int, new: SystemEvaluation, previous: SystemEvaluation
) -> GateDecision:
    """Keep the round, unless a paired test on problems it did not learn from shows harm."""
    gate = state.config.gate

    async def work() -> dict[str, Any]:
        test = compare(new, gate.strategy, previous, gate.strategy, state.config.evaluation)
        kept = keeps_round(test.difference, test.p_mcnemar, gate)
        shown = "no harm shown" if kept else "harm shown"
        decision = GateDecision(
            kept=kept,
            against=previous.name,
            alpha=gate.alpha,
            reason=f"{shown} on {test.n} {_ON[bool(state.gate)]} "
            f"({100 * test.difference:+.1f} points, p = {test.p_mcnemar:.3g})",
            comparison=test,
        )
        state.stages.watcher.stage(gate_stage(number), decision.reason)
        return decision.model_dump(mode="json")

    inputs = {
        "gate": gate.model_dump(mode="json"),
        "new": new.said(),
        "previous": previous.said(),
    }
    detail = await state.stages.run(gate_stage(number), inputs, [], work)
    return GateDecision.model_validate({k: v for k, v in detail.items() if k != "seconds"})


def to_compare(names: Sequence[str], strategies: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """The comparisons of a report, each (a, strategy, b, strategy): what a reader asks first."""
    bases = [name for name in BASELINES.values() if name in names]
    rounds = [name for name in names if name not in bases]
    last = rounds[-1]
    pairs = [(last, "pvs", base, how) for how in ("majority", "greedy") for base in bases]
    pairs += [(last, "greedy", BASE, "greedy"), (last, "majority", BASE, "majority")]
    pairs += [(last, "pvs", BASE, "pvs"), (last, "pvs", last, "majority")]
    pairs += [(last, s, last, "majority") for s in strategies if s.startswith(_SHARPER)]
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
