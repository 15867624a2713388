"""Rows taken off groups that have too many of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence

from meds3.learning.rows import Row
from meds3.runs.digest import digest_of


def capped(
    rows: Sequence[Row],
    groups: Sequence[Hashable],
    shares: Mapping[Hashable, float],
    slack: float,
) -> list[int]:
    """Which of `rows` stay, as places in order, when no group may be too large.

    `groups[i]` is the group of row i, `shares` what part of the rows each group should have. A
    group keeps at most `slack` × its share × all rows, at least one. Rows are taken off once: where
    some groups are missing altogether, to match the shares exactly would leave almost nothing.
    Every problem keeps its first row before another keeps its second; which problems come first is
    drawn by digest, the same on every machine.
    """
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        places[group].append(place)
    ranks = _ranks(rows)
    kept: set[int] = set()
    for group, members in places.items():
        most = max(1, int(slack * shares.get(group, 0.0) * len(rows)))
        ordered = sorted(members, key=lambda i: (ranks[i], digest_of(rows[i].problem_id), i))
        kept.update(ordered[:most])
    return sorted(kept)


def _ranks(rows: Sequence[Row]) -> list[int]:
    """How many rows of the same problem stand before each row."""
    seen: Counter[str] = Counter()
    ranks = []
    for row in rows:
        ranks.append(seen[row.problem_id])
        seen[row.problem_id] += 1
    return ranks


def even_shares(groups: Sequence[Hashable]) -> dict[Hashable, float]:
    """The same share for every group that occurs."""
    names = list(dict.fromkeys(groups))
    return {name: 1 / len(names) for name in names}


def shares_of(groups: Sequence[Hashable]) -> dict[Hashable, float]:
    """The share that each group has."""
    return {name: count / len(groups) for name, count in Counter(groups).items()}
