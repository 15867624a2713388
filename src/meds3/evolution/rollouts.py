"""Chains that a policy goes on from, as often as asked: here, or on the workers of a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from meds3.answering.prompting import bare_prompt
from meds3.chains.chain import chain_of
from meds3.chains.template import ChatTemplate
from meds3.engines.protocol import Engine
from meds3.evolution.policies import Policy
from meds3.evolution.state import Evolution
from meds3.problems.problem import Problem
from meds3.search.actions import Actions
from meds3.search.config import SearchConfig
from meds3.search.together import together
from meds3.search.tree import Rollout

_LEAST_IN_FLIGHT = 8  # chains; for engines that take few sequences at once


@dataclass(frozen=True)
class Begun:
    """The first steps of a chain, after Step 0. `tag` and the problem give the call its seed."""

    problem: Problem
    tag: str
    steps: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.problem.id


def _quiet(done: int) -> None: ...


async def roll_out(
    begun: Sequence[Begun],
    count: int,
    engine: Engine,
    template: ChatTemplate,
    sampled_as: SearchConfig,
    seed: int,
    on_done: Callable[[int], None] = _quiet,
) -> list[list[Rollout]]:
    """`count` verified ends of each chain, in order; `on_done` hears how many chains have theirs.

    List chains of one question one after another: its prompt is in the engine's cache then.
    Raises `EngineError` from the engine.
    """
    room = asyncio.Semaphore(max(_LEAST_IN_FLIGHT, 2 * engine.capacity // count))
    found: dict[int, list[Rollout]] = {}

    async def one(place: int, chain: Begun) -> None:
        prompt = bare_prompt(template, chain.problem)
        actions = Actions(engine, chain.problem, prompt, sampled_as, seed)
        async with room:
            found[place] = await actions.complete(chain_of(*chain.steps), count, chain.tag)
        on_done(len(found))

    await together(*(one(place, chain) for place, chain in enumerate(begun)))
    return [found[place] for place in range(len(begun))]


async def policy_rollouts(
    state: Evolution,
    purpose: str,
    policy: Policy,
    begun: Sequence[Begun],
    count: int,
    seed: int,
    said: tuple[str, str],
) -> list[list[Rollout]]:
    """`roll_out` by `policy`, sampled as it answers; `said` are the unit and the verb of progress.

    With `executor: ray` the workers ask, and this process, which may have no GPU, finds the calls
    in the journal.
    """
    if state.config.executor == "ray":
        from meds3.evolution.cluster.spreading import spread_rollouts

        await spread_rollouts(state, purpose, policy, begun, count, seed, said)
        engine = state.server.paid(policy, purpose)
    else:
        engine = await state.server.engine(policy, purpose)

    def show(done: int) -> None:
        state.stages.watcher.progress(done, len(begun), *said)

    sampled_as = state.config.rolled_out_as_answered()
    return await roll_out(begun, count, engine, state.template, sampled_as, seed, show)
