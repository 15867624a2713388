"""Trees in and out of the journal, also while they grow."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence

from meds3.answers.verdict import Verdict
from meds3.chains.chain import Step
from meds3.runs.group_commit import Statement
from meds3.runs.journal import Journal
from meds3.search.tree import Node, Rollout, Tree

_TREE = "INSERT OR REPLACE INTO trees VALUES (?,?,?,?,?,?)"
_NODE = "INSERT OR REPLACE INTO nodes VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
_CHANGE = "UPDATE nodes SET value=?, visits=?, complete=? WHERE round=? AND problem_id=? AND id=?"
_FORGET = "DELETE FROM {} WHERE round=? AND problem_id=?"


class TreeLog:
    """Writes the trees of a round. A tree whose `stopped_because` is empty still grows."""

    def __init__(self, journal: Journal, round_: int) -> None:
        self._journal = journal
        self._round = round_

    async def keep(self, tree: Tree, new: Sequence[Node], changed: Sequence[Node]) -> None:
        """Record new nodes with their rollouts, and the values of those that changed.

        A tree that is first kept forgets what an earlier, killed process knew of it: it is grown
        again from the calls.
        """
        key = (self._round, tree.problem_id)
        rationales = _packed(tree.rationales)
        header = (*key, tree.prompt, tree.stopped_because, tree.tokens, rationales)
        statements: list[Statement] = [
            (_TREE, [header]),
            (_NODE, [self._row(key, node) for node in new]),
            (
                _CHANGE,
                [(node.value, node.visits, node.complete, *key, node.id) for node in changed],
            ),
        ]
        if len(new) == len(tree.nodes):
            statements.insert(0, (_FORGET.format("nodes"), [key]))
        if tree.stopped_because:
            statements.append((_FORGET.format("failures"), [key]))
        await self._journal.write(*statements)

    async def fail(self, problem_id: str, error: str) -> None:
        """Record that a problem failed for good; a tree that is finished later takes it back."""
        row = (self._round, problem_id, error, time.time())
        await self._journal.write(("INSERT OR REPLACE INTO failures VALUES (?,?,?,?)", [row]))

    def _row(self, key: tuple[int, str], node: Node) -> tuple[object, ...]:
        return (
            *key,
            node.id,
            node.parent,
            node.depth,
            node.kind,
            node.step.text,
            node.value,
            node.own_value,
            node.visits,
            node.valued,
            node.complete,
            node.verdict,
            _packed(node.rollouts) if node.rollouts else "[]",
        )


class StoredTrees(Collection[Tree]):
    """The finished trees of a round in the order of `ids`, read one at a time, as often as asked.

    Problems without a finished tree are passed over.
    """

    def __init__(self, journal: Journal, round_: int, ids: Sequence[str]) -> None:
        self._journal = journal
        self._round = round_
        done = finished_ids(journal, round_)
        self._ids = [id_ for id_ in ids if id_ in done]

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, tree: object) -> bool:
        return isinstance(tree, Tree) and tree.problem_id in self._ids

    def __iter__(self) -> Iterator[Tree]:
        for id_ in self._ids:
            if (tree := read_tree(self._journal, self._round, id_)) is not None:
                yield tree


def finished_ids(journal: Journal, round_: int) -> set[str]:
    """The problems whose tree is finished."""
    query = "SELECT problem_id FROM trees WHERE round=? AND stopped_because != ''"
    return {row["problem_id"] for row in journal.rows(query, round_)}


def growing_ids(journal: Journal, round_: int) -> set[str]:
    """The problems whose tree is half-grown."""
    query = "SELECT problem_id FROM trees WHERE round=? AND stopped_because = ''"
    return {row["problem_id"] for row in journal.rows(query, round_)}


def failures(journal: Journal, round_: int) -> dict[str, str]:
    """The problems that failed for good, each with its error."""
    query = "SELECT problem_id, error FROM failures WHERE round=? ORDER BY at"
    return {row["problem_id"]: row["error"] for row in journal.rows(query, round_)}


def read_tree(journal: Journal, round_: int, problem_id: str) -> Tree | None:
    """One tree as it stands, finished or half-grown; None when nothing is known of it."""
    where = "WHERE round=? AND problem_id=?"
    header = journal.rows(f"SELECT * FROM trees {where}", round_, problem_id)  # noqa: S608 (no input)
    if not header:
        return None
    rows = journal.rows(f"SELECT * FROM nodes {where} ORDER BY id", round_, problem_id)  # noqa: S608 (no input)
    nodes = [_node(row) for row in rows]
    for node in nodes:
        if node.parent is not None:
            nodes[node.parent].children.append(node.id)
    found = header[0]
    return Tree(
        problem_id,
        found["prompt"],
        nodes,
        found["stopped_because"],
        _unpacked(found["rationales"], first_depth=1),
        found["tokens"],
    )


def _node(row: sqlite3.Row) -> Node:
    return Node(
        id=row["id"],
        parent=row["parent"],
        step=Step(row["depth"], row["text"]),
        kind=row["kind"],
        value=row["value"],
        own_value=row["own_value"],
        visits=row["visits"],
        valued=row["valued"],
        complete=bool(row["complete"]),
        verdict=Verdict(row["verdict"]) if row["verdict"] else None,
        rollouts=_unpacked(row["rollouts"], row["depth"] + 1),
    )


def _packed(rollouts: Sequence[Rollout]) -> str:
    """JSON: per rollout the texts of its steps, its verdict and its tokens."""
    return json.dumps(
        [[[step.text for step in r.steps], r.verdict.value, r.tokens] for r in rollouts],
        ensure_ascii=False,
    )


def _unpacked(text: str, first_depth: int) -> list[Rollout]:
    return [
        Rollout(
            tuple(Step(first_depth + i, text) for i, text in enumerate(texts)),
            Verdict(verdict),
            tokens,
        )
        for texts, verdict, tokens in json.loads(text)
    ]
