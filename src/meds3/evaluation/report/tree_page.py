"""One tree as a page: nested, foldable, no script, no network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from meds3 import SAFETY_NOTE
from meds3.answers.verdict import Verdict
from meds3.problems.problem import Problem
from meds3.runs import atomic
from meds3.search.tree import Node, Tree, Valued


@dataclass(frozen=True)
class Branch:
    """A node as it is shown, with the branches below it.

    `value` in [0, 1] after back-propagation; `valued` is where its own value comes
    from; a step without one never becomes a label. `right` of `rollouts` simulations were verified.
    """

    id: int
    kind: str
    text: str
    depth: int
    visits: int
    value: float
    valued: Valued
    verdict: Verdict | None
    right: int
    rollouts: int
    children: list[Branch] = field(default_factory=list)

    def line(self) -> str:
        """Visits, value, simulations and verdict in a few words."""
        parts = [f"N={self.visits}", f"V={self.value:.2f}"]
        if self.rollouts:
            parts.append(f"{self.right}/{self.rollouts} rollouts right")
        elif self.valued == "prm":
            parts.append("scored by the PRM")
        elif not self.valued and self.kind != "root":
            parts.append("never simulated")
        if self.verdict is not None:
            parts.append(self.verdict.value)
        return " · ".join(parts)


def branches(tree: Tree) -> Branch:
    """The tree below its root, as it is shown."""

    def branch(node: Node) -> Branch:
        right = sum(r.verdict is Verdict.CORRECT for r in node.rollouts)
        return Branch(
            id=node.id,
            kind=node.kind,
            text=node.step.text,
            depth=node.depth,
            visits=node.visits,
            value=node.value,
            valued=node.valued,
            verdict=node.verdict,
            right=right,
            rollouts=len(node.rollouts),
            children=[branch(tree.nodes[i]) for i in node.children],
        )

    return branch(tree.nodes[0])


def write_tree_page(path: Path, tree: Tree, problem: Problem, run: str, round_: int) -> None:
    """Write the self-contained page. Raises `StorageError` when it cannot be written."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("meds3.evaluation.report", "."), autoescape=True)
    page = environment.get_template("tree.html.j2").render(
        root=branches(tree),
        tree=tree,
        problem=problem,
        run=run,
        round=round_,
        safety_note=SAFETY_NOTE,
    )
    atomic.write_text(path, page)
