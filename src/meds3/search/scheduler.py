"""Many trees over one engine, with no barrier between them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from meds3.answers.verdict import Verdict
from meds3.chains.examples import example_for
from meds3.chains.prompt import messages
from meds3.chains.template import ChatTemplate
from meds3.engines.protocol import Engine
from meds3.errors import MedS3Error
from meds3.problems.problem import Problem
from meds3.runs.digest import derived_seed
from meds3.runs.journal import Journal
from meds3.search.actions import Actions
from meds3.search.config import SearchConfig
from meds3.search.grow import grow
from meds3.search.store import load_trees, save_tree
from meds3.search.tree import Tree


@dataclass
class SearchProgress:
    """Counts over the finished trees, for a watcher to read at any time."""

    trees: int
    done: int = 0
    correct_chains: int = 0
    solved: int = 0
    tokens: int = 0

    def add(self, tree: Tree, tokens: int) -> None:
        verdicts = [r.verdict for n in tree.nodes for r in n.rollouts]
        verdicts += [n.verdict for n in tree.finishes() if n.verdict]
        correct = verdicts.count(Verdict.CORRECT)
        self.done += 1
        self.correct_chains += correct
        self.solved += correct > 0
        self.tokens += tokens


async def search_problems(
    problems: Sequence[Problem],
    engine: Engine,
    template: ChatTemplate,
    journal: Journal,
    config: SearchConfig,
    *,
    round_: int,
    seed: int,
    progress: SearchProgress | None = None,
) -> list[Tree]:
    """A finished tree per problem, in the order of the problems; finished ones are not redone.

    At most `config.trees_in_flight` grow at once. The first engine failure stops the rest and
    is raised; what was finished is in the journal.
    """
    trees = load_trees(journal, round_)
    progress = progress or SearchProgress(len(problems))
    room = asyncio.Semaphore(config.trees_in_flight)

    async def search(problem: Problem) -> None:
        if (finished := trees.get(problem.id)) is not None:
            progress.add(finished, 0)
            return
        async with room:
            example = example_for(problem) if config.shows_example(round_) else None
            prompt = template.render(messages(problem, example))
            actions = Actions(engine, problem, prompt, config, derived_seed(seed, round_))
            tree = await grow(actions, template.render(messages(problem, None)))
            save_tree(journal, round_, tree)
            trees[problem.id] = tree
            progress.add(tree, actions.tokens)

    try:
        async with asyncio.TaskGroup() as group:
            for problem in problems:
                group.create_task(search(problem))
    except* MedS3Error as failures:
        # One message is enough: the others are the same engine failing its other callers.
        raise failures.exceptions[0] from None
    return [trees[problem.id] for problem in problems]
