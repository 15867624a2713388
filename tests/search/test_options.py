"""The named options, each on a tree small enough to see what it does."""

from __future__ import annotations

import pytest

from meds3.answers.verdict import Verdict
from meds3.engines.protocol import Sampling
from meds3.engines.scripted import ScriptedEngine
from meds3.rewards.scripted import ScriptedScorer
from meds3.search.actions import Actions
from meds3.search.budget import Allowance, node_limit
from meds3.search.config import SearchConfig
from meds3.search.grow import grow
from meds3.search.merge import same_step
from meds3.search.tree import Rollout, seedling
from meds3.search.valuing import ByScorer
from tests.search.worlds import Script, always, config, grown, noisy, problem


def counting(script: Script, asked: list[tuple[str, int]]) -> Script:
    """Writes down how many samples were asked for, and whether as steps or to the end."""

    def counted(prompt: str, sampling: Sampling, index: int) -> str:
        if index == 0:
            asked.append(("step" if sampling.stop else "end", sampling.n))
        return script(prompt, sampling, index)

    return counted


def two_steps(prompt: str, sampling: Sampling, index: int) -> str:
    if sampling.stop:
        return f" Think {index}.\n\nStep 2:"
    return f" On.\n\nStep 3: The answer is {'B' if index == 0 else 'C'}."


async def test_kept_rollouts_end_the_tree_and_their_steps_are_simulated() -> None:
    chosen = config(
        max_children=2, finish_share=0.0, max_nodes=3, correct_finishes=2, kept_rollouts=True
    )
    tree = await grown(two_steps, chosen)
    assert tree.stopped_because == "max_nodes"
    kept = tree.nodes[3:]
    assert [(n.parent, n.kind, n.step.text) for n in kept] == [
        (1, "reason", "On."),
        (3, "finish", "The answer is B."),
        (2, "reason", "On."),
        (5, "finish", "The answer is B."),
    ]
    assert all(n.simulated for n in kept)
    assert len(kept[0].rollouts) == chosen.rollouts_at(2)
    assert "kept_rollouts" in str(chosen.beyond_paper())


async def test_samples_are_whole_chains_without_a_tree() -> None:
    asked: list[tuple[str, int]] = []
    chosen = config(samples=5)
    tree = await grown(counting(two_steps, asked), chosen)
    assert asked == [("end", 5)]
    assert (len(tree.nodes), tree.stopped_because) == (1, "sampled")
    verdicts = [rollout.verdict for rollout in tree.nodes[0].rollouts]
    assert verdicts == [Verdict.CORRECT] + [Verdict.WRONG] * 4
    assert tree.nodes[0].value == 0.2
    assert "samples=5" in str(chosen.beyond_paper())


@pytest.mark.parametrize("samples", [None, 5])
async def test_an_unsolved_problem_gets_chains_written_with_the_answer_shown(
    samples: int | None,
) -> None:
    prompts: list[str] = []

    def never_but_hinted(prompt: str, sampling: Sampling, index: int) -> str:
        prompts.append(prompt)
        answer = "B" if prompt.startswith("hinted ") and index < 2 else "C"
        return f" So it is. The answer is {answer}."

    chosen = config(rationalize=3, max_nodes=4, samples=samples)
    engine = ScriptedEngine(never_but_hinted)
    actions = Actions(engine, problem(), "prompt ", chosen, seed=0, hinted_prompt="hinted ")
    tree = await grow(actions, "prompt ")
    assert [r.verdict for r in tree.rationales] == [Verdict.CORRECT] * 2 + [Verdict.WRONG]
    assert sum(prompt.startswith("hinted ") for prompt in prompts) == 3  # one call, three samples
    assert tree.tokens == actions.tokens  # they are paid for like any
    # And nothing else of the tree knows of them.
    assert Verdict.CORRECT not in tree.verdicts()
    assert all(node.value == 0 for node in tree.nodes)
    assert "rationalize=3" in str(chosen.beyond_paper())


async def test_a_solved_problem_gets_none() -> None:
    tree = await grown(two_steps, config(rationalize=3, samples=5))
    assert Verdict.CORRECT in tree.verdicts()
    assert tree.rationales == []


async def test_a_kept_rollout_is_the_finish_of_a_gate_and_costs_nothing() -> None:
    def right(prompt: str, sampling: Sampling, index: int) -> str:
        return " Think.\n\nStep 2:" if sampling.stop else f" So {index}. The answer is B."

    for kept, ends in ((False, [10, 1]), (True, [10])):
        asked: list[tuple[str, int]] = []
        chosen = config(
            max_children=1, finish_share=0.0, correct_finishes=1, kept_rollouts=kept, max_nodes=9
        )
        tree = await grown(counting(right, asked), chosen)
        assert [n for what, n in asked if what == "end"] == ends
        assert [n.step.text for n in tree.finishes()] == ["So 0. The answer is B."]


async def test_reflect_takes_a_wrong_answer_back_once_an_expansion() -> None:
    def script(prompt: str, sampling: Sampling, index: int) -> str:
        if "let me check" in prompt:
            return " It is naloxone. The answer is B."
        return " Opioids. The answer is C."

    chosen = config(finish_share=1.0, max_children=2, correct_finishes=1, reflect=True)
    tree = await grown(script, chosen.model_copy(update={"merge_siblings": "none"}))
    wrong, again, taken = tree.nodes[1:4]
    assert wrong.verdict is again.verdict is Verdict.WRONG
    assert (taken.kind, taken.parent, taken.valued) == ("reflect", 0, "rollouts")
    assert taken.step.text == "Opioids. A first answer would be C. But let me check that again."
    assert taken.own_value == 1.0
    right = next(n for n in tree.finishes() if n.verdict is Verdict.CORRECT)
    assert right.parent == taken.id
    chain = tree.chain(right)
    assert chain.complete
    # The chain is read as it was verified, though its first answer was another.
    assert Actions(None, problem(), "", chosen, 0).verdict(chain.steps[1:]) is Verdict.CORRECT  # type: ignore[arg-type]
    plain = await grown(script, config(finish_share=1.0, max_children=2))
    assert not [n for n in plain.nodes if n.kind == "reflect"]


@pytest.mark.parametrize(("choice", "kinds"), [(0, {"reason"}), (1, {"finish"})])
async def test_think_lets_the_policy_choose(choice: int, kinds: set[str]) -> None:
    def script(prompt: str, sampling: Sampling, index: int) -> str:
        if sampling.choices:
            assert prompt.endswith("What comes next:")
            return sampling.choices[choice]
        return f" Think {index}.\n\nStep 2:" if sampling.stop else " The answer is C."

    tree = await grown(script, config(think=True, max_nodes=4))
    assert {tree.nodes[i].kind for i in tree.nodes[0].children} == kinds


@pytest.mark.parametrize(
    ("one", "other", "merge", "same"),
    [
        ("Naloxone  blocks it.", "naloxone blocks it.", "exact", True),
        ("Naloxone blocks it.", "Naloxone blocks it.", "none", False),
        ("The drug blocks the receptor.", "So, the drug blocks receptor", "exact", False),
        ("The drug blocks the receptor.", "So, the drug blocks receptor", "near", True),
        (
            "Give 5 mg of the drug at once now.",
            "Give 50 mg of the drug at once now.",
            "near",
            False,
        ),
        (
            "It is safe to give the drug early.",
            "It is not safe to give the drug early.",
            "near",
            False,
        ),
        ("It isn't the one that helps here.", "It is the one that helps here.", "near", False),
        ("So option B fits all of this best.", "So option C fits all of this best.", "near", False),
        ("Aspirin thins the blood.", "Morphine slows the breath.", "near", False),
    ],
)
def test_what_says_the_same(one: str, other: str, merge: str, same: bool) -> None:
    assert same_step(one, other, merge) is same  # type: ignore[arg-type]
    assert same_step(other, one, merge) is same  # type: ignore[arg-type]


async def test_merged_siblings_are_simulated_once() -> None:
    for merge, nodes in (("none", 3), ("exact", 1)):
        asked: list[tuple[str, int]] = []
        script = counting(always(" Think.\n\nStep 2:"), asked)
        chosen = config(finish_share=0.0, max_nodes=2, merge_siblings=merge)
        tree = await grown(script, chosen)
        assert len(tree.nodes) == 1 + nodes
        assert [what for what, _ in asked].count("end") == nodes


@pytest.mark.parametrize(("share", "limit"), [(0.0, 6), (0.5, 30)], ids=["never", "between"])
async def test_the_uncertain_get_the_budget(share: float, limit: int) -> None:
    def script(prompt: str, sampling: Sampling, index: int) -> str:
        if sampling.stop:
            return f" Think {len(prompt)} {index}.\n\nStep 2:"
        return f" So. The answer is {'B' if index < share * sampling.n else 'C'}."

    chosen = config(budget="uncertain", max_nodes=20, finish_share=0.0, correct_finishes=50, c=0.5)
    tree = await grown(script, chosen)
    # An expansion may end above the limit by its own children; forced finishes come after.
    assert limit <= sum(n.kind != "finish" for n in tree.nodes) < limit + chosen.max_children
    even = await grown(script, chosen.model_copy(update={"budget": "even"}))
    assert 20 <= sum(n.kind != "finish" for n in even.nodes) < 23


async def test_a_spent_allowance_ends_trees_as_they_are() -> None:
    allowance = Allowance(limit=60)
    chosen = config(max_nodes=40)
    actions = Actions(ScriptedEngine(noisy), problem(), "prompt ", chosen, 0, allowance=allowance)
    tree = await grow(actions, "prompt ")
    assert tree.stopped_because == "token budget spent"
    assert allowance.spent == actions.tokens == tree.tokens >= 60


async def test_giving_up_is_an_option_with_a_name() -> None:
    def wrong(prompt: str, sampling: Sampling, index: int) -> str:
        return f" Think {index}.\n\nStep 2:" if sampling.stop else " The answer is C."

    tree = await grown(wrong, config(give_up_after=20, finish_share=0.0))
    assert tree.stopped_because == "gave up: nothing correct"
    assert len(tree.nodes) == 4
    assert any("give_up_after" in name for name in SearchConfig(give_up_after=20).beyond_paper())


async def test_a_scorer_stands_in_for_rollouts() -> None:
    asked: list[tuple[str, int]] = []
    scorer = ScriptedScorer(lambda prompt, step: 0.8 if step.text.endswith("0.") else 0.1)

    def script(prompt: str, sampling: Sampling, index: int) -> str:
        return f" Think {index}.\n\nStep 2:" if sampling.stop else " So. The answer is B."

    chosen = config(finish_share=0.0, max_children=2, max_nodes=5, correct_finishes=1)
    tree = await grown(counting(script, asked), chosen, valuing=ByScorer(scorer, "bare "))
    assert [n.own_value for n in tree.nodes[1:3]] == [0.8, 0.1]
    # Scores are no labels: only what was seen is.
    assert not any(n.simulated for n in tree.nodes if n.kind == "reason")
    assert [n.parent for n in tree.nodes[3:5]] == [1, 1]
    # No rollouts; the one completion to the end is the forced finish, judged by the rule.
    assert [pair for pair in asked if pair[0] == "end"] == [("end", 1)]
    assert tree.finishes()[0].valued == "rule"


async def test_a_value_of_07_for_ever_ends_all_the_same() -> None:
    """The reference selects a finish between its two gates again and again."""
    scorer = ScriptedScorer(lambda prompt, step: 0.7)
    for script in (noisy, always(" The answer is C."), always(" Think.\n\nStep 2:")):
        for known in (True, False):
            chosen = config(max_nodes=30, correct_finishes=50)
            actions = Actions(
                ScriptedEngine(script), problem(), "prompt ", chosen, 0, gold_known=known
            )
            tree = await grow(actions, "prompt ", ByScorer(scorer, "bare "))
            assert tree.stopped_because in ("max_nodes", "every leaf is complete")
            finishes = tree.finishes()
            assert all(n.complete and not n.children for n in finishes)
            if not known:
                assert all(n.verdict is None and n.own_value == 0.7 for n in finishes)


def test_the_limit_of_a_tree_by_its_first_simulations() -> None:
    chosen = config(budget="uncertain", budget_probe=4, max_nodes=20)
    for verdicts, limit in (("CCCC", 6), ("WWWW", 6), ("CWWW", 30), ("WWW", 20), ("WWWWCC", 6)):
        tree = seedling("p", "prompt ")
        tree.nodes[0].rollouts = [
            Rollout((), Verdict.CORRECT if v == "C" else Verdict.WRONG, 1) for v in verdicts
        ]
        assert node_limit(tree, chosen) == limit
        assert node_limit(tree, config(max_nodes=20)) == 20
