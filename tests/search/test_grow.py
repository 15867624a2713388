"""Whole trees over a scripted engine: golden shapes, properties, the reference's faults."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meds3.answers.kinds import Choice
from meds3.answers.verdict import Verdict
from meds3.chains.template import ChatTemplate
from meds3.engines.protocol import Sampling
from meds3.engines.scripted import ScriptedEngine
from meds3.errors import EngineError
from meds3.problems.problem import Domain, Problem
from meds3.runs.journal import Journal
from meds3.search.actions import Actions
from meds3.search.config import SearchConfig
from meds3.search.grow import grow
from meds3.search.scheduler import search_problems
from meds3.search.store import load_trees, save_tree
from meds3.search.tree import Tree

OPTIONS = {"A": "aspirin", "B": "naloxone", "C": "morphine"}
Script = Callable[[str, Sampling, int], str]


def problem(id_: str = "p") -> Problem:
    return Problem(
        id=id_,
        dataset="test",
        domain=Domain.KNOWLEDGE_QA,
        question=f"Which drug reverses opioids? ({id_})",
        options=OPTIONS,
        answer=Choice(letter="B", options=OPTIONS),
    )


def template() -> ChatTemplate:
    source = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant: "
    return ChatTemplate(source, end_of_turn="<end>")


async def grown(script: Script, config: SearchConfig, seed: int = 0) -> Tree:
    actions = Actions(ScriptedEngine(script), problem(), "prompt ", config, seed)
    return await grow(actions, "prompt ")


def always(text: str) -> Script:
    return lambda prompt, sampling, index: text


def noisy(prompt: str, sampling: Sampling, index: int) -> str:
    """A policy that sometimes reasons on, sometimes answers right, wrong or not at all."""
    draw = random.Random(f"{sampling.seed}:{index}")
    if sampling.stop:
        return f" Thought {draw.randrange(4)}.{sampling.stop[0]} 9:"
    steps = [f" Idea {draw.randrange(3)}." for _ in range(draw.randrange(3))]
    end = draw.choice([" The answer is B.", " The answer is C.", " I wonder.", ""])
    return "\n\nStep 7:".join([*steps, end])


async def test_an_easy_problem_ends_with_one_finish_per_good_node() -> None:
    """Every rollout is right: the first node passes the gate and gets exactly one Finish."""

    def script(prompt: str, sampling: Sampling, index: int) -> str:
        return f" Think {index}.\n\nStep 2:" if sampling.stop else " So. The answer is B."

    config = SearchConfig(finish_share=0.0, correct_finishes=2, max_children=2)
    tree = await grown(script, config)
    reasons = [n for n in tree.nodes if n.kind == "reason"]
    assert [n.step.text for n in reasons] == ["Think 0.", "Think 1."]
    assert all(n.simulated_value == 1.0 and len(n.rollouts) == 10 for n in reasons)
    assert [(n.parent, n.verdict) for n in tree.finishes()] == [
        (1, Verdict.CORRECT),
        (2, Verdict.CORRECT),
    ]
    assert tree.stopped_because == "enough correct finishes"


async def test_a_reason_that_states_an_answer_is_a_finish() -> None:
    config = SearchConfig(finish_share=0.0, max_children=1, correct_finishes=1)
    tree = await grown(always(" It is naloxone. The answer is B."), config)
    assert [n.kind for n in tree.nodes] == ["root", "finish"]
    assert tree.nodes[1].complete


async def test_intermediate_steps_of_a_finish_are_simulated() -> None:
    """The reference lets them inherit a value; here each gets its own rollouts."""

    def script(prompt: str, sampling: Sampling, index: int) -> str:
        if prompt.endswith("Step 1:"):
            return " First.\n\nStep 2: Second.\n\nStep 3: The answer is B."
        return " The answer is C."

    config = SearchConfig(finish_share=1.0, max_children=1, max_nodes=4)
    tree = await grown(script, config)
    middle = tree.nodes[1:3]
    assert [n.step.text for n in middle] == ["First.", "Second."]
    # Rollouts by depth: max(20 // 2, 5) = 10, max(20 // 3, 5) = 6.
    assert [len(n.rollouts) for n in middle] == [10, 6]
    assert [n.simulated_value for n in middle] == [0.0, 0.0]
    assert tree.nodes[3].verdict is Verdict.CORRECT


async def test_forced_finishes_leave_unsimulated_steps_without_a_value_of_their_own() -> None:
    def script(prompt: str, sampling: Sampling, index: int) -> str:
        if sampling.stop:
            return f" Think {index}.\n\nStep 2:"
        if sampling.n == 1:  # the forced finish
            return " Middle.\n\nStep 9: The answer is B."
        return " The answer is B." if index == 0 else " The answer is C."

    config = SearchConfig(finish_share=0.0, max_children=2, max_nodes=3, correct_finishes=2)
    tree = await grown(script, config)
    assert tree.stopped_because == "max_nodes"
    forced = [n for n in tree.nodes if n.step.text == "Middle."]
    assert len(forced) == 2
    assert not any(n.simulated or n.rollouts for n in forced)
    assert sum(n.verdict is Verdict.CORRECT for n in tree.finishes()) == 2


async def test_an_empty_or_cut_off_step_adds_nothing_and_the_search_ends() -> None:
    tree = await grown(always(""), SearchConfig(finish_share=0.5))
    assert len(tree.nodes) == 1
    assert tree.stopped_because == "every leaf is complete"
    config = SearchConfig(finish_share=0.0, max_step_tokens=8)
    tree = await grown(always(" word" * 50), config)
    assert len(tree.nodes) == 1


async def test_giving_up_is_an_option_with_a_name() -> None:
    def wrong(prompt: str, sampling: Sampling, index: int) -> str:
        return f" Think {index}.\n\nStep 2:" if sampling.stop else " The answer is C."

    tree = await grown(wrong, SearchConfig(give_up_after=20, finish_share=0.0))
    assert tree.stopped_because == "gave up: nothing correct"
    assert len(tree.nodes) == 4
    assert any("give_up_after" in name for name in SearchConfig(give_up_after=20).beyond_paper())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000),
    update=st.sampled_from(["comp", "mean"]),
    leaves=st.integers(1, 3),
    share=st.sampled_from([0.0, 1 / 3, 1.0]),
)
async def test_every_tree_keeps_its_promises(
    seed: int, update: str, leaves: int, share: float
) -> None:
    config = SearchConfig.model_validate(
        {
            "max_nodes": 25,
            "max_depth": 4,
            "rollout_base": 6,
            "rollout_min": 2,
            "update": update,
            "leaves_in_flight": leaves,
            "finish_share": share,
        }
    )
    tree = await grown(noisy, config, seed)
    assert tree.stopped_because
    for node in tree.nodes:
        assert 0.0 <= node.value <= 1.0
        below = [n for n in tree.nodes if node in tree.path(n)]
        assert node.visits == sum(n.simulated for n in below)
        assert (node.kind == "finish") == (node.verdict is not None)
        if node.kind == "reason" and node.simulated:
            assert len(node.rollouts) == config.rollouts_at(node.depth)
            assert not node.step.states_answer
    again = await grown(noisy, config, seed)
    assert again == tree


async def test_limits_belong_to_one_tree_and_flight_changes_nothing(tmp_path: Path) -> None:
    """The reference shares its limits between trees and lets them grow as it runs."""
    problems = [problem(f"p{i}") for i in range(8)]
    found = []
    for flight in (1, 3, 8):
        config = SearchConfig(
            max_nodes=12, max_depth=4, rollout_base=4, rollout_min=2, trees_in_flight=flight
        )
        with Journal(tmp_path / f"{flight}.sqlite") as journal:
            trees = await search_problems(
                problems, ScriptedEngine(noisy), template(), journal, config, round_=1, seed=3
            )
        found.append(trees)
    assert found[0] == found[1] == found[2]
    # One expansion may end above the limit by its own children, never by those of other trees.
    assert all(len(tree.nodes) < 12 + 3 * 4 for tree in found[0])


async def test_an_engine_failure_is_raised_and_what_was_finished_is_kept(tmp_path: Path) -> None:
    """The reference swallows it, and a failed run ends as an empty training set."""
    problems = [problem(f"p{i}") for i in range(6)]
    config = SearchConfig(max_nodes=6, rollout_base=4, rollout_min=2, trees_in_flight=1)
    with Journal(tmp_path / "j.sqlite") as journal:
        with pytest.raises(EngineError, match="as told"):
            await search_problems(
                problems,
                ScriptedEngine(noisy, fail_after=25),
                template(),
                journal,
                config,
                round_=1,
                seed=0,
            )
        kept = load_trees(journal, 1)
        assert 0 < len(kept) < 6
        healthy = ScriptedEngine(noisy)
        trees = await search_problems(
            problems, healthy, template(), journal, config, round_=1, seed=0
        )
    assert [t.problem_id for t in trees] == [p.id for p in problems]
    assert all(kept[t.problem_id] == t for t in trees if t.problem_id in kept)


async def test_a_tree_comes_back_from_the_journal_as_it_was(tmp_path: Path) -> None:
    tree = await grown(noisy, SearchConfig(max_nodes=20, rollout_base=4, rollout_min=2))
    with Journal(tmp_path / "j.sqlite") as journal:
        save_tree(journal, 2, tree)
        assert load_trees(journal, 2) == {"p": tree}
        assert load_trees(journal, 1) == {}
