"""Questions that wait together are scored in one pass, and score what they score alone."""

import asyncio
from pathlib import Path

import pytest

from meds3.chains.chain import chain_of
from meds3.errors import EngineError
from tests.rewards.tiny import ByteTokenizer, tiny_llama

pytestmark = pytest.mark.model

QUESTIONS = [
    (f"question {n}: " + "and so " * (n % 4), [chain_of(*[f"step {i} of {n}"] * (i + 1), "End.")
     for i in range(1 + n % 3)])
    for n in range(9)
]  # fmt: skip


def scorer(monkeypatch, together: int):
    from meds3.rewards import torch_scorer
    from meds3.rewards.prm_model import prm_from_policy

    model = prm_from_policy(tiny_llama(), seed=1).eval()
    monkeypatch.setattr(torch_scorer, "load_prm", lambda path, device: (model, ByteTokenizer()))
    return torch_scorer.TorchStepScorer(Path("prm"), "cpu", together=together)


async def scores(made) -> list[list[list[float]]]:
    return await asyncio.gather(*(made.score(prompt, chains) for prompt, chains in QUESTIONS))


async def test_together_or_alone_the_scores_are_the_same(monkeypatch):
    alone = await scores(scorer(monkeypatch, 0))
    passes = []
    from meds3.rewards import torch_scorer

    real = torch_scorer.segment_logits
    made = scorer(monkeypatch, 500)
    monkeypatch.setattr(
        torch_scorer,
        "segment_logits",
        lambda *given: (passes.append(len(given[1])), real(*given))[1],
    )
    together = await scores(made)
    assert len(passes) < len(QUESTIONS)
    assert all(tokens <= 500 for tokens in passes)
    for (_, chains), ours, theirs in zip(QUESTIONS, together, alone, strict=True):
        assert [len(row) for row in ours] == [len(chain.steps) - 1 for chain in chains]
        for one, other in zip(ours, theirs, strict=True):
            assert one == pytest.approx(other, abs=1e-5)


async def test_a_closed_scorer_says_so_also_to_those_who_wait(monkeypatch):
    made = scorer(monkeypatch, 0)
    waiting = [asyncio.create_task(made.score(*QUESTIONS[0])) for _ in range(3)]
    await asyncio.sleep(0)
    await made.close()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert any(isinstance(result, EngineError) for result in found)
    with pytest.raises(EngineError, match="closed"):
        await made.score(*QUESTIONS[0])
