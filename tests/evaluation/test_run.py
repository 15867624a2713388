"""Asking a system every question, with an engine that says what it is told."""

from __future__ import annotations

import asyncio

import pytest

from meds3.answering.config import AnsweringConfig
from meds3.answers.verdict import Verdict
from meds3.chains.template import ChatTemplate
from meds3.engines.protocol import Completion, Sampling
from meds3.errors import EngineError, InputError
from meds3.evaluation.run import evaluate_system, rescore
from meds3.rewards.scripted import ScriptedScorer
from tests.evaluation.made_up import PROBLEMS

TEMPLATE = ChatTemplate("{% for m in messages %}<{{ m.content }}>{% endfor %}assistant:", "</s>")
SETTINGS = AnsweringConfig(n=3, style="worked-example")
A, B = " Amlodipine.\n\nStep 2: The answer is A.", " Bisoprolol.\n\nStep 2: The answer is B."


class Counts:
    """Greedy says B; samples say A, A, B. Keeps the largest number of calls in flight."""

    name = "counts"
    capacity = 20

    def __init__(self, fail: bool = False) -> None:
        self.fail, self.flying, self.most, self.finished = fail, 0, 0, 0

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        self.flying += 1
        self.most = max(self.most, self.flying)
        await asyncio.sleep(0)
        if self.fail:
            raise EngineError("the engine died")
        self.flying -= 1
        self.finished += 1
        texts = [B] if sampling.temperature == 0 else [A, A, B]
        return [Completion(text, 9, "stop") for text in texts]

    async def close(self) -> None: ...


LIKES_B = ScriptedScorer(lambda prompt, step: 0.9 if "B" in step.text else 0.1)


async def test_questions_keep_the_engine_full_and_are_judged() -> None:
    engine = Counts()
    steps: list[tuple[int, int, str]] = []
    found = await evaluate_system(
        "base", PROBLEMS[:15], engine, TEMPLATE, None, SETTINGS,
        kind="base", on_progress=lambda *args: steps.append(args),
    )  # fmt: skip
    assert engine.most == 10
    assert steps[-1] == (15, 15, "asked")
    # 3 samples of 9 tokens to 1 greedy chain of 9: three quarters of the time.
    assert found.header.sample_seconds == pytest.approx(3 * found.header.greedy_seconds)
    assert found.header.prompt_style == "worked-example"
    assert set(found.verdicts("greedy")) == {Verdict.CORRECT}
    assert set(found.verdicts("majority")) == {Verdict.WRONG}


async def test_rescoring_generates_nothing_and_changes_the_vote() -> None:
    engine = Counts()
    base = await evaluate_system("base", PROBLEMS[:4], engine, TEMPLATE, None, SETTINGS)
    scored = await rescore(base, LIKES_B, name="base@prm-1")
    assert engine.finished == 8
    assert (scored.name, scored.header.scorer) == ("base@prm-1", LIKES_B.name)
    assert set(scored.verdicts("pvs")) == {Verdict.CORRECT}
    assert scored.verdicts("majority") == base.verdicts("majority")
    # The PRM reads the bare problem, though the engine was shown a worked example.
    assert scored.outcomes[0].scoring_prompt.count(PROBLEMS[0].question) == 1
    assert scored.outcomes[0].scoring_prompt.endswith("assistant:")


async def test_a_scorer_given_at_once_is_the_same_as_later() -> None:
    both = [
        await evaluate_system("x", PROBLEMS[:3], Counts(), TEMPLATE, scorer, SETTINGS)
        for scorer in (LIKES_B, None)
    ]
    assert both[0].outcomes == (await rescore(both[1], LIKES_B)).outcomes


async def test_an_engine_that_dies_stops_everything_and_is_named() -> None:
    with pytest.raises(EngineError, match="the engine died"):
        await evaluate_system("x", PROBLEMS[:5], Counts(fail=True), TEMPLATE, None, SETTINGS)
    assert len(asyncio.all_tasks()) == 1  # this test


async def test_no_problems_and_double_ids_are_input_errors() -> None:
    for problems, message in [([], "no problems"), ([PROBLEMS[0]] * 2, "'gym-000' appears twice")]:
        with pytest.raises(InputError, match=message):
            await evaluate_system("x", problems, Counts(), TEMPLATE, None, SETTINGS)
