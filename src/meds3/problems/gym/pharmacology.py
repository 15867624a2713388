"""Facts from the drug table (knowledge QA), with distractors from the same column.

Level 1 shows a short formulary that holds the answer; level 2 is closed book.
"""

from __future__ import annotations

import random

from meds3.problems.gym.draft import Draft, Split, lettered
from meds3.problems.gym.drugs import DRUGS, Drug


def generate(rng: random.Random, level: int, split: Split) -> Draft:
    """A `Choice` with four options, one of them the row's entry."""
    drug = rng.choice(DRUGS[split])
    column = rng.choice(("class", "target"))
    others = sorted({_entry(d, column) for d in DRUGS[split]} - {_entry(drug, column)})
    if level == 1:
        rows = rng.sample([d for d in DRUGS[split] if d.klass != drug.klass], 2)
        shown = [_entry(d, column) for d in rows]
        rest = rng.sample([o for o in others if o not in shown], 1)
        wrong = [*dict.fromkeys(shown), *rest]
        listed = [drug, *rows]
        rng.shuffle(listed)
        context = "Formulary: " + "; ".join(f"{d.name}: {_entry(d, column)}" for d in listed) + "."
    else:
        wrong, context = rng.sample(others, 3), None
    question = {
        "class": f"To which drug class does {drug.name} belong?",
        "target": f"On what does {drug.name} act?",
    }[column]
    answer = lettered(rng, _entry(drug, column), wrong)
    return Draft(question, answer, context=context, meta={"drug": drug.name, "column": column})


def _entry(drug: Drug, column: str) -> str:
    return drug.klass if column == "class" else drug.target
