"""What the policy is shown: the question, how its answer must look, and the step format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meds3.answers.kinds import Answer, Choice, Date, FreeText, ItemSet, Label, Number, Span
from meds3.chains.chain import ANSWER_PHRASE, Chain
from meds3.problems.problem import Problem

_INSTRUCTION = "Reason in short steps and end with 'The answer is ...'"


@dataclass(frozen=True)
class WorkedExample:
    """A solved problem shown before the real one.

    `facts` are names and figures of its own: in a chain about another problem they are copied.
    """

    problem: Problem
    chain: Chain
    facts: frozenset[str] = frozenset()


def question_text(problem: Problem) -> str:
    """Context, question, options one a line, and how the answer must look."""
    parts = [problem.context, problem.question]
    parts += [f"{letter}. {text}" for letter, text in (problem.options or {}).items()]
    parts.append(answer_form(problem.answer))
    return "\n".join(part for part in parts if part)


def answer_form(answer: Answer) -> str:
    """One line on the form of the answer; the gold value is not used."""
    match answer:
        case Choice():
            return "Answer with one letter."
        case Label(labels=labels) if len(labels) <= 5:
            return f"Answer with one of: {', '.join(labels)}."
        case Label():
            return "Answer with one of the names given."
        case Span():
            return "Answer with the exact words."
        case Number(unit=unit):
            return f"Answer with a number in {unit}." if unit else "Answer with a number."
        case Date():
            return "Answer with a date as YYYY-MM-DD."
        case ItemSet():
            return "Answer with the items, separated by '; '."
        case FreeText():
            return "Answer in one sentence."


def messages(problem: Problem, example: WorkedExample | None) -> list[dict[str, str]]:
    """The chat up to the open assistant turn; an example is an earlier pair of turns."""
    turns = []
    if example is not None:
        turns.append({"role": "user", "content": _user(example.problem)})
        turns.append({"role": "assistant", "content": example.chain.text})
    return [*turns, {"role": "user", "content": _user(problem)}]


def hinted_messages(problem: Problem) -> list[dict[str, str]]:
    """The chat that shows the right answer and asks why it is right.

    Source of the idea: rationalization, STaR (arXiv 2203.14465 §3.2). There is no worked example:
    a small model that knows the answer already would only copy it (docs/experiments.md).
    """
    answer = answer_text(problem.answer)
    option = (problem.options or {}).get(answer)
    named = f"{answer} ({option})" if option else answer
    asked = (
        f"{question_text(problem)}\nWhy is {named} right? "
        f"Tell in one short step, then end with '{ANSWER_PHRASE} {answer}.'"
    )
    return [{"role": "user", "content": asked}]


def direct_messages(
    problem: Problem, shots: Sequence[Problem], option_first: bool = False
) -> list[dict[str, str]]:
    """The chat that asks for the answer alone; each of `shots` is an earlier pair of turns, whose
    answer names its option first if so asked."""
    turns = []
    for shot in shots:
        said = option_stated(shot.answer) if option_first else answer_stated(shot.answer)
        turns.append({"role": "user", "content": question_text(shot)})
        turns.append({"role": "assistant", "content": said})
    return [*turns, {"role": "user", "content": question_text(problem)}]


def answer_stated(answer: Answer) -> str:
    """`The answer is B.`"""
    return f"{ANSWER_PHRASE} {answer_text(answer)}."


def option_stated(answer: Answer) -> str:
    """`no effect. The answer is B.`: the option's words first, as they stand in the question, so
    that they can be copied. The answer alone where there are no options."""
    if not isinstance(answer, Choice):
        return answer_stated(answer)
    words = " ".join(answer.options[answer.letter].split())
    stop = "" if words.endswith((".", "!", "?")) else "."
    return f"{words}{stop} {answer_stated(answer)}"


def answer_text(answer: Answer) -> str:
    """The gold answer in the form that `answer_form` asks for."""
    return answer.letter if isinstance(answer, Choice) else str(answer)


def _user(problem: Problem) -> str:
    return f"{question_text(problem)}\n{_INSTRUCTION}"
