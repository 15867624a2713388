"""What the figures about a PRM say, in words for people."""

from __future__ import annotations

from collections.abc import Sequence

from meds3.evaluation.prm.length_preference import LEAST
from meds3.evaluation.report.table import interval, percent, points
from meds3.evaluation.results import Results
from meds3.evaluation.results_parts import Gain, LengthPreference, Measured, PrmQuality

_FALLING = ("min", "product")


def of_own_chains(results: Results) -> list[PrmQuality]:
    """Each round's PRM on the chains of that round's policy: what it was trained for."""
    return [q for q in results.prm_quality if q.system == f"round-{q.round}"]


def alarms(quality: Sequence[PrmQuality]) -> list[str]:
    """A sentence per PRM and chain score that follows length whatever the truth."""
    found = []
    for q in quality:
        for rule in dict.fromkeys(one.rule for one in q.length):
            loud = [one for one in q.length if one.rule == rule and one.alarm and one.rho]
            if loud:
                found.append(_alarm(q, rule, loud))
    return found


def _alarm(q: PrmQuality, rule: str, loud: Sequence[LengthPreference]) -> str:
    parts = [f"{_preferred(one)} (rank correlation {signed(one.rho)})" for one in loud if one.rho]
    why = (
        f" A score by “{rule}” falls with every further step by itself." if rule in _FALLING else ""
    )
    return (
        f"Length alarm: the PRM of round {q.round}, read as “{rule}”, prefers chains of "
        f"{' and of '.join(parts)}, among right chains and among wrong ones of the same question: "
        f"truth cannot explain that.{why}"
    )


def _preferred(one: LengthPreference) -> str:
    more = one.rho is not None and one.rho.value > 0
    return f"{'more' if more else 'fewer'} {one.measure}"


def in_words(q: PrmQuality) -> list[str]:
    """What a PRM did for one system, in sentences that need no statistics."""
    last = next(one for one in q.scores if one.rule == "last")
    said = []
    if last.auc_within is None:
        said.append("No question had both a right and a wrong chain: whether it ranks is unknown.")
    else:
        said.append(
            f"Of a right and a wrong chain of the same question it puts the right one first in "
            f"{percent(last.auc_within.value)} of {q.pairs:,} pairs from {q.n_mixed} questions "
            f"(95% interval {interval(last.auc_within.low, last.auc_within.high)}; a coin: 50%). "
            f"{_against_coin(last.auc_within, q.n_mixed)}"
        )
    best, vote = gain_of(q, "best-of-n/last"), gain_of(q, "vote-sum/last")
    said.append(
        f"Its best chain is right in {percent(best.accuracy)} of questions, a random chain that "
        f"states an answer in {percent(best.against_accuracy)}: "
        f"{signed_points(best.gain)} points. Some chain is right in {percent(q.ceiling)}."
    )
    said.append(
        f"P-VS reaches {percent(vote.accuracy)}, majority {percent(vote.against_accuracy)}: "
        f"{signed_points(vote.gain)} points."
    )
    if q.steps is not None:
        s = q.steps
        hopeful = "hopeful" if s.error.value > 0 else "doubtful"
        said.append(
            f"Steps it scores {s.mean_score:.2f} on average led to a right answer in "
            f"{percent(s.mean_value)} of {s.steps * s.rollouts_per_step:,} fresh rollouts: "
            f"{abs(100 * s.error.value):.1f} points too {hopeful} "
            f"({points(s.error.low)} to {points(s.error.high)}). "
            f"{_brier(s.brier, s.brier_constant)}"
        )
    return said


def _against_coin(auc: Measured, questions: int) -> str:
    if questions < LEAST:
        return "Too few questions to say more."
    if auc.low > 0.5:
        return "It tells right from wrong better than a coin."
    if auc.high < 0.5:
        return "It is worse than a coin: something is the wrong way round."
    return "A coin could do as well."


def _brier(brier: float, constant: float) -> str:
    verdict = "better" if brier < constant else "no better"
    return f"Squared error {brier:.3f}, {verdict} than always saying the mean ({constant:.3f})."


def gain_of(q: PrmQuality, strategy: str) -> Gain:
    return next(gain for gain in q.gains if gain.strategy == strategy)


def signed(one: Measured | None) -> str:
    if one is None:
        return "–"
    return f"{one.value:+.2f} ({one.low:+.2f} to {one.high:+.2f})".replace("-", "−")


def signed_points(one: Measured) -> str:
    return f"{points(one.value)} ({points(one.low)} to {points(one.high)})"
