"""What a PRM is worth on held-out problems: does it rank, does it help, does it look at length?

Only chains that state an answer are looked at: the others never vote, and to rank right chains
above them would flatter the PRM.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.outcome import SystemEvaluation
from meds3.evaluation.prm.chains import Chains, measured
from meds3.evaluation.prm.length_preference import MEASURES, length_preference
from meds3.evaluation.results_parts import Gain, GroupQuality, PrmQuality, ScoreQuality
from meds3.evaluation.statistics.ranking import pooled_auc
from meds3.evaluation.statistics.resampling import Resamples, Vector
from meds3.selection.rules import CHAIN_SCORES, canonical, needs_scores

RESAMPLES = 2_000  # at most: enough for percentiles of 95% (Efron & Tibshirani 1993, §14.3)
_BY: tuple[Literal["domain", "dataset"], ...] = ("domain", "dataset")


def prm_quality(
    evaluation: SystemEvaluation, round_: int, config: EvaluationConfig
) -> PrmQuality | None:
    """The quality of the PRM of `round_` on the candidates it scored; None when none did.

    Intervals are bootstraps over questions (clusters of duplicates), `config.resamples` but at
    most 2,000.
    """
    if evaluation.header.scorer is None:
        return None
    chains = Chains(
        evaluation,
        [
            [row for row in outcome.samples if row.answer is not None]
            for outcome in evaluation.outcomes
        ],
        Resamples(
            evaluation.clusters, seed=config.seed, resamples=min(config.resamples, RESAMPLES)
        ),
    )
    majority, (_, pairs) = chains.correct("majority"), chains.wins("last")
    rules = {canonical(s).split("/")[1] for s in config.strategies if needs_scores(s)}
    asked = sum(len(outcome.samples) for outcome in evaluation.outcomes)
    read = sum(map(len, chains.questions))
    return PrmQuality(
        round=round_,
        system=evaluation.name,
        n_questions=len(chains.questions),
        n_chains=read,
        n_unread=asked - read,
        n_mixed=int((pairs > 0).sum()),
        pairs=int(pairs.sum()),
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
            length_preference(chains, rule, measure, rule in rules)
            for rule in CHAIN_SCORES
            for measure in MEASURES
        ],
        groups=_groups(chains),
    )


def _score(chains: Chains, rule: str) -> ScoreQuality:
    scores, right = chains.scores(rule), chains.right
    question = [i for i, rows in enumerate(scores) for _ in rows]
    flat = [s for rows in scores for s in rows], [r for rows in right for r in rows]
    return ScoreQuality(
        rule=rule,
        auc=measured(pooled_auc(*flat, question, chains.resamples)),
        auc_within=measured(chains.resamples.ratio(*chains.wins(rule))),
    )


def _gain(
    chains: Chains, strategy: str, against: Literal["random", "majority"], other: Vector
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


def _groups(chains: Chains) -> list[GroupQuality]:
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
                    auc_within=measured(chains.resamples.ratio(won * here, pairs * here)),
                    best_gain=chains.mean(best, here),
                    vote_gain=chains.mean(vote, here),
                )
            )
    return found
