"""Chains without an answer, made to state one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds3.answering.config import AnsweringConfig, PromptStyle
from meds3.answering.forcing import most_tokens
from meds3.answering.sample import sample_candidates
from meds3.answering.waves import Budget, drawn_in_waves
from meds3.answers.kinds import Label, Number, Span
from meds3.engines.protocol import Completion, Sampling
from meds3.engines.scripted import ScriptedEngine
from tests.answering.test_sample import PROBLEM, Template

FORCED = AnsweringConfig(n=3, force_answer=True)
LETTERS = (" A.", " B.", " C.")
DOSE = PROBLEM.model_copy(update={"options": None, "answer": Span(text="30 mg")})
AMOUNT = PROBLEM.model_copy(update={"options": None, "answer": Number(value=30, unit="mg")})
NAMES = PROBLEM.model_copy(
    update={"options": None, "answer": Label(label="gout", labels=("gout", "GERD"))}
)
CUT = " Beta blockers slow the heart.\n\nStep 2: So among these it must be the"
STATED = " It ends in -olol. The answer is B."
TORN = " The answer is A. Or else, the answer is B."


class Recorded(ScriptedEngine):
    """Says `texts` when sampled, `forced` when asked for the answer; keeps what it was asked."""

    def __init__(self, *texts: str, forced: str = " C.") -> None:
        super().__init__(self._say)
        self.texts, self.forced = texts, forced
        self.asked: list[tuple[str, Sampling]] = []

    def _say(self, prompt: str, sampling: Sampling, index: int) -> str:
        ends = prompt.endswith("The answer is") and "Step 1" in prompt
        return self.forced if ends else self.texts[index % len(self.texts)]

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        self.asked.append((prompt, sampling))
        return await super().generate(prompt, sampling)


async def test_the_last_step_gives_way_to_the_answer() -> None:
    engine = Recorded(CUT, STATED, TORN)
    cut, stated, torn = await sample_candidates(engine, Template(), PROBLEM, FORCED, seed=1)
    assert [one.extraction.key for one in (cut, stated, torn)] == ["C", "B", None]
    assert [str(step) for step in cut.chain.steps[1:]] == [
        "Step 1: Beta blockers slow the heart.",
        "Step 2: The answer is C.",
    ]
    ((prompt, sampling),) = engine.asked[1:]  # the others stay as they are
    opening = "Step 0: Let's break down this problem step by step.\n\nStep 1: "
    kept = f"{opening}Beta blockers slow the heart.\n\nStep 2: The answer is"
    assert prompt == engine.asked[0][0].removesuffix("Step 1:") + kept.removeprefix(
        opening.removesuffix("Step 1: ")
    )
    assert (sampling.choices, sampling.n) == (LETTERS, 1)
    assert sampling.temperature == FORCED.temperature
    plain, *_ = await sample_candidates(engine, Template(), PROBLEM, AnsweringConfig(n=3), seed=1)
    assert cut.tokens == plain.tokens + 2  # a blank and the letter
    assert plain.extraction.key is None


async def test_a_single_cut_step_leaves_the_answer_alone() -> None:
    (only,) = await sample_candidates(
        Recorded(" So among these it must"), Template(), PROBLEM, FORCED, seed=1, greedy=True
    )
    assert [str(step) for step in only.chain.steps[1:]] == ["Step 1: The answer is C."]


async def test_greedy_is_forced_greedily() -> None:
    engine = Recorded(CUT)
    await sample_candidates(engine, Template(), PROBLEM, FORCED, seed=1, greedy=True)
    assert [sampling.temperature for _, sampling in engine.asked] == [0.0, 0.0]


async def test_each_chain_has_a_draw_of_its_own_and_a_wave_too() -> None:
    seeds = set()
    for start in (0, 3):
        engine = Recorded(CUT)
        await sample_candidates(engine, Template(), PROBLEM, FORCED, seed=1, start=start)
        seeds |= {sampling.seed for _, sampling in engine.asked}
    assert len(seeds) == 2 * (1 + 3)


@pytest.mark.parametrize(
    ("problem", "choices", "said", "key"),
    [
        (NAMES, (" gout.", " GERD."), " GERD.", "gerd"),
        (DOSE, (), " 30 mg.\nStep 3: more", "30 mg"),
        (AMOUNT, (), " 30 mg.", "30"),
    ],
)
async def test_answers_that_are_not_listed_are_a_few_words(
    problem: object, choices: tuple[str, ...], said: str, key: str
) -> None:
    engine = Recorded(CUT, forced=said)
    found = await sample_candidates(engine, Template(), problem, FORCED, seed=1)  # type: ignore[arg-type]
    assert engine.asked[1][1].choices == choices
    assert {str(one.extraction.key).casefold() for one in found} == {key}
    assert all("more" not in one.chain.text for one in found)


@pytest.mark.parametrize("style", ["direct", "worked-example", "option-shots"])
async def test_other_ways_to_ask(style: PromptStyle) -> None:
    settings = FORCED.model_copy(update={"style": style, "n": 1})
    engine = Recorded(" none of these I know.", forced=" B.")
    (found,) = await sample_candidates(engine, Template(), PROBLEM, settings, seed=1)
    (first, _), (second, sampling) = engine.asked
    assert sampling.choices == LETTERS
    assert second.endswith("The answer is")
    assert (first == second) == (style == "direct")
    assert len(found.chain.steps) == 2


@given(st.integers(1, 200), st.lists(st.sampled_from([CUT, STATED, TORN]), min_size=1, max_size=5))
async def test_a_token_budget_holds_for_forced_answers_too(tokens: int, texts: list[str]) -> None:
    settings = AnsweringConfig(n=8, max_tokens=20, force_answer=True, strategy="majority")
    engine = Recorded(*texts)
    waves = drawn_in_waves(
        engine, None, Template(), PROBLEM, settings, "majority", seed=0,
        budget=Budget(tokens=tokens),
    )  # fmt: skip
    assert most_tokens(PROBLEM, settings) > 20
    async for drawn in waves:
        assert sum(one.tokens for one in drawn.candidates) <= tokens


def test_off_leaves_no_trace_in_the_identity_of_a_run() -> None:
    assert "force_answer" not in AnsweringConfig().drawing()
    assert FORCED.drawing()["force_answer"] is True
