"""A small bench without a model: invented problems, a scripted engine."""

from __future__ import annotations

from pathlib import Path

from search_bench import Bench

from meds3.answers.kinds import Choice
from meds3.chains.template import ChatTemplate
from meds3.engines.protocol import Sampling
from meds3.engines.scripted import ScriptedEngine
from meds3.evolution.config import RunConfig
from meds3.problems.problem import Domain, Problem
from meds3.runs.digest import derived_seed

OPTIONS = {"A": "aspirin", "B": "warfarin", "C": "heparin", "D": "clopidogrel"}
TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SEARCH = {"max_nodes": 8, "rollout_base": 6, "rollout_min": 3, "max_depth": 4}


def bench(problems: int) -> Bench:
    config = RunConfig.model_validate(
        {"name": "invented", "problems": {"sources": [{"kind": "gym"}]}, "search": SEARCH}
    )
    return Bench(
        config,
        ChatTemplate(TEMPLATE, "<|end|>"),
        Path("no-model"),
        [_problem(number) for number in range(problems)],
    )


def engine() -> ScriptedEngine:
    return ScriptedEngine(_answer)


def _answer(prompt: str, sampling: Sampling, index: int) -> str:
    draw = derived_seed(sampling.seed, prompt[-40:], index) % 1000
    words = " of note" * (draw % 7)
    return f" Finding {draw}{words} matters.\n\nStep 9: The answer is {'ABCD'[draw % 4]}."


def _problem(number: int) -> Problem:
    return Problem(
        id=f"p{number}",
        dataset="invented",
        domain=Domain.KNOWLEDGE_QA,
        question=f"Which drug did patient {number} take for the heart?",
        options=OPTIONS,
        answer=Choice(letter="B", options=OPTIONS),
    )
