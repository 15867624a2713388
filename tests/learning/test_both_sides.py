"""One chain of the other side, where all chains of a seed are right or all wrong."""

from __future__ import annotations

import pytest

from meds3.answers.kinds import Answer, Choice, Label, Span
from meds3.answers.verdict import Verdict
from meds3.chains.chain import parse_steps
from meds3.chains.prompt import option_stated
from meds3.learning.both_sides import add_missing_side
from meds3.search.tree import Rollout, seedling
from tests.learning.trees import PROBLEM

OPTIONS = {"A": "rises", "B": "falls", "C": "stays"}
CHOICE = Choice(letter="B", options=OPTIONS)


def added(answer: Answer, *verdicts: Verdict) -> list[tuple[str, Verdict]]:
    """What is added to chains of these verdicts."""
    problem = PROBLEM.model_copy(update={"answer": answer})
    tree = seedling(problem.id, "prompt")
    tree.nodes[0].rollouts = [Rollout(parse_steps("Said."), verdict, 2) for verdict in verdicts]
    add_missing_side(tree, problem, option_stated)
    return [(r.steps[0].text, r.verdict) for r in tree.nodes[0].rollouts[len(verdicts) :]]


def test_the_right_answer_joins_wrong_chains() -> None:
    right = [("falls. The answer is B.", Verdict.CORRECT)]
    assert added(CHOICE, Verdict.WRONG, Verdict.UNPARSABLE) == right
    assert added(Span(text="30 mg"), Verdict.WRONG) == [("The answer is 30 mg.", Verdict.CORRECT)]


def test_a_wrong_option_joins_right_chains() -> None:
    ((said, verdict),) = added(CHOICE, Verdict.CORRECT, Verdict.CORRECT)
    assert said in ("rises. The answer is A.", "stays. The answer is C.")
    assert verdict is Verdict.WRONG
    ((said, verdict),) = added(Label(label="yes", labels=("yes", "no")), Verdict.CORRECT)
    assert (said, verdict) == ("The answer is no.", Verdict.WRONG)


@pytest.mark.parametrize("verdicts", [(Verdict.CORRECT, Verdict.WRONG)])
def test_nothing_joins_both(verdicts: tuple[Verdict, ...]) -> None:
    assert added(CHOICE, *verdicts) == []


def test_nothing_is_invented_where_there_is_no_list() -> None:
    assert added(Span(text="30 mg"), Verdict.CORRECT) == []


def test_an_answer_that_the_rule_reads_otherwise_is_not_added() -> None:
    odd = {"A": "The answer is B", "B": "falls"}
    assert added(Choice(letter="A", options=odd), Verdict.WRONG) == []
