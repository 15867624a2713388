"""Which worked example is shown with a problem, and what a chain may have copied from it."""

from __future__ import annotations

import re

from meds3.answers.kinds import Answer, Choice, Label
from meds3.chains.chain import Chain
from meds3.chains.prompt import WorkedExample
from meds3.chains.worked import (
    CALCULATION,
    CASE,
    DATE,
    DIALOGUE,
    DIFFERENTIAL,
    DOSE,
    EFFECTS,
    FACT,
    FORMULARY,
    ITEMS,
    LABEL,
    NOTE_NUMBER,
    NOTE_SPAN,
    RELATION,
    STUDY,
    TRIAL,
)
from meds3.problems.problem import Domain, Problem

_WORD = re.compile(r"\w[\w.-]*")
_MANY = 6  # options or labels

# The first line that fits is taken: kind, domain (None: any), with context (None: either), with
# many options or labels (None: however many).
_TABLE: tuple[tuple[str, Domain | None, bool | None, bool | None, WorkedExample], ...] = (
    ("choice", Domain.KNOWLEDGE_QA, True, None, FORMULARY),
    ("choice", Domain.BIOMEDICAL_QA, None, True, RELATION),
    ("choice", Domain.BIOMEDICAL_QA, True, None, STUDY),
    ("choice", Domain.LONG_CONTEXT_QA, None, None, DIALOGUE),
    ("choice", Domain.CLINICAL_REASONING, None, None, CASE),
    ("choice", None, None, None, FACT),
    ("label", None, None, True, DIFFERENTIAL),
    ("label", None, None, None, LABEL),
    ("span", Domain.LONG_CONTEXT_QA, None, None, NOTE_SPAN),
    ("span", None, None, None, DOSE),
    ("number", Domain.LONG_CONTEXT_QA, None, None, NOTE_NUMBER),
    ("number", None, None, None, CALCULATION),
    ("date", None, None, None, DATE),
    ("item_set", None, None, None, ITEMS),
    ("free_text", None, None, None, LABEL),
)


def example_for(problem: Problem) -> WorkedExample:
    """The example of the same answer kind and the nearest shape; the gold value is not used."""
    if set((problem.options or {}).values()) == set(EFFECTS.values()):
        return TRIAL
    return next(
        example
        for kind, domain, context, many, example in _TABLE
        if kind == problem.answer.kind
        and domain in (None, problem.domain)
        and context in (None, problem.context is not None)
        and many in (None, _choices(problem.answer) >= _MANY)
    )


def _choices(answer: Answer) -> int:
    """How many options or labels there are to choose among; 0 where the answer is open."""
    match answer:
        case Choice(options=options):
            return len(options)
        case Label(labels=labels):
            return len(labels)
    return 0


def borrowed_facts(chain: Chain, problem: Problem) -> frozenset[str]:
    """Facts of the worked example that the chain tells of a problem that does not hold them."""
    text = (
        f"{problem.question} {problem.context or ''} {' '.join((problem.options or {}).values())}"
    )
    return (example_for(problem).facts & _words(chain.text)) - _words(text)


def _words(text: str) -> set[str]:
    return {word.strip(".-") for word in _WORD.findall(text.casefold())}


def all_examples() -> tuple[WorkedExample, ...]:
    """Every example, once."""
    found = (TRIAL, *(row[-1] for row in _TABLE))
    return tuple({example.problem.id: example for example in found}.values())
