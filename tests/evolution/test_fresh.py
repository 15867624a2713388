"""A new policy's own chains for its PRM: contrasted, paid once, of all seeds so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import pytest
from pydantic import ValidationError

from meds3.answers.verdict import Verdict
from meds3.chains.chain import Step
from meds3.engines.protocol import Sampling
from meds3.engines.scripted import ScriptedEngine
from meds3.errors import EngineError, InputError
from meds3.evolution.fresh import fresh_prm_rows
from meds3.evolution.plan import plan
from meds3.evolution.state import Evolution
from meds3.learning.config import FreshConfig
from meds3.learning.rows import PrmRow, read_rows
from meds3.problems.load import ProblemSplit
from meds3.problems.problem import Problem
from meds3.search.tree import Rollout, seedling
from tests.evolution.small_run import HELDOUT, POLICY, SEEDS, config, with_state

PRM = {"prm": {"contrast": True, "per_problem": 4}}
LATER = ProblemSplit(SEEDS, HELDOUT, rounds={SEEDS[2].id: (2,), SEEDS[3].id: (3,)})


def says(prompt: str, sampling: Sampling, index: int) -> str:
    """Two of three chains are right; all are different."""
    label = "no" if index % 3 == 2 else "yes"
    return f" Thought {index}.\n\nStep 2: The answer is {label}."


def fresh(config: FreshConfig, number: int = 1) -> Callable[[Evolution], Awaitable[list[PrmRow]]]:
    async def work(state: Evolution) -> list[PrmRow]:
        old = seedling(SEEDS[0].id, "old prompt")
        for label, verdict in (("yes", Verdict.CORRECT), ("no", Verdict.WRONG)):
            step = Step(1, f"An old thought. The answer is {label}.")
            old.nodes[0].rollouts.append(Rollout((step,), verdict, 9))
        state.run.round(number).mkdir(exist_ok=True)
        count = await fresh_prm_rows(state, number, config, POLICY, [old])
        rows = read_rows(state.run.round(number) / "prm.jsonl", PrmRow)
        assert len(rows) == count
        stage = state.journal.stage(f"round-{number}/fresh")
        assert stage is not None
        assert stage["detail"]["generated_tokens"] > 0
        return rows

    return work


async def test_as_many_right_as_wrong_chains_of_the_new_policy(tmp_path: Path) -> None:
    engine = ScriptedEngine(says)
    work = fresh(FreshConfig(chains=6))
    rows, _ = await with_state(tmp_path, engine, work, fields=PRM)
    assert engine.calls == len(SEEDS)
    assert Counter(row.problem_id for row in rows) == {p.id: 4 for p in SEEDS}
    assert [row.labels for row in rows] == [[None, 1.0], [None, 0.0]] * 8  # the end alone is known
    assert all("old" not in row.steps[0] for row in rows)
    assert all(row.prompt.endswith("assistant: ") for row in rows)


@pytest.mark.parametrize("said", ["yes", "no"])  # all are right, all are wrong
async def test_a_seed_on_which_all_chains_agree_gets_one_of_the_other_side(
    tmp_path: Path, said: str
) -> None:
    engine = ScriptedEngine(lambda *asked: f" The answer is {said}.")
    fields = PRM | {"sft": {"reasons": "drop"}}
    work = fresh(FreshConfig(chains=6, both_sides=True))
    rows, _ = await with_state(tmp_path, engine, work, fields=fields)
    assert [(row.problem_id, row.labels) for row in rows] == [
        (problem.id, [label]) for problem in SEEDS for label in (1.0, 0.0)
    ]
    for right, wrong in zip(rows[::2], rows[1::2], strict=True):
        assert right.steps == ["The answer is yes."]
        assert wrong.steps[0] in {"The answer is no.", "The answer is maybe."}


async def test_a_seed_with_right_and_wrong_chains_gets_no_other(tmp_path: Path) -> None:
    fields = PRM | {"sft": {"reasons": "drop"}}
    found = []
    for both_sides in (False, True):
        work = fresh(FreshConfig(chains=6, both_sides=both_sides))
        folder = tmp_path / str(both_sides)
        folder.mkdir()
        found.append((await with_state(folder, ScriptedEngine(says), work, fields=fields))[0])
    assert found[0] == found[1]


@pytest.mark.parametrize("reasons", ["keep", "both"])
def test_both_sides_must_look_like_those_of_the_policy(tmp_path: Path, reasons: str) -> None:
    fields = {"fresh": {"both_sides": True}, "sft": {"reasons": reasons}}
    with pytest.raises(ValidationError, match=rf"reasons drop or option, not {reasons}"):
        config(tmp_path, fields)


async def test_the_trees_may_be_learned_from_as_well(tmp_path: Path) -> None:
    work = fresh(FreshConfig(chains=6, trees=True))
    rows, _ = await with_state(tmp_path, ScriptedEngine(says), work, fields=PRM)
    assert [row.steps[0] for row in rows if row.prompt == "old prompt"] == [
        "An old thought. The answer is yes.",
        "An old thought. The answer is no.",
    ]


@pytest.mark.parametrize(("number", "seeds"), [(1, 2), (2, 3), (3, 4)])
async def test_seeds_of_earlier_rounds_are_asked_again(
    tmp_path: Path, number: int, seeds: int
) -> None:
    engine = ScriptedEngine(says)
    work = fresh(FreshConfig(chains=6), number)
    rows, _ = await with_state(tmp_path, engine, work, problems=LATER, fields=PRM)
    assert {row.problem_id for row in rows} == {p.id for p in SEEDS[:seeds]}
    assert engine.calls == seeds


@pytest.mark.parametrize(
    ("which", "number", "waiting"),
    [
        ("later", 1, SEEDS[2:]),
        ("later", 2, SEEDS[3:]),
        ("next", 1, SEEDS[2:3]),
        ("next", 2, SEEDS[3:]),
    ],
)
async def test_seeds_that_wait_for_a_later_round_are_new_to_the_policy(
    tmp_path: Path, which: Literal["later", "next"], number: int, waiting: list[Problem]
) -> None:
    engine = ScriptedEngine(says)
    work = fresh(FreshConfig(chains=6, seeds=which), number)
    rows, _ = await with_state(tmp_path, engine, work, problems=LATER, fields=PRM)
    assert {row.problem_id for row in rows} == {p.id for p in waiting}
    assert engine.calls == len(waiting)


@pytest.mark.parametrize(
    ("settings", "counts"),
    [
        (None, [2, 3, 4]),
        ({"seeds": "learned"}, [2, 3, 4]),
        ({"seeds": "later"}, [4, 4, 4]),
        ({"seeds": "next"}, [3, 4, 4]),
    ],
)
async def test_baselines_learn_from_the_seeds_that_the_rounds_so_far_have_taught(
    tmp_path: Path, settings: dict[str, str] | None, counts: list[int]
) -> None:
    async def work(state: Evolution) -> list[int]:
        return [len(state.learned_from(number)) for number in (1, 2, 3)]

    idle, fields = ScriptedEngine(says), {"fresh": settings}
    found, _ = await with_state(tmp_path, idle, work, problems=LATER, fields=fields)
    assert found == counts


@pytest.mark.parametrize("which", ["later", "next"])
async def test_a_last_round_without_later_seeds_is_told_how_to_get_them(
    tmp_path: Path, which: Literal["later", "next"]
) -> None:
    work = fresh(FreshConfig(chains=6, seeds=which), 3)
    with pytest.raises(InputError, match=f"seeds is {which}, but no seed waits for") as error:
        await with_state(tmp_path, ScriptedEngine(says), work, problems=LATER, fields=PRM)
    assert "rounds: [4]" in str(error.value)


async def test_what_was_written_before_a_kill_is_not_paid_again(tmp_path: Path) -> None:
    work = fresh(FreshConfig(chains=6))
    with pytest.raises(EngineError, match="as told"):
        await with_state(tmp_path, ScriptedEngine(says, fail_after=3), work, fields=PRM)
    again, idle = ScriptedEngine(says), ScriptedEngine(says)
    rows, _ = await with_state(tmp_path, again, work, fields=PRM)
    assert again.calls == len(SEEDS) - 3
    same, quiet = await with_state(tmp_path, idle, work, fields=PRM)
    assert (idle.calls, same) == (0, rows)
    assert quiet.said == [("round-1/fresh", "already done")]


async def test_chains_that_teach_nothing_are_told(tmp_path: Path) -> None:
    right = ScriptedEngine(lambda *asked: " The answer is yes.")
    with pytest.raises(InputError, match="no chain of round-1 teaches its PRM") as error:
        await with_state(tmp_path, right, fresh(FreshConfig(chains=6)), fields=PRM)
    assert "fresh.trees" in str(error.value)
    assert not (tmp_path / "small" / "round-1" / "prm.jsonl").exists()


def test_the_plan_and_the_report_tell_of_it(tmp_path: Path) -> None:
    settings = config(tmp_path, {"fresh": {"chains": 5}})
    stage = next(s for s in plan(settings).stages if s.name == "round-1/fresh")
    assert stage.calls == 5  # seeds
    assert any("policy just trained" in one for one in settings.beyond_paper())
    now, later = ({"kind": "gym", "level": [n], "seeds": 5 - n} for n in (1, 2))
    sources = [now, later | {"rounds": [2]}]
    last = {"kind": "gym", "level": [3], "seeds": 2, "rounds": [3]}
    for which, count in (("learned", 4), ("later", 3 + 2), ("next", 3)):
        fields = {"fresh": {"seeds": which}, "problems": {"sources": [*sources, last]}}
        stages = plan(config(tmp_path, fields)).stages
        assert next(s for s in stages if s.name == "round-1/fresh").calls == count
    without = config(tmp_path)
    assert all(s.name != "round-1/fresh" for s in plan(without).stages)
    assert not any("policy just trained" in one for one in without.beyond_paper())
