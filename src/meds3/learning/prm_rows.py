"""From trees to chains with what every step was worth, for the PRM."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from meds3.answers.verdict import Verdict
from meds3.chains.chain import Chain
from meds3.learning.config import PrmConfig
from meds3.learning.labels import step_labels
from meds3.learning.rows import PrmRow, problems_by_id, row_head
from meds3.learning.summary import label_counts, row_counts
from meds3.problems.problem import Problem
from meds3.runs.digest import digest_of
from meds3.search.tree import Node, Tree


def prm_rows(
    trees: Iterable[Tree], problems: Iterable[Problem], config: PrmConfig
) -> tuple[list[PrmRow], dict[str, Any]]:
    """Chains with the value and the label of every step that was simulated, and a summary.

    A chain without a label teaches nothing and is left out. Chains of a problem are taken in
    turn from those that end right and those that do not.
    """
    known = problems_by_id(problems)
    rows = [
        row
        for tree in trees
        for row in _in_turn(list(_tree_rows(tree, known[tree.problem_id], config)), config)
    ]
    if config.max_negatives_ratio is not None:
        rows = _balanced(rows, config.max_negatives_ratio)
    counts = row_counts(rows, [len(row.steps) for row in rows])
    return rows, {**counts, **label_counts([row.labels for row in rows]), "labels": config.labels}


def _tree_rows(tree: Tree, problem: Problem, config: PrmConfig) -> Iterator[PrmRow]:
    """One row per Finish, per open leaf and per kept rollout; the same chain only once."""
    seen: set[str] = set()

    def row(chain: Chain, values: list[float | None], end: str) -> Iterator[PrmRow]:
        labels = step_labels(values, config.labels, config.beta)
        if chain.text in seen or all(label is None for label in labels):
            return
        seen.add(chain.text)
        steps = [step.text for step in chain.steps[1:]]
        yield PrmRow.model_validate(
            row_head(tree, problem)
            | {"steps": steps, "values": values, "labels": labels, "end": end}
        )

    for node in tree.nodes:
        values = [_value(n) for n in tree.path(node)[1:]]
        if node.kind == "finish":
            yield from row(tree.chain(node), values, "finish")
        elif not node.children and not node.rollouts and node.parent is not None:
            yield from row(tree.chain(node), values, "open")
    for node in tree.nodes:
        values = [_value(n) for n in tree.path(node)[1:]]
        for rollout in node.rollouts:
            if not rollout.steps:
                continue
            last = float(rollout.verdict is Verdict.CORRECT) if config.label_rollout_ends else None
            unsimulated = [None] * (len(rollout.steps) - 1)
            chain = Chain((*tree.chain(node).steps, *rollout.steps))
            yield from row(chain, [*values, *unsimulated, last], "rollout")


def _value(node: Node) -> float | None:
    """The value a label may rest on: none for a step that was never simulated itself."""
    if node.kind == "finish":
        return None if node.verdict is None else float(node.verdict is Verdict.CORRECT)
    return node.value if node.simulated else None


def _ends_right(row: PrmRow) -> bool:
    return (row.values[-1] or 0.0) > 0.5


def _in_turn(rows: list[PrmRow], config: PrmConfig) -> list[PrmRow]:
    """A problem's rows: right and wrong chains alternately, each kind in its order.

    What is left over of one kind follows, unless `config.contrast` wants as many of each.
    """
    right = [row for row in rows if _ends_right(row)]
    wrong = [row for row in rows if not _ends_right(row)]
    pairs = list(zip(right, wrong, strict=False))
    both = [row for pair in pairs for row in pair]
    if config.contrast:
        return both if config.per_problem is None else both[: config.per_problem // 2 * 2]
    return (both + right[len(pairs) :] + wrong[len(pairs) :])[: config.per_problem]


def _balanced(rows: list[PrmRow], ratio: float) -> list[PrmRow]:
    """Drop chains that end wrong until negative labels are at most `ratio` times the positive.

    Which ones go is drawn by digest: the same rows on every machine.
    """
    counts = label_counts([row.labels for row in rows])
    negatives, most = counts["negatives"], ratio * counts["positives"]
    dropped: set[int] = set()
    wrong = [i for i, row in enumerate(rows) if not _ends_right(row)]
    for i in sorted(wrong, key=lambda i: digest_of([rows[i].problem_id, rows[i].steps])):
        if negatives <= most:
            break
        negatives -= label_counts([rows[i].labels])["negatives"]
        dropped.add(i)
    return [row for i, row in enumerate(rows) if i not in dropped]
