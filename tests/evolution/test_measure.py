"""What was asked and scored before a kill is not paid again, and its time is not lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from meds3.chains.chain import Chain
from meds3.engines.calls import JournalCalls
from meds3.engines.journalled import JournalledEngine
from meds3.engines.protocol import Sampling
from meds3.engines.scripted import ScriptedEngine
from meds3.errors import EngineError
from meds3.evaluation.outcome import SystemEvaluation
from meds3.evolution import measure
from meds3.evolution.measure import sample_policy, score_systems, to_compare
from meds3.evolution.state import Evolution
from meds3.evolution.timing import covered
from meds3.runs.journal import Journal
from tests.evolution.small_run import BASE, HELDOUT, POLICY, with_state

DELAY_S = 0.02


def says(prompt: str, sampling: Sampling, index: int) -> str:
    return f" Thought {index}.\n\nStep 2: The answer is {'no' if index % 3 == 2 else 'yes'}."


class CountingScorer:
    """Gives every step a half; fails at the call after `fail_after`."""

    name = "counting"
    asked = 0
    fail_after: int | None = None

    def __init__(self, prm: Path) -> None: ...

    async def score(self, prompt: str, chains: Sequence[Chain]) -> list[list[float]]:
        if self.asked == self.fail_after:
            raise EngineError("the scorer died")
        type(self).asked += 1
        return [[0.5] * (len(chain.steps) - 1) for chain in chains]

    async def close(self) -> None: ...


@pytest.fixture
def scorer(monkeypatch: pytest.MonkeyPatch) -> type[CountingScorer]:
    class Fresh(CountingScorer):
        pass

    monkeypatch.setattr(measure, "build_scorer", lambda prm, config, log: Fresh(prm))
    return Fresh


async def test_the_base_may_be_sampled_at_a_temperature_of_its_own(tmp_path: Path) -> None:
    seen: set[float] = set()

    def asked(prompt: str, sampling: Sampling, index: int) -> str:
        seen.add(sampling.temperature)
        return says(prompt, sampling, index)

    async def both(state: Evolution) -> list[SystemEvaluation]:
        return [await sample_policy(state, policy) for policy in (BASE, POLICY)]

    fields = {"answering": {"n": 2, "temperature": 1.0}}
    engine = ScriptedEngine(asked)
    (base, policy), _ = await with_state(
        tmp_path, engine, both, fields=fields, base_temperature=0.3
    )
    assert seen == {0.0, 0.3, 1.0}
    assert (base.header.temperature, policy.header.temperature) == (0.3, 1.0)


async def sampled(state: Evolution) -> SystemEvaluation:
    return await sample_policy(state, POLICY)


async def scored(state: Evolution) -> SystemEvaluation:
    (state.run.round(1) / "prm").mkdir(parents=True, exist_ok=True)
    return (await score_systems(state, 1, [POLICY]))["heldout"][POLICY.name]


async def test_seconds_of_a_killed_process_are_counted(tmp_path: Path) -> None:
    calls = 2 * len(HELDOUT)
    dying = ScriptedEngine(says, delay_s=DELAY_S, fail_after=calls // 2)
    with pytest.raises(EngineError):
        await with_state(tmp_path, dying, sampled)
    again = ScriptedEngine(says)
    found, _ = await with_state(tmp_path, again, sampled)
    assert again.calls < calls
    assert found.header.sample_seconds > found.header.greedy_seconds > 0
    assert found.header.sample_seconds + found.header.greedy_seconds >= DELAY_S


async def test_a_chain_is_scored_once(tmp_path: Path, scorer: type[CountingScorer]) -> None:
    scorer.fail_after = 5
    with pytest.raises(EngineError):
        await with_state(tmp_path, ScriptedEngine(says), scored)
    scorer.fail_after = None
    found, _ = await with_state(tmp_path, ScriptedEngine(says), scored)
    assert found.header.scorer == "counting"
    assert all(row.scores for outcome in found.outcomes for row in outcome.samples)
    assert scorer.asked == len(HELDOUT)


async def test_what_follows_does_not_depend_on_the_clock(tmp_path: Path) -> None:
    found, _ = await with_state(tmp_path, ScriptedEngine(says), sampled)
    header = found.header.model_copy(update={"sample_seconds": 99.0, "greedy_seconds": 9.0})
    slower = SystemEvaluation(header=header, outcomes=found.outcomes)
    assert slower.said() == found.said()
    before = found.header.model_copy(update={"temperature": None})  # as earlier versions wrote it
    assert SystemEvaluation(header=before, outcomes=found.outcomes).said() == found.said()
    assert "temperature" not in found.said()["header"]  # digests of runs from then hold
    other = header.model_copy(update={"seed": 1})
    assert SystemEvaluation(header=other, outcomes=found.outcomes).said() != found.said()


async def test_a_call_that_is_taken_over_keeps_its_time(tmp_path: Path) -> None:
    with Journal(tmp_path / "a.sqlite") as earlier, Journal(tmp_path / "b.sqlite") as journal:
        slow = ScriptedEngine(says, delay_s=DELAY_S)
        paid = await JournalledEngine(slow, JournalCalls(earlier)).generate("q", Sampling())
        calls = JournalCalls(journal, [earlier])
        engine = JournalledEngine(ScriptedEngine(says, fail_after=0), calls, purpose="eval/x")
        assert await engine.generate("q", Sampling()) == paid
        (then,) = earlier.rows("SELECT seconds, at FROM calls")
        (now,) = journal.rows("SELECT seconds, at, purpose FROM calls")
        assert tuple(now) == (*then, "eval/x")
        assert now["seconds"] >= DELAY_S


def test_overlapping_calls_are_counted_once() -> None:
    assert covered([(0, 2), (1, 3), (10, 11), (10.2, 10.5)]) == 4
    assert covered([]) == 0


def test_a_sharper_vote_is_compared_with_counting_the_same_chains() -> None:
    names = ["base", "round-1"]
    plain = to_compare(names, ["majority", "pvs"])
    sharper = to_compare(names, ["majority", "pvs", "vote-sum^4/last"])
    assert ("round-1", "pvs", "round-1", "majority") in plain
    assert set(sharper) - set(plain) == {("round-1", "vote-sum^4/last", "round-1", "majority")}
