"""The longest thing that a run will ask an engine."""

from __future__ import annotations

from meds3.chains.examples import example_for
from meds3.chains.prompt import messages, question_text
from meds3.chains.template import ChatTemplate
from meds3.engines.preflight import Longest
from meds3.evolution.config import RunConfig
from meds3.problems.load import ProblemSplit


def longest_call(config: RunConfig, problems: ProblemSplit, template: ChatTemplate) -> Longest:
    """The problem with the most characters, with a worked example, and the longest chain of it.

    A chain is at most as deep as its tree, and then rolled out to its end.
    """
    every = [*problems.seeds, *problems.heldout]
    problem = max(every, key=lambda one: len(question_text(one)))
    search = config.search
    grown = search.max_depth * search.max_step_tokens + search.max_rollout_tokens
    return Longest(
        template.render(messages(problem, example_for(problem))),
        max(grown, config.answering.max_tokens),
    )
