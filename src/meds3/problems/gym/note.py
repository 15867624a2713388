"""Reading a synthetic discharge note (long-context QA): a result, a follow-up day, a dose.

Level 1 asks what is written once; level 2 asks for the value at discharge where the note also
gives the one on admission.
"""

from __future__ import annotations

import random
from datetime import date, timedelta

from meds3.answers.kinds import Answer, Date, Number, Span
from meds3.problems.gym.draft import Draft, Split, side
from meds3.problems.gym.drugs import DRUGS

# Name, unit, lowest and highest value in tenths: plausible for an adult in hospital.
_TESTS = (
    ("potassium", "mmol/L", 31, 56),
    ("hemoglobin", "g/dL", 78, 159),
    ("creatinine", "mg/dL", 6, 29),
    ("albumin", "g/dL", 22, 49),
    ("calcium", "mg/dL", 78, 109),
)
_REASONS: dict[Split, tuple[str, ...]] = {
    "train": ("pneumonia", "cellulitis", "asthma", "gastroenteritis", "hip fracture"),
    "test": ("pyelonephritis", "pancreatitis", "atrial fibrillation", "diverticulitis"),
}


def generate(rng: random.Random, level: int, split: Split) -> Draft:
    """A `Number` (half of them), a `Date` or a `Span`."""
    tests = rng.sample(_TESTS, 2)
    values = [_value(rng, name, low, high, split) for name, _, low, high in tests]
    before = [_value(rng, name, low, high, split) for name, _, low, high in tests]
    drug = rng.choice(DRUGS[split])
    dose = rng.choice(drug.doses)
    admitted = date(2024, 1, 1) + timedelta(days=rng.randint(0, 330))
    discharged = admitted + timedelta(days=rng.randint(2, 12))
    visit = discharged + timedelta(days=rng.randint(7, 30))
    reason = rng.choice(_REASONS[split])
    lines = [f"Discharge note. Admitted {admitted} with {reason}. Discharged {discharged}."]
    if level > 1:
        lines.append(f"On admission: {_results(tests, before)}.")
    lines.append(f"At discharge: {_results(tests, values)}.")
    lines.append(f"Medicine: {drug.name} {dose} daily. Clinic visit: {visit}.")
    asked = rng.choice(("test", "test", "visit", "dose"))
    asks: dict[str, tuple[str, Answer]] = {
        "test": (
            f"What was the {tests[0][0]} at discharge?",
            Number(value=values[0], unit=tests[0][1]),
        ),
        "visit": ("On what day is the clinic visit?", Date(day=visit)),
        "dose": (f"What is the dose of {drug.name}?", Span(text=dose)),
    }
    question, answer = asks[asked]
    return Draft(question, answer, context=" ".join(lines), meta={"asked": asked})


def _results(tests: list[tuple[str, str, int, int]], values: list[float]) -> str:
    return ", ".join(
        f"{name} {value:.1f} {unit}"
        for (name, unit, _, _), value in zip(tests, values, strict=True)
    )


def _value(rng: random.Random, name: str, low: int, high: int, split: Split) -> float:
    while True:
        tenths = rng.randint(low, high)
        if side("note", name, tenths) == split:
            return tenths / 10
