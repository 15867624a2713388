"""Trees in and out of the journal."""

from __future__ import annotations

import json
from typing import Any

from meds3.answers.verdict import Verdict
from meds3.chains.chain import Step
from meds3.runs.journal import Journal
from meds3.search.tree import Node, Rollout, Tree


def save_tree(journal: Journal, round_: int, tree: Tree) -> None:
    """Record a finished tree in one transaction."""
    key = {"round": round_, "problem_id": tree.problem_id}
    nodes = [
        {
            **key,
            "id": node.id,
            "parent": node.parent,
            "depth": node.depth,
            "kind": node.kind,
            "text": node.step.text,
            "value": node.value,
            "simulated_value": node.simulated_value,
            "visits": node.visits,
            "simulated": node.simulated,
            "complete": node.complete,
            "verdict": node.verdict,
        }
        for node in tree.nodes
    ]
    rollouts = [
        {
            **key,
            "node_id": node.id,
            "idx": index,
            "steps": json.dumps([step.text for step in rollout.steps], ensure_ascii=False),
            "verdict": rollout.verdict,
            "tokens": rollout.tokens,
        }
        for node in tree.nodes
        for index, rollout in enumerate(node.rollouts)
    ]
    header = {**key, "prompt": tree.prompt, "stopped_because": tree.stopped_because}
    journal.add_tree(header, nodes, rollouts)


def load_trees(journal: Journal, round_: int) -> dict[str, Tree]:
    """The finished trees of a round, by problem id."""
    return {body["problem_id"]: _tree(body) for body in journal.trees(round_)}


def _tree(body: dict[str, Any]) -> Tree:
    nodes = [
        Node(
            id=row["id"],
            parent=row["parent"],
            step=Step(row["depth"], row["text"]),
            kind=row["kind"],
            value=row["value"],
            simulated_value=row["simulated_value"],
            visits=row["visits"],
            simulated=bool(row["simulated"]),
            complete=bool(row["complete"]),
            verdict=Verdict(row["verdict"]) if row["verdict"] else None,
        )
        for row in sorted(body["nodes"], key=lambda row: int(row["id"]))
    ]
    for node in nodes:
        if node.parent is not None:
            nodes[node.parent].children.append(node.id)
    for row in body["rollouts"]:
        node = nodes[row["node_id"]]
        texts = json.loads(row["steps"])
        steps = tuple(Step(node.depth + 1 + i, text) for i, text in enumerate(texts))
        node.rollouts.append(Rollout(steps, Verdict(row["verdict"]), row["tokens"]))
    return Tree(body["problem_id"], body["prompt"], nodes, body["stopped_because"])
