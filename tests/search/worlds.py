"""Problems and scripted policies for the tests of the search."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from meds3.answers.kinds import Choice
from meds3.chains.template import ChatTemplate
from meds3.engines.protocol import Sampling
from meds3.engines.scripted import ScriptedEngine
from meds3.problems.problem import Domain, Problem
from meds3.search.actions import Actions
from meds3.search.config import SearchConfig
from meds3.search.grow import grow
from meds3.search.tree import Tree
from meds3.search.valuing import Valuing

OPTIONS = {"A": "aspirin", "B": "naloxone", "C": "morphine"}
Script = Callable[[str, Sampling, int], str]


def problem(id_: str = "p") -> Problem:
    return Problem(
        id=id_,
        dataset="test",
        domain=Domain.KNOWLEDGE_QA,
        question=f"Which drug reverses opioids? ({id_})",
        options=OPTIONS,
        answer=Choice(letter="B", options=OPTIONS),
    )


def template() -> ChatTemplate:
    source = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant: "
    return ChatTemplate(source, end_of_turn="<end>")


def config(**fields: Any) -> SearchConfig:
    return SearchConfig.model_validate(fields)


async def grown(
    script: Script, settings: SearchConfig, seed: int = 0, valuing: Valuing | None = None
) -> Tree:
    """The tree of one problem over a scripted engine; `actions.tokens` is in `tree.tokens`."""
    actions = Actions(ScriptedEngine(script), problem(), "prompt ", settings, seed)
    return await grow(actions, "prompt ", valuing)


def always(text: str) -> Script:
    return lambda prompt, sampling, index: text


def noisy(prompt: str, sampling: Sampling, index: int) -> str:
    """A policy that sometimes reasons on, sometimes answers right, wrong or not at all."""
    draw = random.Random(f"{sampling.seed}:{index}")
    if sampling.stop:
        return f" Thought {draw.randrange(4)}.{sampling.stop[0]} 9:"
    steps = [f" Idea {draw.randrange(3)}." for _ in range(draw.randrange(3))]
    end = draw.choice([" The answer is B.", " The answer is C.", " I wonder.", ""])
    return "\n\nStep 7:".join([*steps, end])
