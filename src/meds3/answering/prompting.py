"""How a question is put to a policy, and how what it said is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meds3.answering.config import PromptStyle
from meds3.answers.extract import extract
from meds3.chains.chain import (
    ANSWER_PHRASE,
    STEP_SEPARATOR,
    STEP_ZERO,
    Chain,
    chain_of,
    parse_steps,
)
from meds3.chains.examples import example_for
from meds3.chains.prompt import direct_messages, messages
from meds3.chains.template import ChatTemplate
from meds3.engines.protocol import Completion
from meds3.problems.problem import Problem
from meds3.selection.candidate import Candidate, closeness

Shots = Mapping[str, Sequence[Problem]]  # by dataset: the solved problems that `SHOWING` show
SHOWING = ("direct-shots", "option-shots")
NO_SHOTS: Shots = {}
_CHAIN_OPENING = f"{STEP_ZERO}{STEP_SEPARATOR}Step 1:"
# Styles that are answered in one line, and how that line is begun for the policy.
ONE_LINE: dict[PromptStyle, str] = {
    "direct": ANSWER_PHRASE,
    "direct-shots": ANSWER_PHRASE,
    "option-shots": "",
}


def bare_prompt(template: ChatTemplate, problem: Problem) -> str:
    """The prompt without a worked example, assistant turn open and empty.

    It is what a PRM reads, whichever prompt the candidates were sampled with: the PRM is
    trained on it.
    """
    return template.render(messages(problem, None))


def open_prompt(
    template: ChatTemplate, problem: Problem, style: PromptStyle, shots: Shots = NO_SHOTS
) -> str:
    """The prompt with the assistant turn begun: Step 0 and `Step 1:`, or `The answer is`; with
    `option-shots` it is open and empty."""
    if style in ONE_LINE:
        shown = shots.get(problem.dataset, ()) if style in SHOWING else ()
        turns = direct_messages(problem, shown, option_first=style == "option-shots")
        return template.render(turns) + ONE_LINE[style]
    example = example_for(problem) if style == "worked-example" else None
    return template.render(messages(problem, example)) + _CHAIN_OPENING


def stops(style: PromptStyle) -> tuple[str, ...]:
    """Where a completion ends besides the end of the turn: a direct answer is one line."""
    return ("\n",) if style in ONE_LINE else ()


def candidate_of(completion: Completion, problem: Problem, style: PromptStyle) -> Candidate:
    """Read a completion of `open_prompt`: its chain, and the answer the chain states."""
    return extracted(_chain(completion.text, style), problem, completion.tokens)


def extracted(chain: Chain, problem: Problem, tokens: int) -> Candidate:
    """A chain with the answer it states. The chain, not a raw text, is read: what is verified is
    what is kept and shown."""
    read = extract(chain.text, problem.answer)
    return Candidate(chain, read, tokens, within=closeness(problem.answer))


def opened_to_answer(begun: str, kept: Sequence[str], style: PromptStyle) -> str:
    """`begun` (of `open_prompt`) with the steps `kept`, up to `The answer is`."""
    if style in ONE_LINE:
        return begun if ONE_LINE[style] else begun + ANSWER_PHRASE
    turn = begun.removesuffix(_CHAIN_OPENING)
    head = f"{STEP_SEPARATOR}Step {len(kept) + 1}: "
    return f"{turn}{chain_of(*kept).text}{head}{ANSWER_PHRASE}"


def _chain(text: str, style: PromptStyle) -> Chain:
    if style in ONE_LINE:
        return chain_of(f"{ONE_LINE[style]}{text}".strip())
    return chain_of(*(step.text for step in parse_steps(text)))
