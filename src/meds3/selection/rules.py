"""How candidates become one answer: pure functions over answers and step scores.

Every rule is a way to score a chain (`last`, `min`, `mean`, `product` of its step scores, or
1 for each chain) and a way to pool the scores of the chains that state the same answer.
P-VS of arXiv 2501.12051 is `vote-sum/last`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from meds3.errors import InputError
from meds3.selection.candidate import Candidate

ChainScore = Callable[[Candidate], float]
Pool = Callable[[list[float]], float]
Ballot = list[tuple[float, Candidate]]  # the chains of one answer with their scores


@dataclass(frozen=True)
class Selection:
    """The outcome of a vote.

    `votes` is the mass of each answer, `confidence` the winner's share of all mass (0 when
    there is none). `winner` is the best-scored candidate that states `answer`; both are None
    when no candidate stated a usable answer. `chains` counts the chains of each answer. `own` is
    the mass of the chains that state `answer` itself, without numbers that are close to it.
    """

    winner: Candidate | None
    answer: str | None
    confidence: float
    votes: dict[str, float]
    chains: dict[str, int] = field(default_factory=dict)
    own: float = 0.0


Strategy = Callable[[Sequence[Candidate]], Selection]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


# How the step scores of one chain become its score. One step: every rule gives that score.
CHAIN_SCORES: dict[str, Callable[[Sequence[float]], float]] = {
    "last": lambda scores: scores[-1],
    "min": min,
    "mean": _mean,
    "product": math.prod,
}


def _sum_of_fourth_powers(values: Sequence[float]) -> float:
    return math.fsum(value**4 for value in values)


# How the scores of the chains with one answer become its votes. `fsum` makes the result
# independent of the order of the candidates to the last bit. Scores of a small PRM lie close
# together, so that their plain sum is nearly a count of chains; the fourth power, beyond the
# paper, lets them weigh (docs/experiments.md has what 1 to 20 gave).
POOLS: dict[str, Pool] = {
    "best-of-n": max,
    "vote-sum": math.fsum,
    "vote-sum^4": _sum_of_fourth_powers,
    "vote-mean": _mean,
}


def chain_score(candidate: Candidate, rule: str) -> float:
    """The score of a chain under `last`, `min`, `mean` or `product`.

    Raises `InputError` for a chain without scores, or with one outside [0, 1].
    """
    if not candidate.scores:
        raise InputError(
            f"rule {rule!r} needs step scores, and a chain that answers "
            f"{candidate.extraction.key!r} has none",
            "score the candidates with a PRM first, or choose `majority` or `greedy`",
        )
    if not all(0.0 <= score <= 1.0 for score in candidate.scores):  # also catches NaN
        raise InputError(
            f"step scores {candidate.scores}: expected numbers from 0 to 1",
            "check the scorer: it must return probabilities",
        )
    return CHAIN_SCORES[rule](candidate.scores)


def _one(_: Candidate) -> float:
    return 1.0


def _vote(candidates: Sequence[Candidate], score: ChainScore, pool: Pool) -> Selection:
    """Pool the scores of each answer's chains; the answer with most mass wins.

    Numbers within `Candidate.within` of each other are one answer.
    Ties go to the answer with the best single chain score, then to the first in text order.
    """
    ballots: dict[str, Ballot] = {}
    for candidate in candidates:
        if candidate.extraction.key is not None:
            ballot = ballots.setdefault(candidate.extraction.key, [])
            ballot.append((score(candidate), candidate))
    if not ballots:
        return Selection(None, None, 0.0, {})
    alone = {key: pool([s for s, _ in ballots[key]]) for key in sorted(ballots)}
    merged = _merged(ballots, alone, max(candidate.within for candidate in candidates))
    votes = {key: pool([s for s, _ in merged[key]]) for key in sorted(merged)}
    answer = min(votes, key=lambda key: (-votes[key], -max(s for s, _ in merged[key]), key))
    _, winner = min(
        ballots[answer], key=lambda pair: (-pair[0], pair[1].chain.text, pair[1].scores)
    )
    mass = math.fsum(votes.values())
    return Selection(
        winner,
        answer,
        votes[answer] / mass if mass > 0 else 0.0,
        votes,
        {key: len(ballot) for key, ballot in merged.items()},
        alone[answer],
    )


def _merged(
    ballots: dict[str, Ballot], alone: dict[str, float], within: float
) -> dict[str, Ballot]:
    """The ballots of numbers that are close, put together under the number with most mass.

    That number takes all within reach, then the strongest of the rest, and so on: no value is
    carried from neighbour to neighbour. Keys that are no number stay by themselves.
    """
    values = {key: value for key in ballots if (value := _value(key)) is not None}
    if not within or len(values) < 2:
        return ballots
    found = {key: list(ballot) for key, ballot in ballots.items() if key not in values}
    left = sorted(values, key=lambda key: (-alone[key], key))
    while left:
        anchor, slack = left[0], 1e-9 * max(1.0, abs(values[left[0]]))
        near = [key for key in left if abs(values[key] - values[anchor]) <= within + slack]
        found[anchor] = [pair for key in near for pair in ballots[key]]
        left = [key for key in left if key not in near]
    return found


def _value(key: str) -> float | None:
    """The number a key stands for; None for a text, or a number in another unit."""
    try:
        return float(key)
    except ValueError:
        return None


def _greedy(candidates: Sequence[Candidate]) -> Selection:
    if len(candidates) != 1:
        raise InputError(
            f"strategy 'greedy' takes the one temperature-0 candidate, found {len(candidates)}",
            "sample with greedy=True, or choose `majority`",
        )
    return _vote(candidates, _one, math.fsum)


def _scored(rule: str, pool: Pool) -> Strategy:
    return partial(_vote, score=partial(chain_score, rule=rule), pool=pool)


# Majority ignores the step scores even where it has to break a tie: it is what the PRM is
# measured against.
STRATEGIES: dict[str, Strategy] = {
    "greedy": _greedy,
    "majority": partial(_vote, score=_one, pool=math.fsum),
    **{f"{name}/{rule}": _scored(rule, POOLS[name]) for name in POOLS for rule in CHAIN_SCORES},
}
ALIASES = {"pvs": "vote-sum/last"}
STRATEGIES |= {alias: STRATEGIES[name] for alias, name in ALIASES.items()}
UNSCORED = frozenset({"greedy", "majority"})


def check_strategy(name: str) -> str:
    """`name`, when it is a strategy; an `InputError` that lists them otherwise."""
    if name not in STRATEGIES:
        raise InputError(f"strategy {name!r} is unknown", f"choose one of {', '.join(STRATEGIES)}")
    return name


def canonical(name: str) -> str:
    """The strategy's full name: `vote-sum/last` for `pvs`."""
    return ALIASES.get(check_strategy(name), name)


def needs_scores(name: str) -> bool:
    """Whether the strategy reads step scores."""
    return check_strategy(name) not in UNSCORED


def select(candidates: Sequence[Candidate], strategy: str) -> Selection:
    """One answer from the candidates of one question.

    Raises `InputError` for an unknown strategy, for a scored strategy without scores, and for
    `greedy` with other than one candidate. Candidates without a usable answer never vote.
    """
    return STRATEGIES[check_strategy(strategy)](candidates)
