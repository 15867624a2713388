"""Chains that end without an answer are made to state one (beyond the paper).

The idea: budget forcing (s1, arXiv 2501.19393 §3.1), which cuts the thought off and asks for the
answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from meds3.answering.config import AnsweringConfig
from meds3.answering.prompting import NO_SHOTS, Shots, extracted, open_prompt, opened_to_answer
from meds3.answers.kinds import Choice, Label
from meds3.answers.verdict import Verdict
from meds3.chains.chain import ANSWER_PHRASE, chain_of
from meds3.chains.template import ChatTemplate
from meds3.engines.choices import room_for
from meds3.engines.protocol import Engine, Sampling
from meds3.problems.problem import Problem
from meds3.runs.digest import derived_seed
from meds3.search.together import together
from meds3.selection.candidate import Candidate

_OPEN_TOKENS = 24  # of an answer in words, a number, a date


def closed_answers(problem: Problem) -> tuple[str, ...]:
    """How each possible answer follows `The answer is`; nothing where they are not listed."""
    match problem.answer:
        case Choice(options=options):
            return tuple(f" {letter}." for letter in options)
        case Label(labels=labels):
            return tuple(f" {label}." for label in labels)
        case _:
            return ()


def most_tokens(problem: Problem, settings: AnsweringConfig) -> int:
    """What a chain of `problem` may cost, its forced answer included."""
    if not settings.force_answer:
        return settings.max_tokens
    listed = closed_answers(problem)
    return settings.max_tokens + (room_for(listed) if listed else _OPEN_TOKENS)


async def with_answers(
    engine: Engine,
    template: ChatTemplate,
    problem: Problem,
    settings: AnsweringConfig,
    candidates: Sequence[Candidate],
    *,
    seed: int,
    purpose: str,
    greedy: bool = False,
    shots: Shots = NO_SHOTS,
) -> list[Candidate]:
    """`candidates`, those whose answer cannot be read with another last step, not scored.

    The last step, mostly one that was cut off, gives way to `The answer is`, which the policy
    completes: with one of the possible answers where the question lists them (the engine must be
    able to constrain), else with a few words. Chains that contradict themselves or decline stay.
    `purpose` with the place of a chain gives its draw. Raises `EngineError` from the engine.
    """
    listed = closed_answers(problem)
    begun = open_prompt(template, problem, settings.style, shots)

    found = list(candidates)

    async def force(place: int) -> None:
        candidate = candidates[place]
        kept = [step.text for step in candidate.chain.steps[1:-1]]
        sampling = Sampling(
            temperature=0.0 if greedy else settings.temperature,
            top_p=settings.top_p,
            top_k=settings.top_k,
            max_tokens=_OPEN_TOKENS,
            stop=() if listed else ("\n",),
            choices=listed,
            seed=derived_seed(seed, problem.id, f"{purpose}-forced-{place}"),
        )
        prompt = opened_to_answer(begun, kept, settings.style)
        (completion,) = await engine.generate(prompt, sampling)
        chain = chain_of(*kept, f"{ANSWER_PHRASE}{completion.text.rstrip()}")
        tokens = candidate.tokens + completion.tokens
        found[place] = extracted(chain, problem, tokens)

    unread = [i for i, c in enumerate(candidates) if c.extraction.problem is Verdict.UNPARSABLE]
    await together(*(force(place) for place in unread))
    return found
