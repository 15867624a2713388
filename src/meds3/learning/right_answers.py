"""The right answer as one more chain, for a seed that no chain of its policy answers."""

from __future__ import annotations

from collections.abc import Callable

from meds3.answers.judge import verify
from meds3.answers.kinds import Answer
from meds3.answers.verdict import Verdict
from meds3.chains.chain import chain_of
from meds3.problems.problem import Problem
from meds3.search.tree import Rollout, Tree


def add_right_answer(tree: Tree, problem: Problem, stated: Callable[[Answer], str]) -> None:
    """Give an unsolved tree the right answer as a rollout from Step 0, as `stated` words it.

    The rule has the last word here too: an answer that it does not verify is not added.
    """
    if Verdict.CORRECT in tree.verdicts():
        return
    chain = chain_of(stated(problem.answer))
    if verify(chain.text, problem.answer).verdict is Verdict.CORRECT:
        tree.nodes[0].rollouts.append(Rollout(chain.steps[1:], Verdict.CORRECT, tokens=0))
