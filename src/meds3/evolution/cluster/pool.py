"""Workers as Ray actors: placed, started again and ended by Ray, fed by us."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from meds3.errors import EngineError
from meds3.evolution.cluster.config import RayConfig
from meds3.evolution.cluster.findings import Findings
from meds3.evolution.cluster.worker import Worker


class Item(Protocol):
    """What is given out: a problem, or what belongs to one."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Item)
Job = Callable[[Any, Sequence[T]], Any]  # an actor and its chunk: the reference to wait for
Taken = Callable[[Findings], Awaitable[bool]]  # whether to go on
_GIVEN_BACK = 3  # times a chunk may kill a worker before the run is ended
_ASK_AGAIN_S = 1.0


class Pool:
    """Actors that are each a `Worker`."""

    def __init__(self, config: RayConfig, make: Callable[[int], Any]) -> None:
        self._config = config
        self.chunk = config.chunk
        self.actors = {number: make(number) for number in range(config.workers)}

    async def spread(self, items: Sequence[T], job: Job[T], taken: Taken) -> None:
        """Give `items` out in chunks until all are done; `taken` gets what each chunk found.

        A worker takes the next chunk when it has one less in hand, so the fast get more. The chunk
        of a worker that died is given to whoever is free; the worker itself gets more when Ray has
        started it again, on whichever node has room. Raises `EngineError` when a chunk has been
        given back three times or all workers are dead for good, and what a worker raises.
        """
        queue: asyncio.Queue[Sequence[T]] = asyncio.Queue()
        for at in range(0, len(items), self.chunk):
            queue.put_nowait(items[at : at + self.chunk])
        given_back: Counter[str] = Counter()

        async def feed(actor: Any) -> None:
            """One hand of a worker; ends when the worker is dead for good."""
            while await _alive(actor):
                chunk = await queue.get()
                try:
                    found = await _result(job(actor, chunk))
                except _Gone as gone:
                    given_back[chunk[0].id] += 1
                    if given_back[chunk[0].id] > _GIVEN_BACK:
                        raise _hopeless(f"over the problems from {chunk[0].id}: {gone}") from gone
                    queue.put_nowait(chunk)
                else:
                    if not await taken(found):
                        while not queue.empty():
                            queue.get_nowait()
                            queue.task_done()
                queue.task_done()

        hands = [
            asyncio.create_task(feed(actor))
            for actor in self.actors.values()
            for _ in range(self._config.at_once)
        ]
        everything = asyncio.create_task(queue.join())
        try:
            await _first(everything, hands)
        finally:
            for task in (*hands, everything):
                task.cancel()
            await asyncio.gather(*hands, everything, return_exceptions=True)


async def _first(everything: asyncio.Task[None], hands: Sequence[asyncio.Task[None]]) -> None:
    """Return when `everything` is done; raise what a hand raises, or that all hands ended."""
    left = set(hands)
    while not everything.done():
        await asyncio.wait({everything, *left}, return_when=asyncio.FIRST_COMPLETED)
        for hand in [hand for hand in left if hand.done()]:
            hand.result()
            left.remove(hand)
        if not left and not everything.done():
            raise _hopeless("and Ray has started each as often as ray.restarts allows")


def _hopeless(why: str) -> EngineError:
    return EngineError(
        f"workers died {why}",
        "look at Ray's logs (`ray logs`), then run the same command again: it resumes",
    )


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


async def _alive(actor: Any) -> bool:
    """Wait until a worker answers, however long Ray looks for room; False: it never will."""
    from ray.exceptions import ActorDiedError, ActorUnavailableError

    while True:
        try:
            await actor.hello.remote()
        except ActorUnavailableError:
            await asyncio.sleep(_ASK_AGAIN_S)
        except ActorDiedError:
            return False
        else:
            return True


@asynccontextmanager
async def pool(
    config: RayConfig, folder: Path, make: Callable[[Path, list[Path]], tuple[Any, ...]]
) -> AsyncIterator[Pool]:
    """A pool over the cluster of `config`; the actors end with the block, a cluster of our own too.

    `make` gives the arguments of a `Worker` for a journal in `folder`, which is on its own node,
    and the journals of the others. Raises `EngineError` when the cluster cannot be reached.
    """
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ours = not ray.is_initialized()
    if ours:
        try:
            ray.init(
                # Not None: that may mean a cluster that somebody left running here.
                address=config.address or os.environ.get("RAY_ADDRESS") or "local",
                include_dashboard=False,
                log_to_driver=False,
                configure_logging=False,
            )
        except (ConnectionError, RuntimeError) as error:
            raise EngineError(
                f"ray.address {config.address}: {error}",
                "start it (`ray start --head`), or leave ray.address out for one on this machine",
            ) from error
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
