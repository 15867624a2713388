"""What the page shows of a run: its rounds, its problems, the tree of one; also while it grows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from meds3.answers.verdict import Verdict
from meds3.problems.problem import Problem
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal
from meds3.search.store import read_tree
from meds3.search.tree import Node, Tree
from meds3.serving.errors import no_such

_NAME = re.compile(r"[A-Za-z0-9_][\w.-]{0,99}")
_PAGE = 50
_FOUND = """
SELECT t.problem_id, t.stopped_because, t.tokens, p.body,
       (SELECT count(*) FROM nodes n WHERE n.round=t.round AND n.problem_id=t.problem_id) AS nodes,
       (SELECT count(*) FROM nodes n WHERE n.round=t.round AND n.problem_id=t.problem_id
           AND n.verdict='correct') AS right
FROM trees t JOIN problems p ON p.id=t.problem_id
WHERE t.round=? AND (instr(lower(p.body), ?) > 0)
ORDER BY p.rowid LIMIT ? OFFSET ?
"""


def list_runs(folder: Path) -> list[dict[str, Any]]:
    """The training runs in a folder, the newest first."""
    found = []
    for path in folder.glob("*/manifest.json"):
        run = RunDirectory(path.parent)
        manifest = run.read_manifest()
        if manifest["config"].get("kind") is None:  # suites hold answers, no trees
            done = run.results_path.is_file()
            found.append({"name": run.name, "created": manifest["created"], "results": done})
    return sorted(found, key=lambda one: str(one["created"]), reverse=True)


def run_view(folder: Path, name: str) -> dict[str, Any]:
    """The rounds of a run with their accuracy, and which rounds have trees."""
    run = _run(folder, name)
    with Journal(run.journal_path, read_only=True) as journal:
        counts = journal.rows(
            "SELECT round, count(*) AS trees, sum(stopped_because='') AS growing FROM trees "
            "GROUP BY round ORDER BY round"
        )
        stages = [stage["name"] for stage in journal.stages()]
    results = json.loads(run.results_path.read_text("utf-8")) if run.results_path.is_file() else {}
    shown = ("system", "strategy", "n_samples", "n_questions", "accuracy", "low", "high")
    return {
        "name": run.name,
        "searched": [dict(row) for row in counts],
        "stages": stages,
        "rows": [{key: row[key] for key in shown} for row in results.get("rows", [])],
        "gates": [
            {"round": info["number"], **{key: info["gate"][key] for key in ("kept", "reason")}}
            for info in results.get("rounds", [])
            if info.get("gate")
        ],
    }


def find_problems(folder: Path, name: str, round_: int, text: str, start: int) -> dict[str, Any]:
    """Fifty problems of a round whose words hold `text`, from the `start`-th on."""
    run = _run(folder, name)
    with Journal(run.journal_path, read_only=True) as journal:
        rows = journal.rows(_FOUND, round_, text.lower(), _PAGE + 1, start)
    found = []
    for row in rows[:_PAGE]:
        problem = Problem.model_validate_json(row["body"])
        found.append(
            {
                "id": problem.id,
                "dataset": problem.dataset,
                "question": problem.question[:300],
                "nodes": row["nodes"],
                "solved": row["right"] > 0,
                "growing": not row["stopped_because"],
            }
        )
    return {"problems": found, "more": len(rows) > _PAGE}


def tree_view(folder: Path, name: str, round_: int, problem_id: str) -> dict[str, Any]:
    """One tree as it stands, its nodes in the order they grew."""
    run = _run(folder, name)
    with Journal(run.journal_path, read_only=True) as journal:
        rows = journal.rows("SELECT body FROM problems WHERE id=?", problem_id)
        tree = read_tree(journal, round_, problem_id) if rows else None
    if tree is None:
        raise no_such(f"a tree of {problem_id!r} in round {round_} of {name}")
    problem = Problem.model_validate_json(rows[0]["body"])
    return {
        "problem": {
            "id": problem.id,
            "dataset": problem.dataset,
            "question": problem.question,
            "context": problem.context,
            "options": problem.options,
            "gold": str(problem.answer),
        },
        "stopped_because": tree.stopped_because,
        "tokens": tree.tokens,
        "nodes": list(_nodes(tree)),
    }


def _nodes(tree: Tree) -> Iterator[dict[str, Any]]:
    for node in tree.nodes:
        right = sum(rollout.verdict is Verdict.CORRECT for rollout in node.rollouts)
        yield {
            "id": node.id,
            "parent": node.parent,
            "kind": node.kind,
            "depth": node.depth,
            "text": node.step.text,
            "value": round(node.value, 4) if _known(node) else None,
            "visits": node.visits,
            "verdict": node.verdict,
            "rollouts": len(node.rollouts),
            "rollouts_right": right,
        }


def _known(node: Node) -> bool:
    return bool(node.valued) or node.visits > 0


def _run(folder: Path, name: str) -> RunDirectory:
    """The run of that name; names are no paths."""
    if not _NAME.fullmatch(name) or not (folder / name / "manifest.json").is_file():
        raise no_such(f"run {name!r}")
    return RunDirectory(folder / name)
