"""What a PRM is worth on held-out problems: does it rank, does it help, does it look at length?

Only chains that state an answer are looked at: the others never vote, and to rank right chains
above them would flatter the PRM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from meds3.answers.verdict import Verdict
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.outcome import CandidateRow, SystemEvaluation
from meds3.evaluation.ranking import correlation, pooled_auc, rank_sums, wins
from meds3.evaluation.resampling import Estimate, Matrix, Resamples, Vector
from meds3.evaluation.results_parts import (
    Gain,
    GroupQuality,
    LengthPreference,
    Measured,
    PrmQuality,
    ScoreQuality,
)
from meds3.selection.candidate import Candidate
from meds3.selection.rules import CHAIN_SCORES, canonical, needs_scores

RESAMPLES = 2_000  # at most: enough for percentiles of 95% (Efron & Tibshirani 1993, §14.3)
# At 0.2 a chain of the longer half is in the upper half of the scores in 57 of 100 cases, not in
# 50 (for normal scores: 1/2 + arcsin(2 sin(0.2 π/6)) / π).
RHO_ALARM = 0.2

Measure = Literal["tokens", "steps"]
_BY: tuple[Literal["domain", "dataset"], ...] = ("domain", "dataset")


@dataclass(frozen=True)
class _Chains:
    """The answering chains of every question, with the bootstrap over the questions."""

    evaluation: SystemEvaluation
    questions: list[list[CandidateRow]]
    resamples: Resamples

    @cached_property
    def right(self) -> list[list[bool]]:
        return [[row.verdict is Verdict.CORRECT for row in rows] for rows in self.questions]

    @cached_property
    def random(self) -> Vector:
        """Per question the share of its answering chains that are right; 0 without any."""
        return np.array([sum(right) / max(len(right), 1) for right in self.right])

    @cached_property
    def any_right(self) -> Vector:
        return np.array([float(any(right)) for right in self.right])

    def scores(self, rule: str) -> list[list[float]]:
        return [[CHAIN_SCORES[rule](row.scores) for row in rows] for rows in self.questions]

    def lengths(self, measure: Measure) -> list[list[float]]:
        return [[_length(row, measure) for row in rows] for rows in self.questions]

    def correct(self, strategy: str) -> Vector:
        return np.array([float(right) for right in self.evaluation.correct(strategy).values()])

    def mean(self, values: Vector, chosen: Vector | None = None) -> Measured:
        """The mean of a value per question, over all or the `chosen` (1, else 0) questions."""
        weight = np.ones_like(values) if chosen is None else chosen
        found = self.resamples.ratio(values * weight, weight)
        return _required(found)

    def wins(self, rule: str) -> tuple[Vector, Vector]:
        pairs = zip(self.scores(rule), self.right, strict=True)
        counted = np.array([wins(scores, right) for scores, right in pairs], dtype=np.float64)
        return counted[:, 0], counted[:, 1]


def prm_quality(
    evaluation: SystemEvaluation, round_: int, config: EvaluationConfig
) -> PrmQuality | None:
    """The quality of the PRM of `round_` on the candidates it scored; None when none did.

    Intervals are bootstraps over questions (clusters of duplicates), `config.resamples` but at
    most 2,000.
    """
    if evaluation.header.scorer is None:
        return None
    chains = _Chains(
        evaluation,
        [
            [row for row in outcome.samples if row.answer is not None]
            for outcome in evaluation.outcomes
        ],
        Resamples(
            evaluation.clusters, seed=config.seed, resamples=min(config.resamples, RESAMPLES)
        ),
    )
    majority = chains.correct("majority")
    rules = {canonical(s).split("/")[1] for s in config.strategies if needs_scores(s)}
    asked = sum(len(outcome.samples) for outcome in evaluation.outcomes)
    read = sum(map(len, chains.questions))
    return PrmQuality(
        round=round_,
        system=evaluation.name,
        n_questions=len(chains.questions),
        n_chains=read,
        n_unread=asked - read,
        pairs=int(chains.wins("last")[1].sum()),
        chain_accuracy=float(chains.random.mean()),
        ceiling=float(chains.any_right.mean()),
        scores=[_score(chains, rule) for rule in CHAIN_SCORES],
        gains=[
            gain
            for rule in CHAIN_SCORES
            for gain in (
                _gain(chains, f"best-of-n/{rule}", "random", chains.random),
                _gain(chains, f"vote-sum/{rule}", "majority", majority),
            )
        ],
        length=[
            _length_preference(chains, rule, measure, rule in rules)
            for rule in CHAIN_SCORES
            for measure in get_args(Measure)
        ],
        groups=_groups(chains),
    )


def _score(chains: _Chains, rule: str) -> ScoreQuality:
    scores, right = chains.scores(rule), chains.right
    question = [i for i, rows in enumerate(scores) for _ in rows]
    flat = [s for rows in scores for s in rows], [r for rows in right for r in rows]
    return ScoreQuality(
        rule=rule,
        auc=_measured(pooled_auc(*flat, question, chains.resamples)),
        auc_within=_measured(chains.resamples.ratio(*chains.wins(rule))),
    )


def _gain(
    chains: _Chains, strategy: str, against: Literal["random", "majority"], other: Vector
) -> Gain:
    found = chains.correct(strategy)
    gain, room = chains.mean(found - other), float((chains.any_right - other).mean())
    return Gain(
        strategy=strategy,
        against=against,
        accuracy=float(found.mean()),
        against_accuracy=float(other.mean()),
        gain=gain,
        room=room,
        room_taken=gain.value / room if room > 0 else None,
    )


def _length_preference(
    chains: _Chains, rule: str, measure: Measure, in_use: bool
) -> LengthPreference:
    scores, lengths = chains.scores(rule), chains.lengths(measure)
    sums = {verdict: _sums(scores, lengths, chains.right, verdict) for verdict in (True, False)}

    def rho(parts: Matrix) -> Measured | None:
        return _measured(chains.resamples.estimate(tuple(parts.T), correlation))

    both = rho(sums[True] + sums[False])
    flat = [length for rows in lengths for length in rows]
    return LengthPreference(
        rule=rule,
        measure=measure,
        rho=both,
        rho_right=rho(sums[True]),
        rho_wrong=rho(sums[False]),
        chosen_extra=_chosen_extra(chains, f"best-of-n/{rule}", measure),
        mean_length=float(np.mean(flat)) if flat else 0.0,
        alarm=in_use and both is not None and _alarming(both),
    )


def _alarming(rho: Measured) -> bool:
    return abs(rho.value) > RHO_ALARM and not rho.low <= 0 <= rho.high


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


def _chosen_extra(chains: _Chains, strategy: str, measure: Measure) -> Measured | None:
    extra, answered = [], []
    for outcome, lengths in zip(chains.evaluation.outcomes, chains.lengths(measure), strict=True):
        winner = outcome.decide(strategy)[0].winner
        answered.append(float(winner is not None))
        extra.append(_length(winner, measure) - float(np.mean(lengths)) if winner else 0.0)
    return _measured(chains.resamples.ratio(np.array(extra), np.array(answered)))


def _length(chain: CandidateRow | Candidate, measure: Measure) -> float:
    """Generated tokens, or steps after Step 0."""
    if measure == "tokens":
        return float(chain.tokens)
    return float(len(chain.scores))


def _groups(chains: _Chains) -> list[GroupQuality]:
    won, pairs = chains.wins("last")
    best = chains.correct("best-of-n/last") - chains.random
    vote = chains.correct("pvs") - chains.correct("majority")
    found = []
    for by in _BY:
        labels = [getattr(outcome, by) for outcome in chains.evaluation.outcomes]
        for group in sorted(set(labels)):
            here = np.array([float(label == group) for label in labels])
            found.append(
                GroupQuality(
                    by=by,
                    group=group,
                    n_questions=int(here.sum()),
                    pairs=int(pairs @ here),
                    auc_within=_measured(chains.resamples.ratio(won * here, pairs * here)),
                    best_gain=chains.mean(best, here),
                    vote_gain=chains.mean(vote, here),
                )
            )
    return found


def _measured(found: Estimate | None) -> Measured | None:
    if found is None:
        return None
    return Measured(value=found.value, low=found.low, high=found.high)


def _required(found: Estimate | None) -> Measured:
    measured = _measured(found)
    if measured is None:
        raise ValueError("a mean over no question")
    return measured
