"""Workers as Ray actors: placed, started again and ended by Ray, fed by us."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from meds3.errors import EngineError
from meds3.evolution.cluster.config import RayConfig
from meds3.evolution.cluster.findings import Findings
from meds3.evolution.cluster.worker import Worker
from meds3.problems.problem import Problem

Job = Callable[[Any, Sequence[Problem]], Any]  # an actor and its chunk: the reference to wait for
Taken = Callable[[Findings], Awaitable[bool]]  # whether to go on
_GIVEN_BACK = 3  # times a chunk may kill a worker before the run is ended


class Pool:
    """Actors that are each a `Worker`."""

    def __init__(self, config: RayConfig, make: Callable[[int], Any]) -> None:
        self._config = config
        self._make = make
        self.actors = {number: make(number) for number in range(config.workers)}

    async def spread(self, problems: Sequence[Problem], job: Job, taken: Taken) -> None:
        """Give `problems` out in chunks until all are done; `taken` gets what each chunk found.

        A worker takes the next chunk when it has one less in hand, so the fast get more. The chunk
        of a worker that died is given to whoever is free. Raises `EngineError` when a chunk has
        been given back three times, and what a worker raises.
        """
        size = self._config.chunk
        queue = deque(problems[at : at + size] for at in range(0, len(problems), size))
        given_back: dict[str, int] = {}
        going_on = True

        async def feed(number: int) -> None:
            nonlocal going_on
            while queue and going_on:
                chunk = queue.popleft()
                try:
                    found = await _result(job(self.actors[number], chunk))
                except _Gone as gone:
                    queue.append(chunk)
                    times = given_back[chunk[0].id] = given_back.get(chunk[0].id, 0) + 1
                    if times > _GIVEN_BACK:
                        raise EngineError(
                            f"a worker died {times} times over the problems from {chunk[0].id}: "
                            f"{gone}",
                            "look at Ray's logs (`ray logs`), then run the same command again: it "
                            "resumes",
                        ) from gone
                    await asyncio.sleep(1.0)
                    continue
                going_on = await taken(found) and going_on

        hands = [n for n in self.actors for _ in range(self._config.at_once)]
        async with asyncio.TaskGroup() as group:
            for number in hands:
                group.create_task(feed(number))


class _Gone(Exception):
    """The worker died, or its node did; Ray may be starting it again."""


async def _result(reference: Any) -> Findings:
    from ray.exceptions import RayActorError, RayTaskError

    try:
        found: Findings = await reference
    except RayActorError as error:
        raise _Gone(str(error).splitlines()[0]) from error
    except RayTaskError as error:
        raise error.cause or error from error
    return found


@asynccontextmanager
async def pool(
    config: RayConfig, journals: Path, make: Callable[[Path, list[Path]], tuple[Any, ...]]
) -> AsyncIterator[Pool]:
    """A pool over the cluster of `config`; the actors end with the block, a cluster of our own too.

    `make` gives the arguments of a `Worker` for a journal and the journals of the others. Raises
    `EngineError` when the cluster cannot be reached.
    """
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ours = not ray.is_initialized()
    if ours:
        try:
            ray.init(
                address=config.address,
                include_dashboard=False,
                log_to_driver=False,
                configure_logging=False,
            )
        except (ConnectionError, RuntimeError) as error:
            raise EngineError(
                f"ray.address {config.address}: {error}",
                "start it (`ray start --head`), or leave ray.address out for one on this machine",
            ) from error
    folder = config.journals or journals
    actor = ray.remote(
        num_cpus=config.cpus,
        num_gpus=config.gpus,
        max_restarts=config.restarts,
        max_task_retries=0,  # a chunk that is lost goes to whoever is free
        max_concurrency=config.at_once + 1,
    )(Worker)

    def start(number: int) -> Any:
        others = sorted(folder.glob("*.sqlite")) if folder.is_dir() else []
        return actor.remote(*make(folder / f"{number}.sqlite", others))

    made = Pool(config, start)
    try:
        yield made
    finally:
        for one in made.actors.values():
            ray.kill(one)
        if ours:
            ray.shutdown()
