"""A small tree with every kind of node, made by hand."""

from meds3.answers.kinds import Label
from meds3.answers.verdict import Verdict
from meds3.chains.chain import Step
from meds3.problems.problem import Domain, Problem
from meds3.search.tree import Node, Rollout, Tree

PROBLEM = Problem(
    id="p1",
    dataset="gym",
    domain=Domain.MEDICAL_NLI,
    question="Is it so?",
    answer=Label(label="yes", labels=("yes", "no")),
)
PROMPT = "<|im_start|>user\nIs it so?<|im_end|>\n<|im_start|>assistant\n"


def rollout(verdict: Verdict, *texts: str, first: int) -> Rollout:
    steps = tuple(Step(i, text) for i, text in enumerate(texts, first))
    return Rollout(steps, verdict, tokens=9)


def hand_tree() -> Tree:
    """Two first steps (worth .9 and .05), each with a child; finishes of both kinds.

    Node 6 is a step of a multi-step finish that was never simulated.
    """
    right, wrong = Verdict.CORRECT, Verdict.WRONG
    nodes = [
        Node(0, None, Step(0, "Let's break down this problem step by step."), "root"),
        Node(1, 0, Step(1, "Good start."), "reason", value=0.9, valued="rollouts"),
        Node(2, 0, Step(1, "Bad start."), "reason", value=0.05, valued="rollouts"),
        Node(3, 1, Step(2, "Good middle."), "reason", value=0.95, valued="rollouts"),
        Node(4, 2, Step(2, "Bad middle."), "reason", value=0.0, valued="rollouts"),
        Node(5, 1, Step(2, "The answer is yes."), "finish", 1.0, valued="rule", verdict=right),
        Node(6, 2, Step(2, "Unsimulated."), "reason", value=0.0),
        Node(7, 6, Step(3, "The answer is no."), "finish", 0.0, valued="rule", verdict=wrong),
    ]
    nodes[3].rollouts = [
        rollout(right, "So it is.", "The answer is yes.", first=3),
        rollout(wrong, "The answer is no.", first=3),
    ]
    nodes[4].rollouts = [rollout(Verdict.UNPARSABLE, "Hm.", first=3)]
    for node in nodes[1:]:
        assert node.parent is not None
        nodes[node.parent].children.append(node.id)
    return Tree("p1", PROMPT, nodes, "max_nodes")
