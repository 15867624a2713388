"""The longest thing that a run will ask an engine."""

from __future__ import annotations

from collections.abc import Sequence

from meds3.answering.forcing import most_tokens
from meds3.chains.examples import example_for
from meds3.chains.prompt import messages, question_text
from meds3.chains.template import ChatTemplate
from meds3.engines.preflight import Longest
from meds3.evolution.config import RunConfig
from meds3.problems.load import ProblemSplit
from meds3.problems.problem import Problem


def longest_call(config: RunConfig, problems: ProblemSplit, template: ChatTemplate) -> Longest:
    """The problem with the most characters, with a worked example, and the longest chain of it.

    A chain is at most as deep as its tree, and then rolled out to its end.
    """
    search = config.search
    grown = search.max_depth * search.max_step_tokens + search.max_rollout_tokens
    every = [*problems.seeds, *problems.heldout]
    answered = max(most_tokens(problem, config.answering) for problem in every)
    return longest_question(every, template, max(grown, answered))


def longest_question(
    problems: Sequence[Problem], template: ChatTemplate, new_tokens: int
) -> Longest:
    """The problem with the most characters, with a worked example."""
    problem = max(problems, key=lambda one: len(question_text(one)))
    prompt = template.render(messages(problem, example_for(problem)))
    return Longest(prompt, new_tokens, template.end_of_turn)
