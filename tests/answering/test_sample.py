"""From a prompt to a chosen answer, with an engine that says what it is told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from meds3.answering import answer as answering
from meds3.answering import sample
from meds3.answering.config import AnsweringConfig
from meds3.answering.prompting import bare_prompt
from meds3.answers.kinds import Choice
from meds3.chains.chain import Chain
from meds3.engines.protocol import Completion, Sampling
from meds3.errors import EngineError
from meds3.problems.problem import Domain, Problem

OPTIONS = {"A": "amoxicillin", "B": "bisoprolol", "C": "codeine"}
PROBLEM = Problem(
    id="p1",
    dataset="made-up",
    domain=Domain.KNOWLEDGE_QA,
    question="Which one is a beta blocker?",
    options=OPTIONS,
    answer=Choice(letter="B", options=OPTIONS),
)


class Template:
    def render(self, messages: object) -> str:
        return "<user>" + str(messages) + "<assistant>"


class Says:
    """An engine that returns the given texts, as many as asked, and keeps what it was asked."""

    name = "says"

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.asked: list[tuple[str, Sampling]] = []

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        self.asked.append((prompt, sampling))
        return [
            Completion(self.texts[i % len(self.texts)], 7, "stop")
            for i in range(sampling.n if self.texts else 0)
        ]

    async def close(self) -> None: ...


class Likes:
    """A scorer that gives 0.9 to the steps of chains that mention a word, else 0.1."""

    name = "likes"

    def __init__(self, word: str) -> None:
        self.word = word
        self.prompts: list[str] = []

    async def score(self, prompt: str, chains: Sequence[Chain]) -> list[list[float]]:
        self.prompts.append(prompt)
        assert all(len(chain.steps) > 1 for chain in chains)
        return [[0.9 if self.word in c.text else 0.1] * (len(c.steps) - 1) for c in chains]

    async def close(self) -> None: ...


A = " Amoxicillin is an antibiotic.\n\nStep 2: The answer is A."
B = " Bisoprolol blocks beta receptors.\n\nStep 2: The answer is B."
SETTINGS = AnsweringConfig(n=3)


async def ask(engine: Says, scorer: Likes | None, settings: AnsweringConfig) -> answering.Answered:
    return await answering.answer(PROBLEM, engine, scorer, Template(), settings, seed=1)


async def test_the_assistant_turn_is_opened_with_step_one() -> None:
    engine = Says(B)
    (candidate,) = await sample.sample_candidates(
        engine, Template(), PROBLEM, SETTINGS, seed=0, greedy=True
    )
    prompt, sampling = engine.asked[0]
    assert prompt.endswith(
        "<assistant>Step 0: Let's break down this problem step by step.\n\nStep 1:"
    )
    assert (sampling.n, sampling.temperature) == (1, 0.0)
    assert [str(step) for step in candidate.chain.steps[1:]] == [
        "Step 1: Bisoprolol blocks beta receptors.",
        "Step 2: The answer is B.",
    ]
    assert candidate.extraction.key == "B"


async def test_seeds_follow_from_the_problem_and_the_purpose_alone() -> None:
    engine = Says(B)
    for seed, greedy in [(0, False), (0, False), (0, True), (1, False)]:
        await sample.sample_candidates(
            engine, Template(), PROBLEM, SETTINGS, seed=seed, greedy=greedy
        )
    seeds = [sampling.seed for _, sampling in engine.asked]
    assert seeds[0] == seeds[1]
    assert len(set(seeds)) == 3


async def test_pvs_lets_the_scores_decide() -> None:
    answered = await ask(Says(A, A, B), Likes("beta receptors"), SETTINGS)
    assert answered.strategy == "pvs"
    assert answered.drawn.selection.answer == "B"
    assert answered.drawn.selection.votes == pytest.approx({"A": 0.2, "B": 0.9})
    assert answered.tokens == 21
    assert not answered.refer


async def test_without_a_scorer_the_majority_decides() -> None:
    answered = await ask(Says(A, A, B), None, SETTINGS)
    assert (answered.strategy, answered.drawn.selection.answer) == ("majority", "A")
    assert answered.drawn.selection.confidence == pytest.approx(2 / 3)


async def test_low_confidence_and_no_answer_refer() -> None:
    unsure = SETTINGS.model_copy(update={"abstain_below": 0.7})
    assert (await ask(Says(A, A, B), None, unsure)).refer
    nothing = await ask(Says(""), Likes("beta"), SETTINGS)
    assert nothing.drawn.selection.answer is None
    assert nothing.refer


async def test_the_prm_reads_the_bare_prompt() -> None:
    shown = SETTINGS.model_copy(update={"style": "worked-example"})
    engine, scorer = Says(B), Likes("beta")
    await ask(engine, scorer, shown)
    assert scorer.prompts == [bare_prompt(Template(), PROBLEM)]
    assert len(engine.asked[0][0]) > len(scorer.prompts[0])


async def test_an_engine_that_returns_too_few_is_an_engine_error() -> None:
    with pytest.raises(EngineError, match="returned 0 of 3"):
        await ask(Says(), None, SETTINGS)
