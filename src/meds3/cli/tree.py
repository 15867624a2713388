"""`meds3 tree`: look into the search of a run, also while it runs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from meds3.cli.common import RunPath, console
from meds3.errors import InputError

if TYPE_CHECKING:
    from rich.tree import Tree as RichTree

    from meds3.evaluation.report.tree_page import Branch
    from meds3.problems.problem import Problem
    from meds3.runs.directory import RunDirectory
    from meds3.runs.journal import Journal
    from meds3.search.tree import Tree

app = typer.Typer(help="Show the trees that a run has searched.", no_args_is_help=True)

Round = Annotated[int, typer.Option("--round", min=1, help="Which round's search.")]


@contextmanager
def _journal(run: Path) -> Iterator[tuple[RunDirectory, Journal, dict[str, Problem]]]:
    """The run, its journal opened for reading, and its seed problems by id."""
    from meds3.problems.problem import Problem
    from meds3.runs.directory import RunDirectory
    from meds3.runs.journal import Journal

    directory = RunDirectory.existing(run)
    with Journal(directory.journal_path, read_only=True) as journal:
        seeds = {p["id"]: Problem.model_validate(p) for p in journal.problems("seed")}
        yield directory, journal, seeds


@app.command()
def show(
    run: RunPath,
    problem: Annotated[str, typer.Argument(help="A problem's id; `tree stats` shows some.")],
    round_: Round = 1,
    html: Annotated[
        Path | None, typer.Option(help="Write a self-contained page instead of printing.")
    ] = None,
) -> None:
    """Print one tree with visits, values and verdicts, also while it grows.

    Example: `meds3 tree show runs/cpu-demo gym-dose-1-train-3 --html tree.html`
    """
    from meds3.evaluation.report.tree_page import branches, write_tree_page
    from meds3.search.store import read_tree

    with _journal(run) as (directory, journal, problems):
        found = read_tree(journal, round_, problem)
    if found is None or problem not in problems:
        near = difflib.get_close_matches(problem, problems, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "`meds3 tree stats` shows some ids"
        raise InputError(f"{run}: round {round_} has no tree of {problem!r} yet", hint)
    asked = problems[problem]
    if html is not None:
        write_tree_page(html, found, asked, directory.name, round_)
        console.print(f"written: {html}", highlight=False)
        return
    from meds3.chains.prompt import question_text

    console.print(escape(question_text(asked)), highlight=False)
    console.print(f"gold: {escape(str(asked.answer))}\n", highlight=False)
    console.print(_drawn(branches(found)))
    for rollout in found.rationales:
        said = " ".join(str(step) for step in rollout.steps)
        console.print(f"answer shown, {rollout.verdict.value}: {escape(said)}", highlight=False)
    ended = f"stopped: {found.stopped_because}" if found.stopped_because else "still growing"
    console.print(f"{ended}; {found.tokens:,} tokens", highlight=False)


def _drawn(branch: Branch, into: RichTree | None = None) -> RichTree:
    from rich.tree import Tree as RichTree

    from meds3.answers.verdict import Verdict

    style = {None: "default", Verdict.CORRECT: "green"}.get(branch.verdict, "red")
    text = " ".join(branch.text.split())
    label = f"[dim]{branch.id}[/] [{style}]{escape(text)}[/]\n  [dim]{branch.line()}[/]"
    drawn = RichTree(label) if into is None else into.add(label)
    for child in branch.children:
        _drawn(child, drawn)
    return drawn


@app.command()
def stats(
    run: RunPath,
    round_: Round = 1,
    most: Annotated[int, typer.Option("--ids", min=0, help="Ids shown of each kind.")] = 3,
) -> None:
    """Count trees, nodes and verdicts of a round, by dataset.

    Example: `meds3 tree stats runs/cpu-demo`
    """
    from meds3.evaluation.search_stats import search_stats
    from meds3.search.store import StoredTrees, failures, growing_ids

    with _journal(run) as (_, journal, problems):
        finished = StoredTrees(journal, round_, list(problems))
        growing, failed = growing_ids(journal, round_), failures(journal, round_)
        if not (len(finished) or growing or failed):
            raise InputError(f"{run}: round {round_} has no tree yet", "try --round 1")
        table = Table(
            *("dataset", "trees", "solved", "answer shown", "nodes"),
            *("rollouts right", "right finishes"),
            title=f"{run}, round {round_}",
            title_justify="left",
        )
        for name in [*sorted({p.dataset for p in problems.values()}), "all"]:
            ids = [id_ for id_, p in problems.items() if name in ("all", p.dataset)]
            s = search_stats(StoredTrees(journal, round_, ids))
            right = f"{s.rollouts_correct:,} of {s.rollouts:,}"
            cells = (s.trees, s.solved, s.rationalized, s.nodes, right, s.verified_chains)
            table.add_row(escape(name), *map(str, cells), style="bold" if name == "all" else "")
        console.print(table)
        for reason, ids in _by_reason(finished).items():
            _some(f"stopped: {reason}", ids, most)
    _some("still growing", sorted(growing), most)
    for problem, error in failed.items():
        console.print(f"[red]failed[/] {escape(problem)}: {escape(error.splitlines()[0])}")


def _by_reason(trees: Iterable[Tree]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for tree in trees:
        reasons.setdefault(tree.stopped_because, []).append(tree.problem_id)
    return dict(sorted(reasons.items(), key=lambda pair: -len(pair[1])))


def _some(what: str, ids: list[str], most: int) -> None:
    """How many, and the first few of them."""
    if ids:
        console.print(f"{len(ids):5} {what}  {' '.join(ids[:most])}", highlight=False)
