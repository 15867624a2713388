"""What texts state, by hand; and properties over any text."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meds3.answers.extract import extract
from meds3.answers.fold import fold
from meds3.answers.judge import judge, verify
from meds3.answers.kinds import Answer, Choice, Date, FreeText, ItemSet, Label, Number, Span
from meds3.answers.verdict import Extraction, Verdict

DRUGS = Choice(
    letter="B",
    options={"A": "aspirin", "B": "warfarin", "C": "both drugs", "D": "neither drug"},
)
EFFECT = Choice(
    letter="A",
    options={
        "A": "significantly increased",
        "B": "significantly decreased",
        "C": "no significant difference",
    },
)
YES = Choice(letter="A", options={"A": "yes", "B": "no"})
LABEL = Label(label="yes", labels=("yes", "no", "maybe"))
DOSE = Span(text="10 mg", aliases=("10 milligrams",))
PRESSURE = Number(value=95, tolerance=0.5, unit="mmHg")
SCORE = Number(value=1500)
BOUNDED = Number(value=20.0, lower=19.0, upper=21.0, unit="%")
DAY = Date(day=date(2024, 3, 5))
ITEMS = ItemSet(items=("lithium", "5-fluorouracil"))
C, W, U, A, R = (
    Verdict.CORRECT,
    Verdict.WRONG,
    Verdict.UNPARSABLE,
    Verdict.AMBIGUOUS,
    Verdict.REFUSED,
)

GOLDEN: list[tuple[Answer, str, Verdict]] = [
    (DRUGS, "Step 1: x.\n\nStep 2: The answer is B.", C),
    (DRUGS, "The answer is (B)", C),
    (DRUGS, "The answer is (A)", W),
    (DRUGS, "(A)", W),
    (DRUGS, "(B)", C),
    (DRUGS, "B. warfarin", C),
    (DRUGS, "Final answer: **B**", C),
    (DRUGS, "**Answer:** (B) warfarin", C),
    (DRUGS, "Answer: (B) aspirin", A),
    (DRUGS, "The answer is B. Warfarin.", C),
    (DRUGS, "The answer is **B. Warfarin** because aspirin is worse", C),
    (DRUGS, "The answer is warfarin", C),
    (DRUGS, "The answer is option B", C),
    (DRUGS, "The answer is: $\\boxed{B}$", C),
    (DRUGS, "\\boxed{\\text{B}}", C),
    (DRUGS, "The answer is A. The answer is B.", A),
    (DRUGS, "The answer is B. So the answer is B.", C),
    (DRUGS, "The answer is not A, the answer is B", C),
    (DRUGS, "The answer is Both A and B", A),
    (DRUGS, "The answer is B or maybe C", A),
    (DRUGS, "The answer is Both drugs", W),
    (DRUGS, "The answer is A 45-year-old man", U),
    (DRUGS, "A 45-year-old man takes warfarin.", U),
    (DRUGS, "I cannot answer this question.", R),
    (DRUGS, "I'm unable to help with that", R),
    (DRUGS, "Step 1: Warfarin is an anticoag", U),
    (DRUGS, "The answer is", U),
    (DRUGS, "The answer is .", U),
    (DRUGS, "The answer is\n\nStep 3: warfarin", U),
    (DRUGS, "", U),
    (EFFECT, "The answer is significantly increased", C),
    (EFFECT, "The answer is B. significantly increased", A),
    (EFFECT, "The answer is not significantly increased", U),
    (EFFECT, "The answer is A, the drug significantly increased falls.", C),
    (YES, "The answer is yes.", C),
    (YES, "The answer is no", W),
    (YES, "The answer is A. no", A),
    (LABEL, "The answer is yes, it does.", C),
    (LABEL, "The answer is yes or no", A),
    (LABEL, "The answer is unclear", U),
    (LABEL, "Maybe.", W),
    (DOSE, "The answer is 10mg.", C),
    (DOSE, "The answer is the 10-mg", C),
    (DOSE, "The answer is **10 milligrams**.", C),
    (DOSE, "The answer is 10 g", W),
    (DOSE, "The answer is 10", W),
    (DOSE, "10 mg", U),  # a bare phrase is no statement: it may be a cut-off thought
    (PRESSURE, "The answer is 95 mm Hg.", C),
    (PRESSURE, "The answer is 95.", C),
    (PRESSURE, "The answer is 95.4 mmHg", C),
    (PRESSURE, "The answer is 96 mmHg", W),
    (PRESSURE, "The answer is 95 kg", W),
    (PRESSURE, "The answer is 100 - 5 = 95 mmHg", C),
    (PRESSURE, "The answer is 120/80 mmHg", A),
    (PRESSURE, "The answer is 90-95", A),
    (PRESSURE, "The answer is -95", W),
    (PRESSURE, "95 mmHg", C),
    (SCORE, "The answer is 1,500.", C),
    (SCORE, "The answer is 1.5e3", C),
    (SCORE, "The answer is $1.5 \\times 10^{3}$", C),
    (SCORE, "The answer is 1e999", U),
    (BOUNDED, "The answer is 19.2%", C),
    (BOUNDED, "The answer is 21 percent", C),
    (BOUNDED, "The answer is 21.1", W),
    (DAY, "The answer is 2024-03-05.", C),
    (DAY, "The answer is March 5th, 2024", C),
    (DAY, "The answer is 5 March 2024", C),
    (DAY, "The answer is 03/05/2024", C),
    (DAY, "The answer is 2024-03-06", W),
    (DAY, "The answer is between 2024-03-05 and 2024-03-07", A),
    (DAY, "The answer is 2024-02-31", U),
    (ITEMS, "The answer is 5 fluorouracil; Lithium.", C),
    (ITEMS, "The answer is lithium and 5-fluorouracil", C),
    (ITEMS, "The answer is lithium", W),
    (FreeText(text="x"), "The answer is x.", U),
]


@pytest.mark.parametrize(("gold", "text", "verdict"), GOLDEN)
def test_golden_verdicts(gold: Answer, text: str, verdict: Verdict) -> None:
    assert verify(text, gold).verdict is verdict


def test_an_option_may_itself_read_both_a_and_b() -> None:
    gold = Choice(letter="C", options={"A": "fever", "B": "rash", "C": "Both A and B"})
    assert verify("The answer is both A and B.", gold).verdict is C


def test_equal_values_vote_with_one_key() -> None:
    texts = ("1500", "1,500 mmHg", "1.5e3 mm Hg", "1500.0")
    like = Number(value=1, unit="mmHg")
    assert {extract(f"The answer is {t}.", like).key for t in texts} == {"1500"}


LIKES: list[Answer] = [DRUGS, LABEL, DOSE, PRESSURE, DAY, ITEMS, FreeText(text="x")]
PIECES = st.sampled_from(
    [
        "The answer is ",
        "\\boxed{",
        "}",
        "(B)",
        "A",
        "10 mg",
        "1e99",
        "I cannot answer",
        "\n",
        "{",
        "=",
    ]
)
TEXTS = st.one_of(st.text(), st.lists(PIECES | st.text(max_size=4), max_size=30).map("".join))


@given(text=TEXTS, like=st.sampled_from(LIKES))
def test_any_text_gets_a_verdict_and_a_key_or_a_problem(text: str, like: Answer) -> None:
    found = extract(text, like)
    assert (found.key is None) == (found.problem is not None)
    assert found.key != ""
    assert judge(found, like).extraction is found


@given(text=TEXTS, letter=st.sampled_from("ABCD"))
def test_the_gold_value_does_not_influence_extraction(text: str, letter: str) -> None:
    assert extract(text, DRUGS) == extract(text, DRUGS.model_copy(update={"letter": letter}))


@given(text=TEXTS, gold=st.sampled_from(LIKES))
def test_correct_needs_a_key(text: str, gold: Answer) -> None:
    if verify(text, gold).verdict is C:
        assert extract(text, gold).key


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    "piece", ["The answer is ", "\\boxed{", "{", "1,", "(A) and ", "Answer: A or B ", "I " * 9, " "]
)
@pytest.mark.parametrize("like", LIKES)
def test_a_megabyte_is_read_in_bounded_time(piece: str, like: Answer) -> None:
    text = piece * (1_000_000 // len(piece))
    started = time.process_time()
    verify(text, like)
    assert time.process_time() - started < 2


def test_a_foreign_key_is_judged_not_raised() -> None:
    assert judge(Extraction("banana", "banana"), PRESSURE).verdict is W
    assert judge(Extraction(None, ""), PRESSURE).verdict is U
