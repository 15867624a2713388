"""The same answers by other rules."""

from __future__ import annotations

from meds3.evaluation.mirror_scores import mirror_rows
from meds3.evaluation.outcome import SystemEvaluation
from tests.evaluation.made_up import PROBLEMS, evaluation

KNOWN = {problem.id: problem for problem in PROBLEMS}


def test_our_own_rule_is_among_them_and_counts_as_the_verdicts_do() -> None:
    one = evaluation("round-1", 0.5)
    rows = mirror_rows(one, KNOWN, ["majority"])
    right = one.correct("majority")
    for row in rows:
        ids = [o.problem_id for o in one.outcomes if o.dataset == row.dataset]
        assert row.n_questions == len(ids)
        assert row.shares["meds3"] == sum(right[i] for i in ids) / len(ids)
        assert len(row.shares) > 2


def test_a_lenient_rule_makes_a_spread() -> None:
    # The option's text stands in the chain, the answer is another letter.
    one = evaluation("round-1", 0.5)
    outcome = one.outcomes[0]
    said = ("The drug could be bisoprolol <2.5 mg.", "The answer is C.")
    row = outcome.greedy.model_copy(update={"steps": said, "answer": "C"})
    changed = outcome.model_copy(update={"greedy": row})
    alone = SystemEvaluation(header=one.header, outcomes=(changed,))
    (found,) = mirror_rows(alone, KNOWN, ["greedy"])
    assert found.shares["meds3"] == 0.0
    assert found.spread == max(s for s in found.shares.values() if s is not None)


def test_questions_whose_gold_is_not_known_are_left_out() -> None:
    assert mirror_rows(evaluation("x", 0.5), {}, ["greedy"]) == []
