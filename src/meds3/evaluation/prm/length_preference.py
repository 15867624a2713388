"""Does a PRM prefer longer or shorter chains, whatever their truth?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from meds3.evaluation.outcome import CandidateRow
from meds3.evaluation.prm.chains import Chains, measured
from meds3.evaluation.results_parts import LengthPreference, Measured
from meds3.evaluation.statistics.ranking import correlation, rank_sums
from meds3.evaluation.statistics.resampling import Matrix
from meds3.selection.candidate import Candidate

# At 0.2 a chain of the longer half is in the upper half of the scores in 57 of 100 cases, not in
# 50 (for normal scores: 1/2 + arcsin(2 sin(0.2 π/6)) / π).
RHO_ALARM = 0.2
LEAST = 10  # questions that say something: the bootstrap of fewer can be a point

Measure = Literal["tokens", "steps"]
MEASURES: tuple[Measure, ...] = get_args(Measure)


def length_preference(
    chains: Chains, rule: str, measure: Measure, in_use: bool
) -> LengthPreference:
    """How the score by `rule` goes with length; no alarm for a score that is not `in_use`."""
    scores, lengths = chains.scores(rule), _lengths(chains, measure)
    sums = {verdict: _sums(scores, lengths, chains.right, verdict) for verdict in (True, False)}

    def rho(parts: Matrix) -> Measured | None:
        return measured(chains.resamples.estimate(tuple(parts.T), correlation))

    together = sums[True] + sums[False]
    both = rho(together)
    flat = [length for rows in lengths for length in rows]
    return LengthPreference(
        rule=rule,
        measure=measure,
        rho=both,
        rho_right=rho(sums[True]),
        rho_wrong=rho(sums[False]),
        chosen_extra=_chosen_extra(chains, f"best-of-n/{rule}", measure),
        mean_length=float(np.mean(flat)) if flat else 0.0,
        alarm=in_use and both is not None and _alarming(both, int((together[:, 2] > 0).sum())),
    )


def _alarming(rho: Measured, questions: int) -> bool:
    sure = questions >= LEAST and not rho.low <= 0 <= rho.high
    return sure and abs(rho.value) > RHO_ALARM


def _sums(
    scores: Sequence[Sequence[float]],
    lengths: Sequence[Sequence[float]],
    right: Sequence[Sequence[bool]],
    verdict: bool,
) -> Matrix:
    """`rank_sums` of score and length among the chains with `verdict`, a row per question."""
    found = []
    for x, y, good in zip(scores, lengths, right, strict=True):
        chosen = [i for i, one in enumerate(good) if one is verdict]
        found.append(rank_sums([x[i] for i in chosen], [y[i] for i in chosen]))
    return np.array(found, dtype=np.float64)


def _chosen_extra(chains: Chains, strategy: str, measure: Measure) -> Measured | None:
    extra, answered = [], []
    for outcome, lengths in zip(chains.evaluation.outcomes, _lengths(chains, measure), strict=True):
        winner = outcome.decide(strategy)[0].winner
        answered.append(float(winner is not None))
        extra.append(_length(winner, measure) - float(np.mean(lengths)) if winner else 0.0)
    return measured(chains.resamples.ratio(np.array(extra), np.array(answered)))


def _length(chain: CandidateRow | Candidate, measure: Measure) -> float:
    """Generated tokens, or steps after Step 0."""
    if measure == "tokens":
        return float(chain.tokens)
    return float(len(chain.scores))


def _lengths(chains: Chains, measure: Measure) -> list[list[float]]:
    return [[_length(row, measure) for row in rows] for rows in chains.questions]
