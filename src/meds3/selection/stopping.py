"""When enough chains have voted: pure functions over the votes so far.

Only votes that add up can be stopped early: a chain adds at most 1 to one answer. A mean can fall,
and the best of N is open until the last chain is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from meds3.errors import InputError
from meds3.selection.rules import CHAIN_SCORES, canonical

Stopping = Literal["off", "exact", "likely"]
Enough = Callable[[float, float, int], bool]  # mass of leader and runner-up, chains still to come

ADDED_UP = frozenset({"majority", *(f"vote-sum/{rule}" for rule in CHAIN_SCORES)})
_ROUNDING = 1e-9  # masses are sums of rounded scores; a tie must not pass for a lead


def settled(leader: float, runner_up: float, remaining: int) -> bool:
    """Whether `remaining` chains cannot change the answer, whatever they say and score.

    At worst all of them score 1 and go to the runner-up, or to an answer nobody has given yet,
    and a tie is lost.
    """
    return leader > runner_up + remaining + _ROUNDING


def lead_probability(leader: float, runner_up: float) -> float:
    """Posterior probability that the leader is the more frequent of the two answers.

    1 − I_½(leader + 1, runner_up + 1), from a uniform prior on their ratio; masses count as votes.
    Source: Aggarwal et al. 2023, "Adaptive-Consistency", arXiv 2305.11860 §3 (Beta stopping); that
    a score counts as a part of a vote is ours.
    """
    from scipy.special import betainc

    return float(1.0 - betainc(leader + 1.0, runner_up + 1.0, 0.5))


def enough(rule: Stopping, sure: float) -> Enough:
    """The test of a rule, `off` never passes; `sure` is the probability that `likely` asks for."""
    if rule == "off":
        return lambda leader, runner_up, remaining: False
    if rule == "exact":
        return settled
    return lambda leader, runner_up, _: lead_probability(leader, runner_up) >= sure


def adds_up(strategy: str) -> bool:
    """Whether the votes of `strategy` can be stopped early."""
    return canonical(strategy) in ADDED_UP


def check_adds_up(strategy: str) -> str:
    """`strategy`, when its votes can be stopped early; an `InputError` otherwise."""
    if not adds_up(strategy):
        raise InputError(
            f"strategy {strategy!r} cannot be stopped early: its votes do not add up",
            f"choose one of {', '.join(sorted(ADDED_UP))}, or draw all chains",
        )
    return strategy


def top_two(votes: Mapping[str, float]) -> tuple[float, float]:
    """The masses of the leader and of the runner-up; 0 where nobody is."""
    first, second = sorted((*votes.values(), 0.0, 0.0), reverse=True)[:2]
    return first, second


def next_wave(votes: Mapping[str, float], remaining: int, test: Enough, least: int) -> int:
    """How many chains to draw next: 0 when the votes are enough or none remain.

    The fewest after which `test` could pass, were they all to score 1 for the leader: asking
    earlier would be in vain. At least `least`, so that waves stay worth a call.
    """
    leader, runner_up = top_two(votes)
    if remaining <= 0 or (leader > 0 and test(leader, runner_up, remaining)):
        return 0
    for size in range(1, remaining):
        if test(leader + size, runner_up, remaining - size):
            return min(max(size, least), remaining)
    return remaining
