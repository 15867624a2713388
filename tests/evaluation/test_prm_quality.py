"""What a PRM is worth, on tables small enough to work by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from meds3.answers.verdict import Verdict
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.outcome import CandidateRow, SystemEvaluation
from meds3.evaluation.prm.quality import prm_quality
from meds3.evaluation.report.quality_words import alarms, in_words
from meds3.evaluation.results_parts import Gain, LengthPreference, PrmQuality, ScoreQuality
from tests.evaluation.made_up import evaluation

CONFIG = EvaluationConfig(resamples=400, strategies=("greedy", "majority", "pvs"))


def chain(
    verdict: Verdict, scores: Sequence[float], tokens: int = 10, answer: str = ""
) -> CandidateRow:
    """A chain with a step per score. B is right, A is wrong unless `answer` says else."""
    letters: dict[Verdict, str | None] = {Verdict.CORRECT: "B", Verdict.WRONG: answer or "A"}
    return CandidateRow(
        answer=letters.get(verdict),
        verdict=verdict,
        tokens=tokens,
        scores=tuple(scores),
        steps=tuple(f"Step of {tokens}." for _ in scores),
    )


def right(*scores: float, tokens: int = 10) -> CandidateRow:
    return chain(Verdict.CORRECT, scores, tokens)


def wrong(*scores: float, tokens: int = 10, answer: str = "A") -> CandidateRow:
    return chain(Verdict.WRONG, scores, tokens, answer)


def mute(*scores: float) -> CandidateRow:
    return chain(Verdict.UNPARSABLE, scores)


def asked(*questions: Sequence[CandidateRow]) -> SystemEvaluation:
    """Questions with these samples; each its own cluster, domains and datasets in turn."""
    made = evaluation("round-1", 0.5)
    outcomes = tuple(
        outcome.model_copy(update={"samples": tuple(samples), "cluster": outcome.problem_id})
        for outcome, samples in zip(made.outcomes, questions, strict=False)
    )
    return SystemEvaluation(header=made.header, outcomes=outcomes)


def quality(*questions: Sequence[CandidateRow], config: EvaluationConfig = CONFIG) -> PrmQuality:
    found = prm_quality(asked(*questions), 1, config)
    assert found is not None
    return found


def score(q: PrmQuality, rule: str = "last") -> ScoreQuality:
    return next(one for one in q.scores if one.rule == rule)


def gain(q: PrmQuality, strategy: str) -> Gain:
    return next(one for one in q.gains if one.strategy == strategy)


def length(q: PrmQuality, rule: str, measure: str) -> LengthPreference:
    return next(one for one in q.length if (one.rule, one.measure) == (rule, measure))


# Question 1: right .9 | wrong .3 .6        last: 2 of 2 pairs; majority A wrong, P-VS B .9 = .9 A
# Question 2: right .8 .2 | wrong .5 | mute 1 of 2 pairs; majority right
# Question 3: wrong .95 .1                   no pair
# Question 4: mute mute                      no chain at all
HAND = (
    (right(0.9), wrong(0.3), wrong(0.6)),
    (right(0.8), right(0.2), wrong(0.5), mute(0.99)),
    (wrong(0.95), wrong(0.1, answer="C")),
    (mute(0.7), mute(0.6)),
)


def test_pairs_within_and_between_questions() -> None:
    q = quality(*HAND)
    assert (q.n_questions, q.n_chains, q.n_unread) == (4, 8, 3)
    assert (q.n_mixed, q.pairs) == (2, 4)
    found = score(q)
    assert found.auc_within is not None
    assert found.auc is not None
    assert found.auc_within.value == pytest.approx(3 / 4)
    # right .9 .8 .2 against wrong .3 .6 .5 .95 .1: 4 + 4 + 1 of 15
    assert found.auc.value == pytest.approx(9 / 15)


def test_best_of_n_against_a_random_chain_and_votes_against_majority() -> None:
    q = quality(*HAND)
    # random: 1/3, 2/3, 0, 0 (no chain): 1/4; best by `last`: right, right, wrong, none
    best = gain(q, "best-of-n/last")
    assert q.chain_accuracy == best.against_accuracy == pytest.approx(1 / 4)
    assert best.accuracy == q.ceiling == 0.5
    assert best.gain.value == pytest.approx(1 / 4)
    assert (best.room, best.room_taken) == (pytest.approx(1 / 4), pytest.approx(1.0))
    # majority: A, B, A (tie by text), none. P-VS: .9 against .9, the best single chain decides: B
    vote = gain(q, "vote-sum/last")
    assert (vote.against, vote.accuracy, vote.against_accuracy) == ("majority", 0.5, 0.25)
    assert vote.gain.value == pytest.approx(1 / 4)


def test_what_cannot_be_computed_is_none() -> None:
    q = quality((right(0.5), right(0.9)), (wrong(0.1),))
    assert q.pairs == 0
    assert score(q).auc_within is None
    assert score(q).auc is not None  # between questions there are two pairs
    assert gain(q, "best-of-n/last").room_taken is None
    assert length(q, "last", "tokens").rho is None
    assert "whether it ranks is unknown" in in_words(q)[0]
    only_right = quality((right(0.5),), (right(0.9),))
    assert score(only_right).auc is None
    nothing_said = quality((mute(0.5),), (mute(0.9),))
    assert (nothing_said.n_chains, nothing_said.chain_accuracy) == (0, 0.0)
    assert length(nothing_said, "last", "tokens").chosen_extra is None


def test_without_a_prm_there_is_nothing_to_measure() -> None:
    assert prm_quality(evaluation("base", 0.3, scorer=None), 1, CONFIG) is None


def test_groups_have_their_own_pairs() -> None:
    q = quality(*HAND)  # one question a domain
    found = {g.group: g for g in q.groups if g.by == "domain"}
    assert sum(g.n_questions for g in found.values()) == 4
    assert sorted(g.pairs for g in found.values()) == [0, 0, 2, 2]
    values = [g.auc_within.value for g in found.values() if g.auc_within]
    assert sorted(values) == [0.5, 1.0]
    assert {g.by for g in q.groups} == {"domain", "dataset"}


def longer_is_better(i: int) -> tuple[CandidateRow, ...]:
    """Right and wrong chains alike score by their tokens alone."""
    return (
        *(right(0.5 + t / 200, tokens=t + i % 3) for t in (10, 20, 30)),
        *(wrong(0.5 + t / 200, tokens=t + i % 3) for t in (12, 22, 32)),
    )


def test_a_prm_that_looks_at_length_alone_sets_off_the_alarm() -> None:
    q = quality(*map(longer_is_better, range(30)))
    found = length(q, "last", "tokens")
    assert found.rho is not None
    assert found.rho.value == pytest.approx(1.0)
    assert found.alarm
    assert found.rho_right is not None
    assert found.rho_right.value == pytest.approx(1.0)
    assert found.chosen_extra is not None
    assert found.chosen_extra.value == pytest.approx(11.0)  # 32 against a mean of 21
    assert found.mean_length == pytest.approx(22.0)
    (said,) = alarms([q])
    assert "prefers chains of more tokens (rank correlation +1.00" in said
    # One-step chains: every rule gives the same score, but the run votes with `last` alone.
    assert length(q, "min", "tokens").rho == found.rho
    assert not length(q, "min", "tokens").alarm


def test_truth_that_happens_to_be_long_sets_off_none() -> None:
    """Right chains are longer and score higher; among themselves length means nothing."""
    scores = [0.6, 0.8, 0.7, 0.9], [0.2, 0.4, 0.3, 0.1]
    questions = [
        (
            *(
                right(s, tokens=50 + t)
                for s, t in zip(scores[0], _turned((1, 2, 3, 4), i), strict=True)
            ),
            *(
                wrong(s, tokens=10 + t)
                for s, t in zip(scores[1], _turned((1, 2, 3, 4), i), strict=True)
            ),
        )
        for i in range(40)
    ]
    q = quality(*questions)
    found = length(q, "last", "tokens")
    assert found.rho is not None
    assert abs(found.rho.value) < 0.1
    assert not found.alarm
    assert alarms([q]) == []
    within = score(q).auc_within
    assert within is not None
    assert within.value == 1.0
    assert found.chosen_extra is not None
    assert found.chosen_extra.value > 15  # the chosen chain is longer, and rightly so


def _turned(values: Sequence[int], i: int) -> Sequence[int]:
    return [*values[i % 4 :], *values[: i % 4]]


def test_steps_are_counted_apart_from_tokens() -> None:
    """More steps, higher last score; tokens are all alike."""
    questions = [(wrong(0.3), wrong(0.3, 0.5), wrong(0.3, 0.4, 0.9)) for _ in range(20)]
    q = quality(*questions)
    steps = length(q, "last", "steps")
    assert steps.rho is not None
    assert steps.rho.value == pytest.approx(1.0)
    assert steps.alarm
    assert steps.mean_length == pytest.approx(2.0)
    assert length(q, "last", "tokens").rho is None
    assert steps.rho_right is None


def test_a_weak_or_an_uncertain_preference_is_no_alarm() -> None:
    one = quality((wrong(0.1, tokens=5), wrong(0.9, tokens=9)), (wrong(0.8), wrong(0.2, tokens=20)))
    found = length(one, "last", "tokens")
    assert found.rho is not None
    assert found.rho.low <= 0 <= found.rho.high
    assert not found.alarm


def test_few_questions_set_off_no_alarm_however_alike() -> None:
    nine, ten = (quality(*map(longer_is_better, range(n))) for n in (9, 10))
    found = length(nine, "last", "tokens").rho
    assert found is not None
    assert found.low == pytest.approx(1.0)  # the bootstrap knows no doubt here
    assert not length(nine, "last", "tokens").alarm
    assert length(ten, "last", "tokens").alarm


def test_duplicate_questions_widen_the_interval() -> None:
    """The same question asked four times is one question."""
    apart = asked(*(HAND[i % 2] for i in range(16)))
    alike = SystemEvaluation(
        header=apart.header,
        outcomes=tuple(
            o.model_copy(update={"cluster": str(i // 4)}) for i, o in enumerate(apart.outcomes)
        ),
    )
    widths = []
    for one in (apart, alike):
        found = prm_quality(one, 1, CONFIG)
        assert found is not None
        vote = gain(found, "vote-sum/last").gain
        assert vote.value == pytest.approx(0.5)
        widths.append(vote.high - vote.low)
    assert widths[1] < widths[0]  # every cluster holds both kinds: nothing is left to chance
    turned = SystemEvaluation(
        header=apart.header,
        outcomes=tuple(
            o.model_copy(update={"cluster": str(i % 4)}) for i, o in enumerate(apart.outcomes)
        ),
    )
    found = prm_quality(turned, 1, CONFIG)
    assert found is not None
    vote = gain(found, "vote-sum/last").gain
    assert vote.high - vote.low > 1.5 * widths[0]


def test_words_follow_the_figures() -> None:
    said = in_words(quality(*(HAND[0] for _ in range(10))))
    assert "puts the right one first in 100.0% of 20 pairs from 10 questions" in said[0]
    assert "better than a coin" in said[0]
    assert "P-VS reaches 100.0%, majority 0.0%: +100.0" in said[2]
    turned = (right(0.1), wrong(0.3), wrong(0.6))
    assert "wrong way round" in in_words(quality(*(turned for _ in range(10))))[0]
    assert "A coin could do as well" in in_words(quality(*(HAND[1] for _ in range(10))))[0]
    assert "Too few questions to say more" in in_words(quality(*(HAND[0] for _ in range(9))))[0]
