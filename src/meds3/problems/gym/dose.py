"""Drug-dose extraction: the dose of one of the drugs a sentence names (biomedical QA).

Level 1 names two drugs with different doses; level 2 three, one of them changed on the way.
"""

from __future__ import annotations

import random

from meds3.answers.kinds import Span
from meds3.problems.gym.draft import Draft, Split
from meds3.problems.gym.drugs import DRUGS

_PEOPLE = ("man", "woman", "patient")
_TIMES = ("once daily", "twice daily", "at night", "in the morning")


def generate(rng: random.Random, level: int, split: Split) -> Draft:
    """A `Span` of the form `20 mg`; the drugs belong to the split alone."""
    drugs = _differing(rng, split, 2 if level == 1 else 3)
    (first, dose_1), (second, dose_2) = drugs[:2]
    age, person = rng.randint(30, 85), rng.choice(_PEOPLE)
    time_1, time_2 = rng.sample(_TIMES, 2)
    if level == 1:
        text = (
            f"A {age}-year-old {person} takes {first} {dose_1} {time_1} and "
            f"{second} {dose_2} {time_2}."
        )
        asked, dose = rng.choice(drugs)
        question = f"What is the dose of {asked}?"
    else:
        third, dose_3 = drugs[2]
        text = (
            f"A {age}-year-old {person} took {first} {dose_1} {time_1} and {second} {dose_2} "
            f"{time_2}. Later {first} was stopped and {third} {dose_3} was added."
        )
        asked, dose = rng.choice(drugs[1:])
        question = f"What dose of {asked} does the patient take now?"
    return Draft(question, Span(text=dose), context=text, meta={"drug": asked})


def _differing(rng: random.Random, split: Split, count: int) -> list[tuple[str, str]]:
    """Drugs with doses that all differ, so that a wrong drug is a wrong answer."""
    found: list[tuple[str, str]] = []
    for drug in rng.sample(DRUGS[split], len(DRUGS[split])):
        left = [dose for dose in drug.doses if dose not in [d for _, d in found]]
        if left:
            found.append((drug.name, rng.choice(left)))
        if len(found) == count:
            break
    return found
