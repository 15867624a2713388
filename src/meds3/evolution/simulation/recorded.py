"""What a run was answered, to be answered again, for as many copies of its problems as wanted."""

from __future__ import annotations

from collections import Counter, defaultdict

from meds3.engines.calls import JournalCalls
from meds3.engines.journalled import call_key
from meds3.engines.protocol import Completion, Sampling
from meds3.errors import EngineError
from meds3.runs.journal import Journal

COPY = "#"  # between a problem's id and the number of its copy


class Recorded:
    """Learns the calls of a search by replaying it (`learn`), then answers copies (`again`).

    The seed of a call follows from the problem's id, so that a copy's calls have other seeds: the
    n-th time a copy asks the same, it gets what was answered the n-th time. Where its tree grew
    another way, and it asks what was never asked, it gets what was answered to another call of
    the same kind: `strayed` counts those of `answered`.
    """

    def __init__(self) -> None:
        self.answered = 0
        self.strayed = 0
        self.calls: list[tuple[str, Sampling]] = []  # that were learned
        self._known: dict[tuple[str, str], list[list[Completion]]] = defaultdict(list)
        self._kinds: dict[str, list[list[Completion]]] = defaultdict(list)
        self._asked: Counter[tuple[str, str, str]] = Counter()

    def learn(self, prompt: str, sampling: Sampling, done: list[Completion]) -> None:
        """Keep an answer."""
        kind = _kind(sampling)
        self.calls.append((prompt, sampling))
        self._known[prompt, kind].append(done)
        self._kinds[kind].append(done)

    def again(self, problem: str, prompt: str, sampling: Sampling) -> list[Completion]:
        """Raises `EngineError` for a call of a kind that was never asked."""
        kind = _kind(sampling)
        self.answered += 1
        found, turn = self._known.get((prompt, kind)), (problem, prompt, kind)
        if found is None:
            self.strayed += 1
            found, turn = self._kinds.get(kind), ("", "", kind)
        if not found:
            raise EngineError("the recorded run was never asked anything of this kind")
        times = self._asked[turn]
        self._asked[turn] += 1
        return found[times % len(found)]


class Replaying:
    """An engine that knows the calls of a journal and nothing else, and teaches them."""

    name = "replaying"
    capacity = 64

    def __init__(self, journal: Journal, model: str, pupil: Recorded) -> None:
        self._calls = JournalCalls(journal)
        self._model = model
        self._pupil = pupil

    async def generate(self, prompt: str, sampling: Sampling) -> list[Completion]:
        """See `Engine.generate`. Raises `EngineError` for a call that is not in the journal."""
        done = self._calls.lookup(call_key(self._model, prompt, sampling))
        if done is None:
            raise EngineError("a call that the run never made, or never finished")
        self._pupil.learn(prompt, sampling, done)
        return done

    async def close(self) -> None:
        """Nothing to free."""


def _kind(sampling: Sampling) -> str:
    return sampling.model_dump_json(exclude={"seed"})
