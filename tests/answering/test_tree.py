"""Candidates from a tree that a PRM guides."""

from __future__ import annotations

import pytest

from meds3.answering.answer import answer
from meds3.answering.config import AnsweringConfig
from meds3.engines.protocol import Sampling
from meds3.engines.scripted import ScriptedEngine
from meds3.errors import InputError
from meds3.rewards.scripted import ScriptedScorer
from meds3.selection.confidence import Calibration
from tests.search.worlds import noisy, problem, template


def lured(prompt: str, sampling: Sampling, index: int) -> str:
    """Thinks of a bad step first; from a good one it answers B, from a bad one C."""
    if sampling.stop:
        return f" {'bad' if index == 0 else 'good'} {len(prompt)}.\n\nStep 2:"
    last = max(prompt.rfind("good"), prompt.rfind("bad"))
    return f" So {index}. The answer is {'B' if prompt[last:].startswith('good') else 'C'}."


async def test_the_prm_leads_the_search_to_the_better_answer() -> None:
    scorer = ScriptedScorer(lambda prompt, step: 0.1 if step.text.startswith("bad") else 0.9)
    settings = AnsweringConfig(n=4, candidates="tree", strategy="pvs")
    engine = ScriptedEngine(lured)
    answered = await answer(problem(), engine, scorer, template(), settings)
    assert answered.drawn.selection.answer == "B"
    assert answered.tokens == engine.tokens
    assert len(answered.drawn.candidates) >= 4
    assert all(len(c.scores) == len(c.chain.steps) - 1 for c in answered.drawn.candidates)


async def test_a_curve_of_independent_chains_is_not_used() -> None:
    curve = Calibration(
        strategy="vote-sum/last",
        n_samples=4,
        n_questions=100,
        method="platt",
        features=("share",),
        weights=(1.0,),
    )
    scorer = ScriptedScorer(lambda prompt, step: 0.9)
    settings = AnsweringConfig(n=4, candidates="tree", strategy="pvs")
    answered = await answer(
        problem(), ScriptedEngine(lured), scorer, template(), settings, calibration=curve
    )
    assert not answered.calibrated


async def test_a_tree_that_ends_early_is_not_surer_for_it() -> None:
    """All say B, but fewer finishes are found than were asked for: no certainty, a referral."""

    def one_way(prompt: str, sampling: Sampling, index: int) -> str:
        return " The answer is B."

    scorer = ScriptedScorer(lambda prompt, step: 0.9)
    settings = AnsweringConfig(n=8, candidates="tree", strategy="pvs", abstain_below=0.5)
    answered = await answer(problem(), ScriptedEngine(one_way), scorer, template(), settings)
    found = len(answered.drawn.candidates)
    assert 0 < found < 4
    assert answered.confidence == pytest.approx(found / 8)
    assert answered.refer


async def test_the_gold_answer_is_not_used() -> None:
    """The same candidates whatever gold says."""
    scorer = ScriptedScorer(lambda prompt, step: len(step.text) % 7 / 7)
    settings = AnsweringConfig(n=5, candidates="tree")
    other = problem().model_copy(
        update={"answer": problem().answer.model_copy(update={"letter": "A"})}
    )
    found = [
        await answer(asked, ScriptedEngine(noisy), scorer, template(), settings)
        for asked in (problem(), other)
    ]
    assert [c.chain for c in found[0].drawn.candidates] == [
        c.chain for c in found[1].drawn.candidates
    ]
    assert found[0].drawn.selection.answer == found[1].drawn.selection.answer


async def test_without_a_prm_it_says_so() -> None:
    settings = AnsweringConfig(candidates="tree")
    with pytest.raises(InputError, match="need a PRM"):
        await answer(problem(), ScriptedEngine(noisy), None, template(), settings)
