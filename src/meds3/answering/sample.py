"""Chains sampled for a question, read and scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from meds3.answering.config import AnsweringConfig
from meds3.answering.forcing import with_answers
from meds3.answering.prompting import NO_SHOTS, Shots, candidate_of, open_prompt, stops
from meds3.chains.template import ChatTemplate
from meds3.engines.affinity import about
from meds3.engines.protocol import Engine
from meds3.errors import EngineError
from meds3.problems.problem import Problem
from meds3.rewards.protocol import StepScorer
from meds3.runs.digest import derived_seed
from meds3.selection.candidate import Candidate


async def sample_candidates(
    engine: Engine,
    template: ChatTemplate,
    problem: Problem,
    settings: AnsweringConfig,
    *,
    seed: int,
    greedy: bool = False,
    start: int = 0,
    shots: Shots = NO_SHOTS,
) -> list[Candidate]:
    """`settings.n` sampled candidates, or the single greedy one. Not scored.

    The engine's seed follows from `seed`, the problem's id and the purpose alone, so a
    question gets the same draw whatever is asked beside it. `start`: how many were drawn before,
    so that each wave is a fresh draw. `shots` are for style `direct-shots`.
    """
    purpose = "greedy" if greedy else f"sample-{start}" if start else "sample"
    prompt = open_prompt(template, problem, settings.style, shots)
    sampling = settings.sampling(
        seed=derived_seed(seed, problem.id, purpose), greedy=greedy, stop=stops(settings.style)
    )
    with about(problem.id):
        completions = await engine.generate(prompt, sampling)
    if len(completions) != sampling.n:
        raise EngineError(
            f"engine {engine.name} returned {len(completions)} of {sampling.n} completions "
            f"for problem {problem.id}"
        )
    found = [candidate_of(completion, problem, settings.style) for completion in completions]
    if not settings.force_answer:
        return found
    return await with_answers(
        engine, template, problem, settings, found,
        seed=seed, purpose=purpose, greedy=greedy, shots=shots,
    )  # fmt: skip


async def score_candidates(
    scorer: StepScorer, prompt: str, candidates: Sequence[Candidate]
) -> list[Candidate]:
    """The candidates with their step scores, in order; `prompt` is `bare_prompt`.

    Chains without a step are not sent and stay unscored: they state nothing and never vote.
    Raises `EngineError` when the scorer returns another number of scores than steps.
    """
    sent = [i for i, c in enumerate(candidates) if len(c.chain.steps) > 1]
    scored = list(candidates)
    rows = await scorer.score(prompt, [candidates[i].chain for i in sent]) if sent else []
    for i, scores in zip(sent, _checked(scorer, rows, [candidates[i] for i in sent]), strict=True):
        scored[i] = replace(candidates[i], scores=tuple(scores))
    return scored


def _checked(
    scorer: StepScorer, rows: list[list[float]], candidates: Sequence[Candidate]
) -> list[list[float]]:
    wanted = [len(c.chain.steps) - 1 for c in candidates]
    if [len(row) for row in rows] != wanted:
        raise EngineError(
            f"scorer {scorer.name} returned {[len(row) for row in rows]} scores for chains of "
            f"{wanted} steps",
            "use the PRM that this version of meds3 trained",
        )
    return rows
