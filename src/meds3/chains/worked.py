"""Short worked examples, one per answer kind and task shape, written by hand.

They share no drug, number or patient with the gym, and nothing with any data set.
"""

from __future__ import annotations

from datetime import date

from meds3.answers.kinds import Answer, Choice, Date, ItemSet, Label, Number, Span
from meds3.chains.chain import chain_of
from meds3.chains.prompt import WorkedExample
from meds3.problems.problem import Domain, Problem

EFFECTS = {
    "A": "significantly increased",
    "B": "significantly decreased",
    "C": "no significant difference",
}


def _example(
    name: str,
    domain: Domain,
    question: str,
    context: str | None,
    answer: Answer,
    *steps: str,
    facts: str,
) -> WorkedExample:
    options = answer.options if isinstance(answer, Choice) else None
    problem = Problem(
        id=f"example-{name}",
        dataset="example",
        domain=domain,
        question=question,
        context=context,
        options=options,
        answer=answer,
    )
    return WorkedExample(problem, chain_of(*steps), frozenset(facts.split()))


TRIAL = _example(
    "trial",
    Domain.MEDICAL_NLI,
    "What is the effect of drug Z5 on cough?",
    "Trial: cough with drug Z5 compared with placebo: risk ratio 0.48, 95% CI 0.31 to 0.73.",
    Choice(letter="B", options=EFFECTS),
    "The 95% CI is 0.31 to 0.73, all below 1.",
    "So cough is significantly decreased, option B. The answer is B.",
    facts="z5 cough 0.48 0.31 0.73",
)
FACT = _example(
    "fact",
    Domain.KNOWLEDGE_QA,
    "Which vitamin is lacking in scurvy?",
    None,
    Choice(letter="C", options={"A": "vitamin A", "B": "vitamin D", "C": "vitamin C"}),
    "Scurvy is caused by a lack of vitamin C.",
    "Vitamin C is option C. The answer is C.",
    facts="scurvy",
)
FORMULARY = _example(
    "formulary",
    Domain.KNOWLEDGE_QA,
    "To which drug class does prednisone belong?",
    "Formulary: heparin: anticoagulant; prednisone: corticosteroid; morphine: opioid.",
    Choice(
        letter="C",
        options={"A": "opioid", "B": "anticoagulant", "C": "corticosteroid", "D": "laxative"},
    ),
    "Prednisone is a corticosteroid.",
    "Option C is corticosteroid. The answer is C.",
    facts="prednisone corticosteroid",
)
STUDY = _example(
    "study",
    Domain.BIOMEDICAL_QA,
    "Does hand washing reduce diarrhea?",
    "Diarrhea fell by a third in the schools that taught hand washing.",
    Choice(letter="A", options={"A": "yes", "B": "no", "C": "maybe"}),
    "Diarrhea fell by a third with hand washing.",
    "So hand washing reduces diarrhea: yes, option A. The answer is A.",
    facts="washing diarrhea",
)
LABEL = _example(
    "label",
    Domain.BIOMEDICAL_QA,
    "Does hand washing reduce diarrhea?",
    "Diarrhea fell by a third in the schools that taught hand washing.",
    Label(label="yes", labels=("yes", "no", "maybe")),
    "Diarrhea fell by a third with hand washing.",
    "So hand washing reduces diarrhea. The answer is yes.",
    facts="washing diarrhea",
)
DIFFERENTIAL = _example(
    "differential",
    Domain.CLINICAL_REASONING,
    "What is the most likely diagnosis? "
    "Choose one of: appendicitis, migraine, gout, otitis media, sciatica, shingles.",
    "Patient: 50-year-old man. Findings: Do you have pain? Yes, in the big toe. "
    "Is it red and swollen? Yes. Did it come at night? Yes. Do you have a fever? No.",
    Label(
        label="gout",
        labels=("appendicitis", "migraine", "gout", "otitis media", "sciatica", "shingles"),
    ),
    "The patient has a red, swollen and painful big toe.",
    "A red, swollen big toe at night suggests gout. The answer is gout.",
    facts="toe gout",
)
CASE = _example(
    "case",
    Domain.CLINICAL_REASONING,
    "A 50-year-old man wakes at night with a red, swollen, painful big toe. "
    "Which medicine relieves the attack?",
    None,
    Choice(
        letter="B",
        options={"A": "insulin", "B": "colchicine", "C": "warfarin", "D": "amoxicillin"},
    ),
    "A red, swollen, painful big toe is gout.",
    "Colchicine relieves gout, option B. The answer is B.",
    facts="toe gout colchicine",
)
RELATION = _example(
    "relation",
    Domain.BIOMEDICAL_QA,
    "Oxprenolol blocks the beta receptor in the heart.\n"
    "What is oxprenolol to the beta receptor in the sentence?",
    None,
    Choice(
        letter="D",
        options={
            "A": "PRODUCT",
            "B": "ACTIVATOR",
            "C": "SUBSTRATE",
            "D": "ANTAGONIST",
            "E": "INHIBITOR",
            "F": "UPREGULATOR",
        },
    ),
    "The sentence says that oxprenolol blocks the beta receptor.",
    "A drug that blocks a receptor is its antagonist, option D. The answer is D.",
    facts="oxprenolol",
)
DIALOGUE = _example(
    "dialogue",
    Domain.LONG_CONTEXT_QA,
    "Which section of the note does the dialogue belong to?",
    "Doctor: Does any medicine make you itch? Patient: Penicillin gave me a rash once.",
    Choice(
        letter="C",
        options={"A": "MEDICATIONS", "B": "EXAM", "C": "ALLERGY", "D": "FAMILY HISTORY"},
    ),
    "The patient tells of a rash from penicillin.",
    "A rash from a medicine is an allergy, option C. The answer is C.",
    facts="penicillin rash",
)
DOSE = _example(
    "dose",
    Domain.BIOMEDICAL_QA,
    "What is the dose of codeine?",
    "A 24-year-old nurse takes codeine 60 mg at noon and ibuprofen 400 mg after meals.",
    Span(text="60 mg"),
    "The text says codeine 60 mg.",
    "So the dose of codeine is 60 mg. The answer is 60 mg.",
    facts="codeine ibuprofen",
)
CALCULATION = _example(
    "calculation",
    Domain.CLINICAL_REASONING,
    "Intake is 900 mL and output is 650 mL. Fluid balance = intake - output. "
    "What is the fluid balance?",
    None,
    Number(value=250, unit="mL"),
    "Intake is 900 and output is 650.",
    "900 - 650 = 250. The answer is 250 mL.",
    facts="900 650",
)
NOTE_NUMBER = _example(
    "note-number",
    Domain.LONG_CONTEXT_QA,
    "What was the sodium at discharge?",
    "Discharge note. Admitted 2019-05-02 with gout. Discharged 2019-05-06. "
    "At discharge: sodium 138.0 mmol/L, glucose 96.0 mg/dL.",
    Number(value=138, unit="mmol/L"),
    "The note says at discharge: sodium 138.0 mmol/L.",
    "So the sodium was 138.0 mmol/L. The answer is 138.0 mmol/L.",
    facts="138.0 gout 2019-05-02 2019-05-06",
)
NOTE_SPAN = _example(
    "note-span",
    Domain.LONG_CONTEXT_QA,
    "What is the dose of colchicine?",
    "Discharge note. Admitted 2019-05-02 with gout. Medicine: colchicine 0.6 mg daily. "
    "Clinic visit: 2019-05-20.",
    Span(text="0.6 mg"),
    "The note says medicine: colchicine 0.6 mg daily.",
    "So the dose is 0.6 mg. The answer is 0.6 mg.",
    facts="colchicine gout 2019-05-02 2019-05-20",
)
DATE = _example(
    "date",
    Domain.LONG_CONTEXT_QA,
    "On what day is the clinic visit?",
    "Discharge note. Admitted 2019-05-02 with gout. Discharged 2019-05-06. "
    "Medicine: colchicine 0.6 mg daily. Clinic visit: 2019-05-20.",
    Date(day=date(2019, 5, 20)),
    "The note says clinic visit: 2019-05-20.",
    "So the visit is on 2019-05-20. The answer is 2019-05-20.",
    facts="colchicine gout 2019-05-02 2019-05-20",
)
ITEMS = _example(
    "items",
    Domain.LONG_CONTEXT_QA,
    "List every chemical mentioned in the text.",
    "Codeine caused constipation in two patients; naloxone reversed it.",
    ItemSet(items=("codeine", "naloxone")),
    "The text names codeine, and later naloxone.",
    "Constipation is not a chemical. The answer is codeine; naloxone.",
    facts="codeine naloxone constipation",
)
