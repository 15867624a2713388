"""Ask a system every held-out question, and keep what it said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, TypeVar

from meds3.answering.config import AnsweringConfig
from meds3.answering.prompting import NO_SHOTS, Shots, bare_prompt
from meds3.answering.sample import sample_candidates, score_candidates
from meds3.answers.judge import judge
from meds3.chains.template import ChatTemplate
from meds3.engines.protocol import Engine
from meds3.errors import InputError
from meds3.evaluation.outcome import (
    CandidateRow,
    Outcome,
    SystemEvaluation,
    SystemHeader,
)
from meds3.problems.problem import Problem
from meds3.rewards.protocol import StepScorer
from meds3.selection.candidate import Candidate

T = TypeVar("T")
Progress = Callable[[int, int, str], None]  # done, total, phase
_LEAST_IN_FLIGHT = 8  # questions; for engines that take few sequences at once


def _quiet(done: int, total: int, phase: str) -> None: ...


async def evaluate_system(
    name: str,
    problems: Sequence[Problem],
    engine: Engine,
    template: ChatTemplate,
    scorer: StepScorer | None,
    settings: AnsweringConfig,
    *,
    seed: int = 0,
    kind: Literal["base", "round"] = "round",
    shots: Shots = NO_SHOTS,
    on_progress: Progress = _quiet,
) -> SystemEvaluation:
    """Greedy and `settings.n` sampled candidates for every problem, judged and step-scored.

    As many questions are in flight as keep the engine full. The chains of a question are sampled
    first and its greedy chain then, while its prompt is still in the engine's cache; the wall time
    is shared out between the two by generated tokens. Scoring follows, with a wall time of its
    own. A call found in a journal costs no time here: a caller with a journal knows the seconds of
    earlier processes too.
    Raises `InputError` for no problems or the same id twice, `EngineError` from the engine.
    """
    _check(name, problems)
    room = asyncio.Semaphore(max(_LEAST_IN_FLIGHT, engine.capacity // 2))

    async def ask(problem: Problem) -> tuple[list[Candidate], Candidate]:
        async with room:
            many, (one,) = [
                await sample_candidates(
                    engine, template, problem, settings, seed=seed, greedy=greedy, shots=shots
                )
                for greedy in (False, True)
            ]
        return many, one

    found, seconds = await _timed([ask(problem) for problem in problems], "asked", on_progress)
    tokens = sum(sum(c.tokens for c in many) for many, _ in found), sum(g.tokens for _, g in found)
    share = tokens[0] / max(sum(tokens), 1)
    outcomes = [
        Outcome.of(
            problem,
            _row(one, problem),
            [_row(candidate, problem) for candidate in many],
            bare_prompt(template, problem),
        )
        for problem, (many, one) in zip(problems, found, strict=True)
    ]
    header = SystemHeader(
        system=name,
        kind=kind,
        prompt_style=settings.style,
        forced=settings.force_answer,
        n_samples=settings.n,
        temperature=settings.temperature,
        seed=seed,
        engine=engine.name,
        scorer=None,
        greedy_seconds=(1 - share) * seconds,
        sample_seconds=share * seconds,
        score_seconds=0.0,
    )
    evaluation = SystemEvaluation(header=header, outcomes=tuple(outcomes))
    return evaluation if scorer is None else await rescore(evaluation, scorer, on_progress)


async def rescore(
    evaluation: SystemEvaluation,
    scorer: StepScorer,
    on_progress: Progress = _quiet,
    *,
    name: str | None = None,
) -> SystemEvaluation:
    """The same candidates with the step scores of another scorer; nothing is generated.

    `name` renames the system. Only sampled candidates are scored: greedy has no choice.
    """

    async def scored(outcome: Outcome) -> Outcome:
        candidates = [row.candidate() for row in outcome.samples]
        found = await score_candidates(scorer, outcome.scoring_prompt, candidates)
        samples = [
            row.model_copy(update={"scores": candidate.scores})
            for row, candidate in zip(outcome.samples, found, strict=True)
        ]
        return outcome.model_copy(update={"samples": tuple(samples)})

    work = [scored(outcome) for outcome in evaluation.outcomes]
    outcomes, seconds = await _timed(work, "score", on_progress)
    header = evaluation.header.model_copy(
        update={
            "system": name or evaluation.name,
            "scorer": scorer.name,
            "score_seconds": seconds,
        }
    )
    return SystemEvaluation(header=header, outcomes=tuple(outcomes))


async def _timed(
    work: Sequence[Awaitable[T]], label: str, on_progress: Progress
) -> tuple[list[T], float]:
    """Await all at once, in order; the first failure cancels the rest and is raised itself."""
    started = time.monotonic()
    done = 0

    async def counted(one: Awaitable[T]) -> T:
        nonlocal done
        result = await one
        done += 1
        on_progress(done, len(work), label)
        return result

    tasks = [asyncio.ensure_future(counted(one)) for one in work]
    try:
        results = await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    return results, time.monotonic() - started


def _row(candidate: Candidate, problem: Problem) -> CandidateRow:
    return CandidateRow.of(candidate, judge(candidate.extraction, problem.answer))


def _check(name: str, problems: Sequence[Problem]) -> None:
    if not problems:
        raise InputError(f"no problems to evaluate {name!r} on", "see `meds3 problems list`")
    seen: set[str] = set()
    for problem in problems:
        if problem.id in seen:
            raise InputError(
                f"problem id {problem.id!r} appears twice; ids must be unique",
                "rename one of them, or list its file once",
            )
        seen.add(problem.id)
