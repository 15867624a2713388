"""Chains are counted once, tokens belong to their problem, early values are replayed rightly."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from chain_cost import Thrift, chains_of, cost_ratio, counted, tokens_by_problem
from hypothesis import given
from hypothesis import strategies as st
from label_error import label_error, replayed, simulations
from search_bench import load_bench, timed_search
from search_thrift import BASELINE, VARIANTS

from meds3.answers.verdict import Verdict
from meds3.chains.chain import Step
from meds3.errors import InputError
from meds3.evolution.config import load_config
from meds3.search.early_stop import decided
from meds3.search.tree import Node, Rollout, Tree

from .invented import bench, engine

ROOT = Path(__file__).parents[2]
RIGHT, WRONG = Verdict.CORRECT, Verdict.WRONG


def rollouts(verdicts: str, tokens: int = 10) -> list[Rollout]:
    """`+` right, `-` wrong; each its own text."""
    return [
        Rollout((Step(2, f"The answer is {i}."),), RIGHT if v == "+" else WRONG, tokens)
        for i, v in enumerate(verdicts)
    ]


def test_a_chain_counts_once_wherever_it_was_found() -> None:
    end = Step(2, "The answer is 0.")
    tree = Tree(
        "p",
        "",
        [
            Node(0, None, Step(0, "Begin."), "root", children=[1, 4]),
            # Right: texts 0 and 2. Text 0 is also a finish, twice.
            Node(1, 0, Step(1, "Think."), "reason", rollouts=rollouts("+-+"), children=[2, 3]),
            Node(2, 1, end, "finish", verdict=RIGHT),
            Node(3, 1, end, "finish", verdict=RIGHT),
            Node(4, 0, Step(1, "The answer is 0."), "finish", verdict=RIGHT),
            Node(5, 0, Step(1, "The answer is 5."), "finish", verdict=WRONG),
        ],
    )
    assert chains_of(tree, kept_rollouts=False) == {"chains": 3, "kept": 2, "finishes": 2}
    assert chains_of(tree, kept_rollouts=True) == {"chains": 3, "kept": 3, "finishes": 2}


async def test_every_token_belongs_to_a_problem() -> None:
    made = bench(5)
    done = await timed_search(made, made.config.search, engine=engine())
    paid = tokens_by_problem(made, made.config.search, done)
    assert list(paid) == [problem.id for problem in made.problems]
    assert sum(paid.values()) == done.tokens
    assert min(paid.values()) > 0
    assert paid == {tree.problem_id: tree.tokens for tree in done.trees}
    alone = bench(1)
    only = await timed_search(alone, alone.config.search, engine=engine())
    assert paid["p0"] == only.tokens
    found = counted(made, made.config.search, done)
    assert found.counts["chains"].sum() > found.counts["finishes"].sum() > 0


async def test_a_call_of_no_problem_is_an_error() -> None:
    made = bench(2)
    done = await timed_search(made, made.config.search, engine=engine())
    with pytest.raises(InputError, match="belongs to no problem"):
        tokens_by_problem(bench(1), made.config.search, done)


def thrift(tokens: list[int], chains: list[int]) -> Thrift:
    return Thrift(np.array(tokens), {"chains": np.array(chains)}, 1.0)


def test_the_ratio_of_costs_and_its_interval() -> None:
    off = thrift([100, 200, 300, 400], [1, 2, 3, 4])  # 100 tokens a chain
    half = thrift([50, 100, 150, 200], [1, 2, 3, 4])  # of every problem: no doubt
    assert cost_ratio(off, off, "chains") == {"ratio": 1, "low": 1, "high": 1}
    assert cost_ratio(half, off, "chains") == {"ratio": 0.5, "low": 0.5, "high": 0.5}
    mixed = cost_ratio(thrift([50, 400, 150, 400], [1, 2, 3, 4]), off, "chains")
    assert mixed["ratio"] == 1
    assert mixed["low"] is not None
    assert mixed["high"] is not None
    assert 0.5 <= mixed["low"] < 1 < mixed["high"] <= 2


def test_no_chain_is_no_ratio() -> None:
    off = thrift([100, 200], [1, 2])
    assert cost_ratio(thrift([100, 200], [0, 0]), off, "chains")["ratio"] is None


def test_replay_by_hand() -> None:
    """Stop once the first right one was seen, looking after every 2."""

    def seen(correct: int, done: int, total: int) -> bool:
        return correct > 0

    stopped = replayed(rollouts("--+---"), seen, wave=2)
    assert (stopped.done, stopped.value) == (4, 1 / 4)
    assert (stopped.total, stopped.full_value) == (6, 1 / 6)
    assert (stopped.tokens, stopped.full_tokens) == (40, 60)
    # The second node stops at once with V 1 instead of 1/2: the gate of 0.9 is passed wrongly.
    # The third never stops; the last wave is cut to what is left.
    nodes = [rollouts("--+---"), rollouts("++--"), rollouts("-----")]
    found = label_error(nodes, seen, 2, 0.9)
    assert found["nodes"] == 3
    assert found["rollouts"] == 15
    assert found["nodes stopped"] == round(2 / 3, 4)
    assert found["rollouts saved"] == found["tokens saved"] == round(4 / 15, 4)
    assert found["mean |dV|"] == round((1 / 12 + 1 / 2 + 0) / 3, 4)
    assert found["max |dV|"] == 0.5
    assert found["hard labels flipped"] == 0
    assert found["gates flipped"] == round(1 / 3, 4)


def test_a_hard_label_that_flips_is_counted() -> None:
    found = label_error([rollouts("---+"), rollouts("++++")], lambda *_: True, 3, 0.9)
    assert (found["hard labels flipped"], found["gates flipped"]) == (0.5, 0)


@given(st.lists(st.text("+-", min_size=1, max_size=20), min_size=1), st.integers(1, 8))
def test_a_rule_that_never_stops_saves_nothing_and_errs_nowhere(drawn: list[str], n: int) -> None:
    found = label_error([rollouts(verdicts) for verdicts in drawn], lambda *_: False, n, 0.9)
    assert found["rollouts"] == sum(map(len, drawn))
    kept = {"nodes", "rollouts"}
    assert all(value == 0 for name, value in found.items() if name not in kept)


def test_no_node_is_no_error_rate() -> None:
    assert set(label_error([], lambda *_: True, 4, 0.9).values()) == {None}


async def test_simulations_are_the_rollouts_of_a_search() -> None:
    made = bench(4)
    done = await timed_search(made, made.config.search, engine=engine())
    found = simulations(done.trees)
    assert {len(node) for node in found} == {3}  # max(6 // (depth + 1), 3) from depth 1 on


def test_the_exact_rule_flips_no_label() -> None:
    draw = random.Random(0)
    nodes = [
        rollouts("".join(draw.choices("+-", weights=(share, 1 - share), k=total)))
        for total in (5, 6, 10)
        for share in (0, 0.05, 0.5, 0.95, 1)
        for _ in range(40)
    ]

    def exact(correct: int, done: int, total: int) -> bool:
        return decided(correct, done, total, "exact", (0.0, 0.9), 0.05)

    found = label_error(nodes, exact, 4, 0.9)
    assert found["rollouts saved"] > 0.1
    assert (found["hard labels flipped"], found["gates flipped"]) == (0, 0)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_a_config_that_differs_from_the_baseline(name: str) -> None:
    path = ROOT / "configs" / "cpu-demo.yaml"
    baseline = load_config(path, BASELINE)
    assert baseline.search.beyond_paper() == []
    other = load_config(path, [*BASELINE, *VARIANTS[name]])
    assert other.search != baseline.search or other.seed != baseline.seed
    assert other.problems == baseline.problems


@pytest.mark.parametrize("count", [0, 10_000])
def test_a_wrong_number_of_problems_is_said(count: int) -> None:
    with pytest.raises(InputError, match=f"--problems {count}"):
        load_bench(ROOT / "configs" / "cpu-demo.yaml", [], count)
