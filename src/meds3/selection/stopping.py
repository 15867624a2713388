"""When enough chains have voted: pure functions over the votes so far.

Only votes that add up can be stopped early: a chain adds at most 1 to one answer. A mean can fall,
and the best of N is open until the last chain is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

from meds3.errors import InputError
from meds3.selection.candidate import Candidate
from meds3.selection.rules import CHAIN_SCORES, Selection, canonical

Stopping = Literal["off", "exact", "likely"]

ADDED_UP = frozenset(
    {
        "majority",
        *(f"{pool}/{rule}" for pool in ("vote-sum", "vote-sum^4") for rule in CHAIN_SCORES),
    }
)
_ROUNDING = 1e-9  # masses are sums of rounded scores; a tie must not pass for a lead


@dataclass(frozen=True)
class Tally:
    """The two strongest answers after `drawn` chains of `drawn + remaining`: mass and chains.

    `wins_tie`: the leader would win should the others draw level, because every vote so far is
    a whole one and its text comes before theirs (`meds3.selection.rules`).
    """

    leader: float
    runner_up: float
    leader_chains: int
    runner_up_chains: int
    drawn: int
    remaining: int
    wins_tie: bool = False

    def agreed(self, more: int) -> Tally:
        """The same after `more` chains that all score 1 for the leader."""
        return replace(
            self,
            leader=self.leader + more,
            leader_chains=self.leader_chains + more,
            drawn=self.drawn + more,
            remaining=self.remaining - more,
        )


Enough = Callable[[Tally], bool]


def tally(candidates: Sequence[Candidate], selection: Selection, total: int) -> Tally:
    """The votes of `candidates` when `total` chains are drawn in all."""
    drawn = len(candidates)
    ranked = sorted(
        selection.votes, key=lambda key: (key != selection.answer, -selection.votes[key])
    )
    if any(candidate.within for candidate in candidates):
        # Chains to come may put others together, or be what the leader's neighbours gather round.
        # A number that outweighs all the rest cannot lose them.
        same = sum(c.extraction.key == selection.answer for c in candidates if c.votes)
        rest = math.fsum(selection.votes.values()) - selection.own
        others = sum(selection.chains.values()) - same
        return Tally(selection.own, rest, same, others, drawn, total - drawn)
    (first, one), (second, two) = [
        (selection.votes[key], selection.chains[key]) for key in ranked[:2]
    ] + [(0.0, 0)] * (2 - len(ranked[:2]))
    level = [key for key in ranked[1:] if selection.votes[key] == second]
    wins_tie = bool(level) and ranked[0] < min(level) and (first, second) == (one, two)
    return Tally(first, second, one, two, drawn, total - drawn, wins_tie)


def settled(votes: Tally) -> bool:
    """Whether the remaining chains cannot change the answer, whatever they say and score.

    At worst all of them score 1 and go to the runner-up, or to an answer nobody has given yet. A
    tie is lost, unless it is known to be won: then it is one with the runner-up, as the leader
    has more than the remaining chains.
    """
    lead = votes.leader - votes.runner_up - votes.remaining
    return lead > _ROUNDING or (votes.wins_tie and lead >= -_ROUNDING)


def win_probability(votes: Tally) -> float:
    """Posterior probability that the leader has more mass than the runner-up when all are drawn.

    A further chain is for the leader, the runner-up or neither with unknown chances, a priori
    uniform: the counts to come are Dirichlet-multinomial. Each chain adds what chains of its
    answer added so far on average, 1 where there was none. A tie counts as lost unless `wins_tie`;
    that a third answer overtakes both is neglected. For many remaining chains it becomes the Beta
    rule of Aggarwal et al. 2023, "Adaptive-Consistency", arXiv 2305.11860 §3.
    """
    import numpy as np
    from scipy.special import gammaln

    n = votes.remaining
    one = votes.leader / votes.leader_chains if votes.leader_chains else 1.0
    two = votes.runner_up / votes.runner_up_chains if votes.runner_up_chains else 1.0
    neither = votes.drawn - votes.leader_chains - votes.runner_up_chains
    prior = np.array([votes.leader_chains, votes.runner_up_chains, neither]) + 1.0
    x, y = (grid.ravel() for grid in np.meshgrid(np.arange(n + 1), np.arange(n + 1)))
    x, y = x[x + y <= n], y[x + y <= n]
    counts = np.stack([x, y, n - x - y])
    # n! Γ(a) / Γ(n + a) · Π Γ(k_i + a_i) / (k_i! Γ(a_i)), as logarithms
    whole = math.lgamma(n + 1) + math.lgamma(prior.sum()) - math.lgamma(n + prior.sum())
    parts = gammaln(counts + prior[:, None]) - gammaln(counts + 1) - gammaln(prior)[:, None]
    lead = votes.leader + one * x - votes.runner_up - two * y
    wins = lead >= -_ROUNDING if votes.wins_tie else lead > _ROUNDING
    return float(np.exp(whole + parts.sum(axis=0))[wins].sum())


def enough(rule: Stopping, sure: float) -> Enough:
    """The test of a rule, `off` never passes; `sure` is the probability that `likely` asks for."""
    tests: dict[Stopping, Enough] = {
        "off": lambda votes: False,
        "exact": settled,
        "likely": lambda votes: win_probability(votes) >= sure,
    }
    return tests[rule]


def check_stopping(name: str) -> Stopping:
    """`name`, when it is a rule of stopping; an `InputError` otherwise."""
    for rule in get_args(Stopping):
        if name == rule:
            return cast(Stopping, rule)
    raise InputError(
        f"adaptive {name!r}: no such rule of stopping", f"one of {', '.join(get_args(Stopping))}"
    )


def adds_up(strategy: str) -> bool:
    """Whether the votes of `strategy` can be stopped early."""
    return canonical(strategy) in ADDED_UP


def usual_stopping(strategy: str) -> Stopping:
    """How a user is answered who asks for nothing else: no chain is drawn that could not change
    the answer."""
    return "exact" if adds_up(strategy) else "off"


def check_adds_up(strategy: str) -> str:
    """`strategy`, when its votes can be stopped early; an `InputError` otherwise."""
    if not adds_up(strategy):
        raise InputError(
            f"strategy {strategy!r} cannot be stopped early: its votes do not add up",
            f"choose one of {', '.join(sorted(ADDED_UP))}, or draw all chains",
        )
    return strategy


def next_wave(votes: Tally, test: Enough, least: int) -> int:
    """How many chains to draw next: 0 when the votes are enough or none remain.

    The fewest after which `test` could pass, were they all to score 1 for the leader: asking
    earlier would be in vain. At least `least`, so that waves stay worth a call.
    """
    if votes.remaining <= 0 or (votes.leader > 0 and test(votes)):
        return 0
    for size in range(1, votes.remaining):
        if test(votes.agreed(size)):
            return min(max(size, least), votes.remaining)
    return votes.remaining
