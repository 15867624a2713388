"""Trees in the journal: as they were, while they grow, and what failed."""

from __future__ import annotations

from pathlib import Path

from meds3.answers.verdict import Verdict
from meds3.chains.chain import Step
from meds3.engines.scripted import ScriptedEngine
from meds3.runs.journal import Journal
from meds3.search.actions import Actions
from meds3.search.grow import grow
from meds3.search.store import StoredTrees, TreeLog, failures, growing_ids, read_tree
from meds3.search.tree import Node, Rollout, Tree
from tests.search.worlds import config, grown, noisy, problem

SMALL = config(max_nodes=20, rollout_base=4, rollout_min=2, reflect=True, kept_rollouts=True)


async def test_a_tree_comes_back_from_the_journal_as_it_was(tmp_path: Path) -> None:
    tree = await grown(noisy, SMALL)
    tree.rationales = [Rollout((Step(1, "So."), Step(2, "The answer is B.")), Verdict.CORRECT, 7)]
    with Journal(tmp_path / "j.sqlite") as journal:
        await TreeLog(journal, 2).keep(tree, tree.nodes, [])
        assert list(StoredTrees(journal, 2, ["x", "p", "y"])) == [tree]
        assert list(StoredTrees(journal, 1, ["p"])) == []


async def test_every_change_is_in_the_journal_before_the_tree_goes_on(tmp_path: Path) -> None:
    """A reader sees the half-grown tree as it is, after each back-propagation."""
    seen: list[int] = []
    path = tmp_path / "j.sqlite"
    with Journal(path) as journal, Journal(path, read_only=True) as reader:
        log = TreeLog(journal, 1)

        async def keep(tree: Tree, new: list[Node], changed: list[Node]) -> None:
            await log.keep(tree, new, changed)
            assert read_tree(reader, 1, "p") == tree
            assert (growing_ids(reader, 1) == {"p"}) == (tree.stopped_because == "")
            assert len(StoredTrees(reader, 1, ["p"])) == (tree.stopped_because != "")
            seen.append(len(tree.nodes))

        for leaves in (1, 3):
            chosen = SMALL.model_copy(update={"leaves_in_flight": leaves})
            actions = Actions(ScriptedEngine(noisy), problem(), "prompt ", chosen, 5)
            tree = await grow(actions, "prompt ", None, keep)  # type: ignore[arg-type]
            assert read_tree(reader, 1, "p") == tree
    assert len(seen) >= 6


async def test_a_failure_is_recorded_and_taken_back(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        log = TreeLog(journal, 1)
        await log.fail("p", "no answer in 6 tries")
        assert failures(journal, 1) == {"p": "no answer in 6 tries"}
        tree = await grown(noisy, SMALL)
        await log.keep(tree, tree.nodes, [])
        assert failures(journal, 1) == {}
