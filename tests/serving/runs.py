"""A run directory with trees, for the page to show."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from meds3.answers.verdict import Verdict
from meds3.chains.chain import Step
from meds3.problems.asked import asked_problem
from meds3.runs.atomic import write_json
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal
from meds3.search.store import TreeLog
from meds3.search.tree import Node, NodeKind, Rollout, Tree

ROWS = [
    {
        "system": system,
        "strategy": strategy,
        "n_samples": 8,
        "n_questions": 100,
        "accuracy": accuracy,
        "low": accuracy - 0.05,
        "high": accuracy + 0.05,
    }
    for system, strategy, accuracy in (
        ("base", "majority", 0.2),
        ("round-1", "majority", 0.4),
        ("round-1", "pvs", 0.45),
    )
]


def make_run(folder: Path, name: str = "ward-run", *, nodes: int = 2000) -> Path:
    """Two problems: one with a tree of `nodes`, solved; one whose tree still grows."""
    run = RunDirectory(folder / name)
    run.root.mkdir(parents=True)
    run.write_manifest({"created": "2026-11-01T10:00:00+00:00", "config": {"name": name}})
    gate = {"round": 1, "kept": True, "reason": "no harm shown"}
    write_json(run.results_path, {"rows": ROWS, "rounds": [{"number": 1, "gate": gate}]})
    problems = [
        asked_problem(f"Which metal is in question {i} <b>bold</b>?", ["iron", "lead"], id=id_)
        for i, id_ in enumerate(["exam/1 ü", "exam-2"])
    ]
    rows = [problem.model_dump(mode="json") for problem in problems]
    # In a thread of its own: Playwright's has a loop that runs.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _fill(run, rows, nodes)).result()
    return run.root


async def _fill(run: RunDirectory, problems: list[dict[str, Any]], nodes: int) -> None:
    with Journal(run.journal_path) as journal:
        journal.add_problems("seed", problems)
        log = TreeLog(journal, 1)
        for problem, stopped, count in zip(problems, ["max_nodes", ""], [nodes, 3], strict=True):
            tree = _tree(problem["id"], count, stopped)
            await log.keep(tree, tree.nodes, [])


def _tree(problem_id: str, count: int, stopped: str) -> Tree:
    """Three children to a node; the last ones finish, every third of them right."""
    made: list[Node] = []
    for i in range(count):
        parent = None if i == 0 else (i - 1) // 3
        depth = 0 if parent is None else made[parent].depth + 1
        finish = 3 * i + 1 >= count and i > 0
        kind: NodeKind = "root" if i == 0 else "finish" if finish else "reason"
        right = i % 3 == 0
        verdict = (Verdict.CORRECT if right else Verdict.WRONG) if finish else None
        made.append(
            Node(
                id=i,
                parent=parent,
                step=Step(depth, f"The metal is looked at, thought {i}."),
                kind=kind,
                value=(i % 10) / 10,
                own_value=(i % 10) / 10,
                visits=1 + i % 7,
                valued="rule" if finish else "rollouts",
                verdict=verdict,
                rollouts=[]
                if finish or i == 0
                else [Rollout((Step(depth + 1, "The answer is A."),), Verdict.CORRECT, 9)],
            )
        )
    return Tree(problem_id, "prompt", made, stopped, [], 1234)
