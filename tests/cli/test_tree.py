"""`meds3 tree` over a journal made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from meds3.answers.verdict import Verdict
from meds3.cli.app import app
from meds3.errors import InputError
from meds3.runs.journal import Journal
from meds3.search.store import TreeLog
from tests.learning.trees import PROBLEM, hand_tree, rollout


@pytest.fixture
async def run(tmp_path: Path) -> Path:
    root = tmp_path / "runs" / "hand"
    root.mkdir(parents=True)
    (root / "manifest.json").write_text("{}")
    with Journal(root / "journal.sqlite") as journal:
        journal.add_problems("seed", [PROBLEM.model_dump(mode="json")])
        tree = hand_tree()
        tree.nodes[1].step = type(tree.nodes[1].step)(1, "Good <b>start</b> [red].")
        tree.stopped_because = "max_nodes"
        await TreeLog(journal, 1).keep(tree, tree.nodes, [])
    return root


def meds3(*arguments: object) -> str:
    shown = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    assert shown.exit_code == 0
    return shown.output


def test_show_prints_every_step_with_what_it_was_worth(run: Path) -> None:
    shown = meds3("tree", "show", run, "p1")
    for node in hand_tree().nodes[2:]:
        assert node.step.text in shown
    assert "Good <b>start</b> [red]." in shown  # a step's brackets are no markup
    assert "V=0.90" in shown
    assert shown.count("never simulated") == 1  # node 6
    assert "gold: yes" in shown
    assert "stopped: max_nodes" in shown


async def test_chains_written_with_the_answer_shown_are_told_apart(
    run: Path, tmp_path: Path
) -> None:
    tree = hand_tree()
    tree.rationales = [rollout(Verdict.CORRECT, "So <i>told</i>.", "The answer is yes.", first=1)]
    with Journal(run / "journal.sqlite") as journal:
        await TreeLog(journal, 3).keep(tree, tree.nodes, [])
    shown = " ".join(meds3("tree", "show", run, "p1", "--round", "3").split())
    told = "answer shown, correct: Step 1: So <i>told</i>. Step 2: The answer is yes."
    assert told in shown
    meds3("tree", "show", run, "p1", "--round", "3", "--html", tmp_path / "t.html")
    page = (tmp_path / "t.html").read_text()
    assert "Step 1: So &lt;i&gt;told&lt;/i&gt;." in page


async def test_a_half_grown_tree_is_shown_and_counted(run: Path) -> None:
    with Journal(run / "journal.sqlite") as journal:
        log = TreeLog(journal, 2)
        tree = hand_tree()
        tree.stopped_because = ""
        await log.keep(tree, tree.nodes, [])
        assert "still growing" in meds3("tree", "show", run, "p1", "--round", "2")
        assert "1 still growing  p1" in meds3("tree", "stats", run, "--round", "2")
        await log.fail("p1", "no answer in 6 tries")
        assert "failed p1: no answer" in meds3("tree", "stats", run, "--round", "2")


def test_the_page_is_whole_and_escapes_what_models_write(run: Path, tmp_path: Path) -> None:
    meds3("tree", "show", run, "p1", "--html", tmp_path / "tree.html")
    page = (tmp_path / "tree.html").read_text("utf-8")
    assert "Good &lt;b&gt;start&lt;/b&gt; [red]." in page
    assert page.count('class="node') == len(hand_tree().nodes)
    assert page.count("<details") == page.count("</details>") == 4  # the nodes with children
    assert "not a medical device" in page
    assert "<script" not in page
    assert "://" not in page


def test_stats_count_by_dataset(run: Path) -> None:
    shown = meds3("tree", "stats", run)
    assert "gym" in shown
    assert "stopped: max_nodes  p1" in shown


def test_an_unknown_problem_suggests_the_nearest(run: Path) -> None:
    with pytest.raises(InputError, match="did you mean p1"):
        meds3("tree", "show", run, "p11")


def test_a_round_without_trees_says_so(run: Path) -> None:
    with pytest.raises(InputError, match="round 2 has no tree yet"):
        meds3("tree", "stats", run, "--round", 2)
