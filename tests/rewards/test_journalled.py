"""Scores that were paid are replayed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from meds3.chains.chain import Chain, Step, chain_of
from meds3.rewards.journalled import JournalledScorer
from meds3.rewards.scripted import ScriptedScorer
from meds3.runs.journal import Journal


def drifting() -> ScriptedScorer:
    """Never says the same twice, as a scorer may whose rounding depends on its batch."""
    said = iter(range(1, 100))

    def score(prompt: str, step: Step) -> float:
        return 1 / next(said)

    return ScriptedScorer(score)


async def test_a_resumed_search_sees_the_scores_of_the_first_time(tmp_path: Path) -> None:
    chains = [chain_of("one", "two"), chain_of("one")]
    with Journal(tmp_path / "j.sqlite") as journal:
        first = JournalledScorer(drifting(), journal, "digest", "scores")
        scores = await first.score("q", chains)
        assert [len(row) for row in scores] == [2, 1]
    with Journal(tmp_path / "j.sqlite") as journal:
        asked = drifting()
        again = JournalledScorer(asked, journal, "digest", "scores")
        assert await again.score("q", chains) == scores
        assert asked.calls == 0
        other = JournalledScorer(asked, journal, "another PRM", "scores")
        await other.score("q", chains)
        assert asked.calls == 1
        assert journal.call_totals()["scores"]["calls"] == 2


async def test_the_same_asked_twice_at_once_is_recorded_once(tmp_path: Path) -> None:
    class Slow(ScriptedScorer):
        async def score(self, prompt: str, chains: list[Chain]) -> list[list[float]]:  # type: ignore[override]
            await asyncio.sleep(0.01)
            return await super().score(prompt, chains)

    with Journal(tmp_path / "j.sqlite") as journal:
        scorer = JournalledScorer(Slow(lambda *_: 0.5), journal, "d", "scores")
        both = await asyncio.gather(*(scorer.score("q", [chain_of("one")]) for _ in range(2)))
        assert both == [[[0.5]], [[0.5]]]
        assert journal.call_totals()["scores"]["calls"] == 1
