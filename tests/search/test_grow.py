"""Whole trees over a scripted policy: worked by hand, and what holds for every tree."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meds3.answers.verdict import Verdict
from meds3.engines.protocol import Sampling
from meds3.search.config import SearchConfig
from tests.search.worlds import Script, always, config, grown, noisy

# What the policy thinks of next, and the share of its rollouts from there that end right.
THOUGHTS = {"": "ab", "a": "cd", "b": "ef"}
WORTH = {"a": 0.5, "b": 0.25, "c": 0.75, "d": 0.0, "e": 0.25, "f": 0.0}
SMALL = config(
    max_children=2,
    finish_share=0.0,
    rollout_base=4,
    rollout_min=4,
    max_nodes=7,
    correct_finishes=1,
    merge_siblings="none",
)


def worked(order: list[str]) -> Script:
    """A policy by the two tables; writes down from where it was asked for a next step."""

    def script(prompt: str, sampling: Sampling, index: int) -> str:
        at = "".join(word[1] for word in prompt.split() if word.startswith("<"))[-1:]
        if not sampling.stop:
            return f" The answer is {'B' if index < WORTH[at] * sampling.n else 'C'}."
        if index == 0:
            order.append(at)
        return f" <{THOUGHTS[at][index]}>\n\nStep 9:"

    return script


async def test_a_tree_by_hand_with_the_comp_rule() -> None:
    """UCB with c = 2 picks the root, then a (0.5 against 0.25, both seen once), then b.

    a is seen 3 times by then: 0.5 + 2·sqrt(ln 4 / 3) = 1.86 against 0.25 + 2·sqrt(ln 4) = 2.60.
    """
    order: list[str] = []
    tree = await grown(worked(order), SMALL)
    assert order == ["", "a", "b"]
    assert [n.step.text for n in tree.nodes[1:7]] == ["<a>", "<b>", "<c>", "<d>", "<e>", "<f>"]
    assert [n.own_value for n in tree.nodes[1:7]] == [0.5, 0.25, 0.75, 0.0, 0.25, 0.0]
    assert tree.stopped_because == "max_nodes"
    # One finish was missing and is forced from the best open leaf, c; it is right.
    forced = tree.nodes[7]
    assert (forced.parent, forced.kind, forced.verdict) == (3, "finish", Verdict.CORRECT)
    # a: 0.5, with c (0.5 + 0.75) / 2 = 0.625, with d (0.625 + 0.375) / 2 = 0.5, and with the
    # finish, which makes c (0.75 + 1) / 2 = 0.875: (0.5 + (0.875·2 + 0·1) / 3) / 2.
    assert tree.nodes[3].value == pytest.approx(0.875)
    assert tree.nodes[1].value == pytest.approx((0.5 + 1.75 / 3) / 2)
    # b: 0.25, with e (0.25 + 0.25) / 2 = 0.25, with f (0.25 + 0.125) / 2 = 0.1875.
    assert tree.nodes[2].value == pytest.approx(0.1875)
    # The root has no simulation of its own: (V_a·4 + V_b·3) / 7.
    a = (0.5 + 1.75 / 3) / 2
    assert tree.nodes[0].value == pytest.approx((a * 4 + 0.1875 * 3) / 7)
    assert [n.visits for n in tree.nodes] == [7, 4, 3, 2, 1, 1, 1, 1]


async def test_the_same_tree_by_hand_with_the_mean_rule() -> None:
    order: list[str] = []
    tree = await grown(worked(order), SMALL.model_copy(update={"update": "mean"}))
    assert order == ["", "a", "b"]
    # c with its finish (0.75 + 1) / 2; a: (0.5 + 0.875·2 + 0) / 4; b: (0.25 + 0.25 + 0) / 3.
    assert tree.nodes[3].value == pytest.approx(0.875)
    assert tree.nodes[1].value == pytest.approx((0.5 + 0.875 * 2) / 4)
    assert tree.nodes[2].value == pytest.approx(0.5 / 3)
    assert tree.nodes[0].value == pytest.approx((0.5625 * 4 + 0.5 / 3 * 3) / 7)


async def test_two_leaves_at_a_time_by_hand() -> None:
    """The second leaf is chosen as if the first had been seen once more and found worthless."""
    order: list[str] = []
    tree = await grown(worked(order), SMALL.model_copy(update={"leaves_in_flight": 2}))
    assert order == ["", "a", "b"]
    assert [n.parent for n in tree.nodes[1:7]] == [0, 0, 1, 1, 2, 2]


async def test_an_easy_problem_ends_with_one_finish_per_good_node() -> None:
    """Every rollout is right: a node passes the gate and gets exactly one Finish."""

    def script(prompt: str, sampling: Sampling, index: int) -> str:
        return f" Think {index}.\n\nStep 2:" if sampling.stop else " So. The answer is B."

    tree = await grown(script, config(finish_share=0.0, correct_finishes=2, max_children=2))
    reasons = [n for n in tree.nodes if n.kind == "reason"]
    assert [n.step.text for n in reasons] == ["Think 0.", "Think 1."]
    assert all(n.own_value == 1.0 and len(n.rollouts) == 10 for n in reasons)
    assert [(n.parent, n.verdict) for n in tree.finishes()] == [
        (1, Verdict.CORRECT),
        (2, Verdict.CORRECT),
    ]
    assert tree.stopped_because == "enough correct finishes"


async def test_a_reason_that_states_an_answer_is_a_finish() -> None:
    settings_ = config(finish_share=0.0, max_children=1, correct_finishes=1)
    tree = await grown(always(" It is naloxone. The answer is B."), settings_)
    assert [n.kind for n in tree.nodes] == ["root", "finish"]
    assert tree.nodes[1].complete


async def test_the_depth_limit_leaves_only_finishes() -> None:
    def wrong(prompt: str, sampling: Sampling, index: int) -> str:
        return f" Think {index}.\n\nStep 2:" if sampling.stop else " The answer is C."

    tree = await grown(wrong, config(finish_share=0.0, max_depth=2, max_children=2))
    assert {(n.depth, n.kind) for n in tree.nodes} == {(0, "root"), (1, "reason"), (2, "finish")}
    assert tree.stopped_because == "every leaf is complete"


async def test_an_empty_or_cut_off_step_adds_nothing_and_the_search_ends() -> None:
    tree = await grown(always(""), config(finish_share=0.5))
    assert len(tree.nodes) == 1
    assert tree.stopped_because == "every leaf is complete"
    tree = await grown(always(" word" * 50), config(finish_share=0.0, max_step_tokens=8))
    assert len(tree.nodes) == 1


@st.composite
def configs(draw: st.DrawFn) -> SearchConfig:
    """Small searches with every option in every combination."""
    return config(
        max_nodes=draw(st.integers(2, 25)),
        max_depth=draw(st.integers(1, 4)),
        rollout_base=draw(st.integers(1, 8)),
        rollout_min=draw(st.integers(1, 3)),
        update=draw(st.sampled_from(["comp", "mean"])),
        leaves_in_flight=draw(st.integers(1, 3)),
        finish_share=draw(st.sampled_from([0.0, 1 / 3, 1.0])),
        early_stop=draw(st.sampled_from(["none", "exact", "sequential"])),
        early_stop_error=draw(st.sampled_from([0.05, 0.3])),
        rollout_wave=draw(st.integers(1, 4)),
        kept_rollouts=draw(st.booleans()),
        reflect=draw(st.booleans()),
        think=draw(st.booleans()),
        merge_siblings=draw(st.sampled_from(["none", "exact", "near"])),
        budget=draw(st.sampled_from(["even", "uncertain"])),
        give_up_after=draw(st.sampled_from([None, 10])),
    )


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), chosen=configs())
async def test_every_tree_keeps_its_promises(seed: int, chosen: SearchConfig) -> None:
    tree = await grown(noisy, chosen, seed)
    assert tree.stopped_because
    assert [n.id for n in tree.nodes] == list(range(len(tree.nodes)))
    for node in tree.nodes:
        assert 0.0 <= node.value <= 1.0
        below = [n for n in tree.nodes if node in tree.path(n)]
        assert node.visits == sum(bool(n.valued) for n in below)
        assert node.children == [n.id for n in tree.nodes if n.parent == node.id]
        assert (node.kind == "finish") == (node.verdict is not None)
        assert node.step.index == len(tree.path(node)) - 1
        if node.kind == "finish":
            assert node.complete
            assert not node.children
        if node.valued == "rollouts":
            wanted = chosen.rollouts_at(node.depth)
            assert 0 < len(node.rollouts) <= wanted
            assert chosen.early_stop != "none" or len(node.rollouts) == wanted
            assert not node.step.states_answer
            right = sum(r.verdict is Verdict.CORRECT for r in node.rollouts)
            assert node.own_value == right / len(node.rollouts)
    assert await grown(noisy, chosen, seed) == tree
