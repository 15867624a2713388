"""For seeds of which all chains are right, or all wrong: one chain of the other side."""

from __future__ import annotations

from collections.abc import Callable

from meds3.answers.judge import verify
from meds3.answers.kinds import Answer, Choice, Label
from meds3.answers.verdict import Verdict
from meds3.chains.chain import chain_of
from meds3.problems.problem import Problem
from meds3.runs.digest import digest_of
from meds3.search.tree import Rollout, Tree


def add_missing_side(tree: Tree, problem: Problem, stated: Callable[[Answer], str]) -> None:
    """Give a tree without a right chain the right answer as a rollout from Step 0, worded by
    `stated`, and one without a wrong chain a wrong answer.

    Both, for with the right ones alone a PRM would learn from every seed on which its policy is
    sure that it is wrong there, and from none that it is right. The rule has the last word: what
    it does not verify as meant is not added, nor is a wrong answer where there is no list to draw
    it from.
    """
    verdicts = tree.verdicts()
    if Verdict.CORRECT not in verdicts:
        _add(tree, problem, stated(problem.answer), Verdict.CORRECT)
    elif Verdict.WRONG not in verdicts:
        others = _others(problem.answer)
        if others:
            drawn = min(others, key=lambda one: digest_of(["wrong", problem.id, str(one)]))
            _add(tree, problem, stated(drawn), Verdict.WRONG)


def _add(tree: Tree, problem: Problem, said: str, meant: Verdict) -> None:
    chain = chain_of(said)
    if verify(chain.text, problem.answer).verdict is meant:
        tree.nodes[0].rollouts.append(Rollout(chain.steps[1:], meant, tokens=0))


def _others(gold: Answer) -> list[Answer]:
    """The wrong answers of a closed list."""
    match gold:
        case Choice(letter=letter, options=options):
            return [Choice(letter=one, options=options) for one in options if one != letter]
        case Label(label=label, labels=labels):
            return [Label(label=one, labels=labels) for one in labels if one != label]
    return []
