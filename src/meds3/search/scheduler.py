"""Many trees over one engine, with no barrier between them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from meds3.chains.examples import example_for
from meds3.chains.prompt import hinted_messages, messages
from meds3.chains.template import ChatTemplate
from meds3.engines.affinity import about
from meds3.engines.protocol import Engine
from meds3.errors import MedS3Error, StorageError
from meds3.problems.problem import Problem
from meds3.rewards.protocol import StepScorer
from meds3.runs.digest import derived_seed
from meds3.runs.journal import Journal
from meds3.search.actions import Actions
from meds3.search.admission import Admission
from meds3.search.budget import Allowance
from meds3.search.config import SearchConfig
from meds3.search.grow import grow
from meds3.search.progress import SearchProgress
from meds3.search.store import StoredTrees, TreeLog, finished_ids
from meds3.search.tree import Node, Tree
from meds3.search.valuing import ByRollouts, ByScorer


async def search_problems(
    problems: Sequence[Problem],
    engine: Engine,
    template: ChatTemplate,
    journal: Journal,
    config: SearchConfig,
    *,
    round_: int,
    seed: int,
    scorer: StepScorer | None = None,
    progress: SearchProgress | None = None,
) -> SearchProgress:
    """Grow a tree for each problem; the trees are in the journal (`StoredTrees`).

    Finished trees are not grown again. At most `trees_in_flight` grow at once, and another one
    begins only when the engine has nothing to wait for, so memory does not depend on the number
    of problems. With a `scorer` steps are worth their scores instead of rollouts.

    A problem whose calls fail for good is recorded with its error and left out. Raises that error
    when more than `max_failed_share` of the problems have failed, and `StorageError` at once.
    """
    progress = progress or SearchProgress(len(problems))
    allowance = Allowance(config.max_tokens)
    done = finished_ids(journal, round_)
    for tree in StoredTrees(journal, round_, [p.id for p in problems if p.id in done]):
        progress.add(tree)
        allowance.spend(tree.tokens)
    search = _Search(
        Admission(engine, config.tokens_in_flight),
        template,
        TreeLog(journal, round_),
        config,
        config.shows_example(round_),
        derived_seed(seed, round_),
        scorer,
        progress,
        allowance,
    )
    await search.run([problem for problem in problems if problem.id not in done])
    return progress


@dataclass
class _Search:
    """One search on its way."""

    door: Admission
    template: ChatTemplate
    log: TreeLog
    config: SearchConfig
    show_example: bool
    seed: int
    scorer: StepScorer | None
    progress: SearchProgress
    allowance: Allowance

    async def run(self, problems: Sequence[Problem]) -> None:
        """Feed the engine with trees until all are grown."""
        self.progress.occupancy = lambda: self.door.occupancy
        try:
            async with asyncio.TaskGroup() as group:
                for problem in problems:
                    await self._room()
                    if self.allowance.gone:
                        break
                    self.progress.running += 1
                    group.create_task(self._search(problem))
                    await asyncio.sleep(0)  # it asks its first question before the next begins
        except* MedS3Error as failures:
            # One message is enough: the others are the same engine failing its other callers.
            raise failures.exceptions[0] from None

    async def _room(self) -> None:
        while not self.door.hungry or self.progress.running >= self.config.trees_in_flight:
            self.door.freed.clear()
            await self.door.freed.wait()

    async def _search(self, problem: Problem) -> None:
        try:
            with about(problem.id):
                await self._grow(problem)
        except StorageError:
            raise
        except MedS3Error as error:
            await self.log.fail(problem.id, str(error))
            self.progress.failed += 1
            if self.progress.failed > self.config.max_failed_share * self.progress.trees:
                raise type(error)(
                    f"{self.progress.failed} of {self.progress.trees} problems failed for good, "
                    f"more than search.max_failed_share {self.config.max_failed_share:g}; "
                    f"the last, {problem.id}: {error.message}",
                    error.fix,
                ) from error
        finally:
            self.progress.running -= 1
            self.door.freed.set()

    async def _grow(self, problem: Problem) -> None:
        example = example_for(problem) if self.show_example else None
        prompt = self.template.render(messages(problem, example))
        bare = self.template.render(messages(problem, None))
        actions = Actions(
            self.door,
            problem,
            prompt,
            self.config,
            self.seed,
            hinted_prompt=self.template.render(hinted_messages(problem)),
            allowance=self.allowance,
        )
        valuing = ByScorer(self.scorer, bare) if self.scorer else ByRollouts()
        counted = 0  # of the tree's tokens

        async def keep(tree: Tree, new: Sequence[Node], changed: Sequence[Node]) -> None:
            nonlocal counted
            await self.log.keep(tree, new, changed)
            self.progress.grew(new, tree.tokens - counted)
            counted = tree.tokens

        self.progress.finished(await grow(actions, bare, valuing, keep))
