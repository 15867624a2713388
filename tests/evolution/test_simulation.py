"""The simulator: virtual time, a modelled replica worked by hand, and a real run's search."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from meds3.engines.protocol import Completion, Sampling
from meds3.errors import EngineError, InputError
from meds3.evolution.config import RunConfig
from meds3.evolution.evolve import search_only
from meds3.evolution.simulation.clock import simulated
from meds3.evolution.simulation.curve import Curve, measured, read_curve
from meds3.evolution.simulation.prefixes import Prefixes
from meds3.evolution.simulation.recorded import Recorded
from meds3.evolution.simulation.replica import ModelledEngine, ModelledReplica
from meds3.evolution.simulation.simulate import simulate, workload_of
from meds3.runs.directory import RunDirectory
from tests.evolution.test_stages import Quiet

# A step of one sequence takes 2 s, of two 3 s; a prompt of 10 tokens 1 s.
CURVE = Curve(engine="by hand", step_s=1.0, sequence_s=1.0, prompt_per_s=10.0, block=1, capacity=2)


def answers(prompt_tokens: int, *lengths: int, text: str = "") -> list[Completion]:
    return [Completion(text, length, "stop", prompt_tokens=prompt_tokens) for length in lengths]


def test_waiting_takes_no_time_and_work_does() -> None:
    async def work() -> float:
        await asyncio.gather(asyncio.sleep(3600), asyncio.sleep(7200))
        return 1.0

    began = time.monotonic()
    result, seconds, worked = simulated(work())
    assert time.monotonic() - began < 5
    assert result == 1.0
    assert seconds == pytest.approx(7200 + worked, abs=0.1)


def test_what_never_comes_is_told() -> None:
    async def work() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="never comes"):
        simulated(work())


def test_work_that_only_a_real_driver_has_is_charged() -> None:
    curve = CURVE.model_copy(update={"call_s": 100.0})
    recorded = Recorded()
    recorded.learn("q", Sampling(), answers(10, 5))

    async def work() -> None:
        engine = ModelledEngine(curve, 1, recorded)
        for _ in range(3):
            await engine.generate("q", Sampling())

    _, took, worked = simulated(work())
    assert worked == pytest.approx(300.0, abs=1.0)
    assert took > 300.0


@pytest.mark.parametrize(
    ("lengths", "seconds"),
    [
        ([5], 1.0 + 5 * 2.0),  # the prompt, then five steps of one sequence
        ([5, 5], 1.0 + 5 * 3.0),
        ([2, 5], 1.0 + 2 * 3.0 + 3 * 2.0),  # the second goes on alone
        ([2, 5, 3], 1.0 + 2 * 3.0 + 3 * 3.0),  # the third takes the place of the first
    ],
)
def test_a_replica_by_hand(lengths: list[int], seconds: float) -> None:
    replica = ModelledReplica(CURVE)
    _, took, worked = simulated(replica.run("p", "a question", answers(10, *lengths)))
    assert took == pytest.approx(seconds, abs=worked + 0.05)
    assert replica.busy_s == pytest.approx(took, abs=worked + 0.05)


@pytest.mark.parametrize(
    ("block", "prompts"),
    [
        (1, [10, 5, 10]),  # the second begins with the first and its answer; another problem
        (4, [10, 7, 10]),  # 10 of its 15 tokens are known: two blocks of four
        (0, [10, 15, 10]),
    ],
)
def test_what_is_known_of_a_prompt_is_not_computed_again(block: int, prompts: list[int]) -> None:
    replica = ModelledReplica(CURVE.model_copy(update={"block": block}))

    async def work() -> None:
        await replica.run("p", "12345678", answers(10, 1, text="90"))
        await replica.run("p", "1234567890abcde", answers(15, 1))
        await replica.run("q", "xxxxxxxxxx", answers(10, 1))

    _, took, worked = simulated(work())
    assert took == pytest.approx(sum(prompts) / 10 + 3 * 2.0, abs=worked + 0.05)


def test_copies_of_a_problem_share_what_other_problems_do() -> None:
    known = Prefixes()
    known.add("p#0", "example A", ["..."])
    assert known.known("p#1", "example A") == 0  # stands for another question of its length
    known.add("q#0", "example B", ["..."])
    assert known.known("p#1", "example A") == len("example ")
    assert known.known("p#0", "example A..more") == len("example A..")
    for number in range(200):
        known.add(f"r#{number}", "example C", [])
    assert known.known("p#0", "example A..more") == len("example ")  # forgotten by then


def test_a_curve_is_fitted_to_what_an_engine_does() -> None:
    truth = CURVE.model_copy(update={"step_s": 0.3, "sequence_s": 0.02, "capacity": 64})
    replica = ModelledReplica(truth)

    class Engine:
        name, capacity = "known", 64

        async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
            length = min(8 + sampling.seed % 5, sampling.max_tokens)
            done = answers(2, *[length] * sampling.n)
            await replica.run(str(sampling.seed), f"{sampling.seed} {prompt}", done)
            return done

        async def close(self) -> None: ...

    calls = [(f"question {n}", Sampling(n=n, seed=n, max_tokens=50)) for n in (1, 2, 4)]
    found, _, _ = simulated(measured(Engine(), calls, 1))
    assert (found.block, found.capacity) == (1, 64)
    assert found.prompt_per_s == pytest.approx(10.0, rel=0.1)
    assert found.step_s == pytest.approx(0.3, rel=0.1)
    assert found.sequence_s == pytest.approx(0.02, rel=0.1)


def test_copies_are_answered_in_turn() -> None:
    recorded = Recorded()
    first, second = [Completion("a", 1, "stop")], [Completion("b", 1, "stop")]
    recorded.learn("q", Sampling(seed=1), first)
    recorded.learn("q", Sampling(seed=2), second)
    told = [recorded.again(copy, "q", Sampling(seed=99))[0].text for copy in ("p#1", "p#1", "p#2")]
    assert told == ["a", "b", "a"]
    assert recorded.again("p#3", "another", Sampling())[0].text == "a"  # of the same kind
    assert (recorded.strayed, recorded.answered) == (1, 4)
    with pytest.raises(EngineError, match="never asked"):
        recorded.again("p#1", "q", Sampling(temperature=0))


def test_a_file_that_is_no_curve_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--measure"):
        read_curve(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text('{"engine": "x", "step_s": -1}')
    with pytest.raises(InputError, match="step_s"):
        read_curve(tmp_path / "bad.json")


@pytest.mark.model
def test_a_search_is_simulated_with_the_trees_it_had(tmp_path: Path) -> None:
    config = RunConfig.model_validate(
        {
            "name": "searched",
            "runs_dir": tmp_path,
            "problems": {"sources": [{"kind": "gym", "seeds": 12, "heldout": 6}]},
            "engine": {"kind": "scripted"},
            "search": {"max_nodes": 4, "rollout_base": 2, "rollout_min": 2},
        }
    )
    stats = asyncio.run(search_only(config, Quiet()))
    workload = workload_of(RunDirectory(config.run_path))
    curve = Curve(engine="x", step_s=0.02, sequence_s=0.001, prompt_per_s=1e4, block=16, capacity=8)
    one = simulate(workload, curve, replicas=1)
    assert one.problems == stats.trees == 12
    assert one.tokens == stats.tokens
    many = simulate(workload, curve, replicas=1, problems=48)
    assert many.tokens == pytest.approx(4 * one.tokens, rel=0.2)
    spread = simulate(workload, curve, replicas=4, problems=48)
    assert spread.tokens == pytest.approx(many.tokens, rel=0.2)
    assert spread.seconds < many.seconds / 2
    assert 0 < spread.engine_busy <= 1


def test_nothing_searched_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        workload_of(RunDirectory.existing(tmp_path / "nowhere"))
