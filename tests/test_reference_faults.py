"""The faults of the published code, each with what it does there and a test that fails on it.

The list is the one of users who tried to run it; the rooms' own tests go deeper.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from meds3.answers.extract import extract
from meds3.answers.judge import judge
from meds3.answers.verdict import Verdict
from meds3.chains.chain import STEP_ZERO, chain_of
from meds3.engines.protocol import Sampling
from meds3.engines.scripted import ScriptedEngine
from meds3.errors import EngineError
from meds3.learning.config import PrmConfig
from meds3.learning.prm_rows import prm_rows
from meds3.rewards.scripted import ScriptedScorer
from meds3.runs.journal import Journal
from meds3.search.scheduler import search_problems
from meds3.search.store import StoredTrees
from meds3.search.tree import Tree
from meds3.search.valuing import ByScorer
from meds3.selection.candidate import Candidate
from meds3.selection.rules import STRATEGIES, chain_score, select
from tests.search.worlds import Script, always, config, grown, noisy, problem, template


async def searched(tmp_path: Path, script: Script, count: int, **fields: object) -> list[Tree]:
    chosen = config(max_nodes=8, max_depth=4, rollout_base=4, rollout_min=2, **fields)
    problems = [problem(f"p{i}") for i in range(count)]
    with Journal(tmp_path / f"{count}.sqlite") as journal:
        engine = ScriptedEngine(script)
        await search_problems(problems, engine, template(), journal, chosen, round_=1, seed=3)
        return list(StoredTrees(journal, 1, [p.id for p in problems]))


async def test_limits_belong_to_one_tree(tmp_path: Path) -> None:
    """There: one set of limits for all trees, raised as it runs, so later trees grow larger."""
    alone = await searched(tmp_path, noisy, 1)
    among = await searched(tmp_path, noisy, 12)
    assert among[0] == alone[0]
    # The last expansion may end above the limit by its own children, and finishes are forced.
    assert all(len(tree.nodes) < 8 + 3 * 4 + 4 * 4 for tree in among)


async def test_a_finish_between_the_gates_is_not_selected_for_ever() -> None:
    """There: a finish worth 0.7 is neither good enough to count nor bad enough to close."""
    scorer = ScriptedScorer(lambda prompt, step: 0.7)
    chosen = config(max_nodes=20, correct_finishes=9, finish_share=1.0)
    tree = await grown(always(" The answer is C."), chosen, valuing=ByScorer(scorer, "bare "))
    assert tree.stopped_because == "every leaf is complete"


async def test_a_failed_run_is_no_empty_training_set(tmp_path: Path) -> None:
    """There: every exception is swallowed, and the run ends with nothing, in silence."""
    chosen = config(max_nodes=6)
    with Journal(tmp_path / "j.sqlite") as journal:
        with pytest.raises(EngineError, match="as told"):
            await search_problems(
                [problem()],
                ScriptedEngine(noisy, fail_after=2),
                template(),
                journal,
                chosen,
                round_=1,
                seed=0,
            )
        assert list(StoredTrees(journal, 1, ["p"])) == []


async def test_a_step_that_was_never_simulated_is_no_label(tmp_path: Path) -> None:
    """There: the steps on the way to a finish inherit its value and become labels."""

    def script(prompt: str, sampling: Sampling, index: int) -> str:
        if sampling.stop:
            return f" Think {index}.\n\nStep 2:"
        if sampling.n == 1:  # the forced finish
            return " Middle.\n\nStep 9: The answer is B."
        return f" The answer is {'B' if index == 0 else 'C'}."

    chosen = config(finish_share=0.0, max_children=2, max_nodes=3, correct_finishes=2)
    tree = await grown(script, chosen)
    middle = [n for n in tree.nodes if n.step.text == "Middle."]
    assert len(middle) == 2
    assert not any(n.valued or n.rollouts for n in middle)
    rows, _ = prm_rows([tree], [problem()], PrmConfig())
    forced = [row for row in rows if "Middle." in row.steps]
    assert forced
    assert all(row.labels[row.steps.index("Middle.")] is None for row in forced)


@pytest.mark.parametrize(
    ("output", "verdict"),
    [
        ("The answer is Both drugs.", Verdict.UNPARSABLE),
        ("The answer is (B).", Verdict.CORRECT),
        ("The answer is B. naloxone", Verdict.CORRECT),
        ("The answer is C. morphine", Verdict.WRONG),
        ("The answer is Because it binds.", Verdict.UNPARSABLE),
    ],
)
def test_an_answer_is_not_its_first_letter(output: str, verdict: Verdict) -> None:
    """There: "Both drugs" is B, "(B)" is wrong."""
    gold = problem().answer
    assert judge(extract(output, gold), gold).verdict is verdict


async def test_a_prompt_is_rendered_once(tmp_path: Path) -> None:
    """There: the chat template is applied to a prompt that holds it already."""
    prompts: list[str] = []

    def script(prompt: str, sampling: Sampling, index: int) -> str:
        prompts.append(prompt)
        return noisy(prompt, sampling, index)

    await searched(tmp_path, script, 1, worked_example="never")
    assert prompts
    for prompt in prompts:
        assert prompt.count("assistant: ") == prompt.count("user: ") == 1
        assert prompt.count(STEP_ZERO) == 1


@pytest.mark.parametrize("strategy", sorted(STRATEGIES.keys() - {"greedy"}))
def test_an_empty_answer_wins_no_vote(strategy: str) -> None:
    """There: chains without an answer vote for "", and may win."""
    gold = problem().answer
    texts = ["I wonder.", "I wonder.", "I wonder.", "The answer is B."]
    candidates = [
        Candidate(chain_of(text), extract(text, gold), 1, scores=(0.9,)) for text in texts
    ]
    found = select(candidates, strategy)
    assert (found.answer, found.confidence) == ("B", 1.0)
    assert select(candidates[:3], strategy).winner is None


@pytest.mark.parametrize("rule", ["last", "min", "mean", "product"])
def test_a_chain_of_one_step_is_worth_that_step(rule: str) -> None:
    """There: 1.0 under `prod` and NaN under `mean`, for the step itself is left out."""
    text = "The answer is B."
    one = Candidate(chain_of(text), extract(text, problem().answer), 1, scores=(0.4,))
    assert chain_score(one, rule) == 0.4
    assert not math.isnan(chain_score(one, rule))
