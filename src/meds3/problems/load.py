"""Seeds to search and held-out problems to measure on, from the sources of a config."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from meds3.answers.kinds import FreeText
from meds3.errors import InputError
from meds3.problems.config import GymSource, ProblemsConfig, Source
from meds3.problems.curation.config import OverlapConfig
from meds3.problems.curation.overlap import find_overlaps
from meds3.problems.gym.draft import Split
from meds3.problems.gym.registry import TASKS, make
from meds3.problems.problem import Problem
from meds3.problems.sources.read import read_source
from meds3.problems.sources.row import Skipped


@dataclass(frozen=True)
class ProblemSplit:
    """Disjoint by id and by the text of question and context.

    `open_excluded` counts the free-text problems left out: no rule can verify them. `skipped`
    are the rows of published datasets and tables that hold no verifiable problem. `rounds` holds
    the seeds, by id, that only some rounds search.
    """

    seeds: list[Problem]
    heldout: list[Problem]
    open_excluded: int = 0
    skipped: tuple[Skipped, ...] = ()
    rounds: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def seeds_of(self, round_: int) -> list[Problem]:
        """The seeds that round `round_` searches, in their order."""
        return [p for p in self.seeds if round_ in self.rounds.get(p.id, (round_,))]

    def first_round(self, seed: Problem) -> int:
        """The first round that searches `seed`."""
        return min(self.rounds.get(seed.id, (1,)))


def load_problems(config: ProblemsConfig) -> ProblemSplit:
    """Read, sample and split. The same config gives the same problems in the same order.

    Where one file gives both parts, a seed that overlaps a held-out problem of that file
    (`curation.overlap`) is replaced by the next one; with `replace_overlap` one that overlaps any
    held-out problem is. Raises `InputError` for a faulty file, or
    when a source holds fewer problems than asked.
    """
    readers = [_reader(source) for source in config.sources]
    banned: set[str] = set()
    while True:
        split, halves, short = _split(config, readers, banned)
        giving_away = set() if config.allow_overlap else _overlapping(config, split, halves)
        if not giving_away:
            break
        banned |= giving_away
    if short:  # told only now, when what is left is known
        raise short[0]
    return split


def candidate_seeds(config: ProblemsConfig) -> list[tuple[Source, list[Problem]]]:
    """Each source that gives seeds, with every verifiable problem it holds, held out or not.

    A gym source gives as many as its `seeds` asks for. Raises `InputError` for a faulty file.
    """
    pools = [(source, _reader(source).seeds) for source in config.sources if source.seeds]
    return [(source, [p for group in pool.values() for p in group]) for source, pool in pools]


def _split(
    config: ProblemsConfig, readers: Sequence[_Pools], banned: set[str]
) -> tuple[ProblemSplit, dict[str, str], list[InputError]]:
    """The two parts, by id the file of each problem whose file gives both, and what is wrong with
    sources that hold too few: all they have is drawn then."""
    seeds: list[Problem] = []
    heldout: list[Problem] = []
    halves: dict[str, str] = {}
    rounds: dict[str, tuple[int, ...]] = {}
    short: list[InputError] = []
    taken = _Taken()
    # All held-out problems first, over all sources: a text held out is never a seed.
    for source, reader in zip(config.sources, readers, strict=True):
        drawn = _draw(source, reader.heldout, source.heldout, "heldout", taken)
        short += _shortage(source, "heldout", source.heldout, len(drawn))
        heldout += drawn
        halves |= {p.id: source.where for p in drawn if reader.shared}
    taken.ban(banned)
    for source, reader in zip(config.sources, readers, strict=True):
        drawn = _draw(source, reader.seeds, source.seeds, "seeds", taken)
        short += _shortage(source, "seeds", source.seeds, len(drawn))
        seeds += drawn
        halves |= {p.id: source.where for p in drawn if reader.shared}
        if source.rounds is not None:
            rounds |= {p.id: source.rounds for p in drawn}
    excluded = sum(reader.excluded for reader in readers)
    skipped = tuple(row for reader in readers for row in reader.skipped)
    split = ProblemSplit(_mixed(seeds), _mixed(heldout), excluded, skipped, rounds)
    return split, halves, short


def _shortage(source: Source, part: str, asked: int, found: int) -> list[InputError]:
    if found == asked:
        return []
    return [
        InputError(
            f"source {source.where}: {part} asks for {asked} problems, only {found} are left "
            "that are verifiable, new and not used by another part",
            f"lower {part} to {found}, or add a source",
        )
    ]


def _overlapping(config: ProblemsConfig, split: ProblemSplit, halves: dict[str, str]) -> set[str]:
    """Ids of the seeds to replace: they overlap a held-out problem, drawn from the same file
    unless `replace_overlap` says any."""
    if not split.heldout or not (halves or config.replace_overlap):
        return set()
    found = find_overlaps(split.seeds, split.heldout, OverlapConfig())
    if config.replace_overlap:
        return {overlap.seed.id for overlap in found}
    pairs = [(halves.get(o.seed.id), halves.get(o.other.id), o.seed.id) for o in found]
    return {seed for ours, theirs, seed in pairs if ours is not None and ours == theirs}


@dataclass(frozen=True)
class _Pools:
    """Candidates of one source, by group (dataset, or gym task and level).

    `shared`: both parts are drawn from one file.
    """

    seeds: dict[str, list[Problem]]
    heldout: dict[str, list[Problem]]
    excluded: int = 0
    shared: bool = False
    skipped: tuple[Skipped, ...] = ()


class _Taken:
    """What is used already, by id and by text."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._texts: set[tuple[str, ...]] = set()
        self._part_of: dict[str, str] = {}

    def ban(self, ids: set[str]) -> None:
        """These are not taken from now on."""
        self._ids |= ids

    def add(self, problem: Problem, part: str) -> bool:
        """Whether the problem is new and its question is in no other part; then it is taken.

        Inside one part, generic stems ("Which is true?") that differ in their options are
        different problems; between parts they are not.
        """
        stem = " ".join(f"{problem.question} {problem.context or ''}".casefold().split())
        text = (stem, *sorted((problem.options or {}).values()))
        known = problem.id in self._ids or text in self._texts
        if known or self._part_of.setdefault(stem, part) != part:
            return False
        self._ids.add(problem.id)
        self._texts.add(text)
        return True


def _reader(source: Source) -> _Pools:
    if isinstance(source, GymSource):
        return _Pools(_gym(source, "train"), _gym(source, "test"))
    main = read_source(source, held=False)
    other = read_source(source, held=True) if source.heldout_apart else main
    everything = {p.id: p for p in (*main.problems, *other.problems)}.values()
    return _Pools(
        _grouped(_verifiable(main.problems)),
        _grouped(_verifiable(other.problems)),
        sum(isinstance(p.answer, FreeText) for p in everything),
        other is main,
        (*main.skipped, *(other.skipped if other is not main else ())),
    )


def _gym(source: GymSource, split: Split) -> dict[str, list[Problem]]:
    """The count spread over tasks and levels; the first groups get what is left over."""
    names = list(TASKS) if source.tasks == "all" else list(source.tasks)
    groups = [(TASKS[name], level) for level in source.level for name in names]
    count = source.seeds if split == "train" else source.heldout
    share, rest = divmod(count, len(groups))
    return {
        f"{task.name}/{level}": make(task, level, split, source.seed, share + (i < rest))
        for i, (task, level) in enumerate(groups)
    }


def _verifiable(problems: Sequence[Problem]) -> list[Problem]:
    return [p for p in problems if not isinstance(p.answer, FreeText)]


def _grouped(problems: Sequence[Problem]) -> dict[str, list[Problem]]:
    groups: dict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        groups[problem.dataset].append(problem)
    return dict(groups)


def _draw(
    source: Source, groups: dict[str, list[Problem]], count: int, part: str, taken: _Taken
) -> list[Problem]:
    """`count` new problems or all there are, as evenly over the groups as they allow."""
    queues: list[Iterator[Problem]] = []
    for name in sorted(groups):
        members = list(groups[name])
        if not isinstance(source, GymSource):  # a gym stream is random already
            random.Random(f"{source.seed}/{part}/{name}").shuffle(members)
        queues.append(iter(members))
    found: list[Problem] = []
    while queues and len(found) < count:
        for queue in list(queues):
            if len(found) == count:
                break
            fresh = next((p for p in queue if taken.add(p, part)), None)
            if fresh is None:
                queues.remove(queue)
            else:
                found.append(fresh)
    return found


def _mixed(problems: list[Problem]) -> list[Problem]:
    """In one seeded order, so that a prefix of the list already holds every dataset."""
    order = list(problems)
    random.Random("order").shuffle(order)
    return order
