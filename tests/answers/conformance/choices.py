"""Choice cases: option sets × ways to say it, each once right and once wrong."""

from __future__ import annotations

from collections.abc import Iterator

from meds3.answers.kinds import Choice
from meds3.answers.verdict import Verdict

C, W, U, A, R = (
    Verdict.CORRECT,
    Verdict.WRONG,
    Verdict.UNPARSABLE,
    Verdict.AMBIGUOUS,
    Verdict.REFUSED,
)
Row = tuple[str, Choice, Verdict, str]


def choice(letter: str, *texts: str) -> Choice:
    return Choice(letter=letter, options={chr(65 + i): t for i, t in enumerate(texts)})


# (gold, the letter of a tempting wrong option)
SETS: tuple[tuple[Choice, str], ...] = (
    (choice("B", "Aspirin", "Warfarin", "Clopidogrel", "Heparin"), "A"),
    (choice("C", "Iron deficiency", "Vitamin B12 deficiency", "Folate deficiency", "Anemia"), "B"),
    (choice("A", "Yes", "No", "Maybe"), "B"),
    (choice("D", "Hypertension", "Pulmonary hypertension", "Portal hypertension", "Shock"), "A"),
    (choice("A", "significantly increased", "significantly decreased", "no difference"), "B"),
    (choice("E", "5 mg", "10 mg", "15 mg", "20 mg", "25 mg"), "B"),
    (
        choice(
            "B",
            "It inhibits the enzyme cyclooxygenase-1 irreversibly",
            "It blocks the reuptake of serotonin at the synapse",
            "It opens potassium channels in vascular smooth muscle",
            "It binds the GABA-A receptor (benzodiazepine site)",
        ),
        "D",
    ),
    (
        choice(
            "H",
            *("Measles", "Mumps", "Rubella", "Varicella", "Roseola", "Scarlet fever"),
            *("Fifth disease", "Kawasaki disease", "Impetigo", "Scabies"),
        ),
        "G",
    ),
    (choice("C", "E. coli", "S. aureus", "K. pneumoniae", "P. aeruginosa"), "A"),
    (choice("D", "Aspirin", "Warfarin", "Both A and B", "None of the above"), "C"),
)

PREAMBLES = (
    "",
    "Step 0: Let's break down this problem step by step.\n\nStep 1: The question gives the "
    "history and the findings.\n\nStep 2: Each option is compared with them.\n\nStep 3: ",
    "The patient is a 45-year-old man. A careful reading shows what matters.\n\n",
    "Several options look plausible at first, and option A is often chosen in a hurry.\n\n",
    "<think>Maybe the answer is A? No. The answer is B? Let me think again.</think>\n",
    "## Reasoning\n\n1. Read the case.\n2. Exclude what does not fit.\n3. Decide.\n\n",
)

# Ways to state one option, all of them clear: {L} its letter, {T} its text.
FORMS: tuple[tuple[str, str], ...] = (
    ("The answer is {L}.", "the paper's form"),
    ("The answer is {L}", "no full stop"),
    ("the answer is {L}.", "lower case"),
    ("THE ANSWER IS {L}.", "upper case"),
    ("The answer is ({L}).", "letter in brackets"),
    ("The answer is [{L}].", "letter in square brackets"),
    ("The answer is {L}. {T}.", "letter and text"),
    ("The answer is ({L}) {T}.", "bracketed letter and text"),
    ("The answer is {L}: {T}", "letter, colon, text"),
    ("The answer is {L}) {T}", "letter, bracket, text"),
    ("The answer is {T}.", "text without its letter"),
    ("The correct answer is {L}.", "correct answer"),
    ("The correct option is ({L}).", "correct option"),
    ("The answer is option {L}.", "the word option"),
    ("The answer is **{L}**.", "bold letter"),
    ("**The answer is {L}. {T}.**", "bold sentence"),
    ("**Answer:** {L}", "bold marker"),
    ("Answer: ({L}) {T}", "Answer: (C) text"),
    ("Answer: {L}", "Answer: letter"),
    ("Final answer: {L}", "final answer"),
    ("Final Answer: **{L}. {T}**", "final answer, bold"),
    ("### Final answer\n\nThe answer is {L}.", "heading before"),
    ("The final answer is \\boxed{{{L}}}.", "boxed letter"),
    ("\\boxed{{{L}}}", "boxed letter alone"),
    ("$\\boxed{{\\text{{{L}}}}}$", "boxed text letter in math"),
    ("<answer>{L}</answer>", "answer tags"),
    ("<answer>\n{L}. {T}\n</answer>", "answer tags over lines"),
    ('{{"answer": "{L}"}}', "JSON"),
    ("Therefore, the correct answer is:\n\n{L}. {T}", "answer on its own line"),
    ("So the answer is {L}, because the findings fit best.", "with a reason after it"),
    ("The answer is {L}.\n\nThe answer is {L}.", "said twice"),
    ("Option {L} is correct.", "option X is correct"),
    ("({L}) is the correct answer.", "X is the correct answer"),
    ("I would choose option {L}.", "I would choose"),
)


def formed() -> Iterator[Row]:
    """Every set with every form, right and wrong, behind changing preambles."""
    for i, (gold, tempting) in enumerate(SETS):
        for j, (form, note) in enumerate(FORMS):
            preamble = PREAMBLES[(i + j) % len(PREAMBLES)]
            for letter, verdict in ((gold.letter, C), (tempting, W)):
                stated = form.format(L=letter, T=gold.options[letter])
                yield preamble + stated, gold, verdict, note


DRUGS = choice("B", "aspirin", "warfarin", "both drugs", "neither drug")
VITAMINS = choice("D", "Vitamin A", "Vitamin B12", "Vitamin C", "Vitamin D")
COMBINED = choice("C", "Aspirin", "Warfarin", "Both A and B", "None of the above")
GROUPS = choice("C", "A", "B", "AB", "O")
CROSSED = choice("A", "C", "D", "A", "B")
STAGES = choice("B", "stage I", "stage II", "stage III", "stage IV")
LONG = choice(
    "A",
    "Reassure the patient and schedule a follow-up visit in two weeks",
    "Order magnetic resonance imaging of the brain with contrast",
)

SECTIONS = choice("B", "ALLERGY (allergies)", "ROS (review of systems)", "EXAM (physical exam)")

HAND: tuple[Row, ...] = (
    # The faults of published scorers.
    ("The answer is Both drugs.", DRUGS, W, "a first-letter test makes this B"),
    ("The answer is (B)", DRUGS, C, "a first-letter test makes this wrong"),
    ("The answer is A. aspirin.", DRUGS, W, "the gold letter stands in no word of it"),
    ("The answer is C. Both drugs.", DRUGS, W, "holds the gold letter B in its text"),
    ("The answer is A. Because warfarin bleeds.", DRUGS, W, "B of Because"),
    ("The answer is neither drug.", DRUGS, W, "an option that denies the others"),
    ("The answer is ROS.", SECTIONS, C, "what stands before its parenthesis names an option"),
    ("The answer is ROS (review of systems).", SECTIONS, C, "the whole option"),
    ("The answer is EXAM.", SECTIONS, W, "the name of another option"),
    ("The answer is ROS (physical exam).", SECTIONS, U, "name and parenthesis of two options"),
    ("", DRUGS, U, "an empty text"),
    ("   \n\n ", DRUGS, U, "blank text"),
    # Several answers.
    ("The answer is A. The answer is B.", DRUGS, A, "two different finals"),
    ("The answer is B. Wait, no: the answer is A.", DRUGS, A, "a change of mind"),
    ("The answer is A or B.", DRUGS, A, "an alternative"),
    ("The answer is both A and B.", DRUGS, A, "two, and no such option"),
    ("The answer is A and B.", DRUGS, A, "two letters"),
    ("The answer is A/B.", DRUGS, A, "two letters with a slash"),
    ("The answer is A, B, C.", DRUGS, A, "three letters"),
    ("The answer is B or possibly C.", DRUGS, A, "hedged between two"),
    ("Answer: (B) aspirin", DRUGS, A, "the letter of one, the text of another"),
    ("The answer is B. aspirin", DRUGS, A, "the letter of one, the text of another"),
    ("The answer is aspirin and warfarin.", DRUGS, A, "two texts"),
    ("Answer: A\nFinal answer: B", DRUGS, A, "two markers, two answers"),
    ("<answer>A</answer> \\boxed{B}", DRUGS, A, "a tag against a box"),
    ("Option A is correct. Option B is correct.", DRUGS, A, "two options called correct"),
    # Options about options.
    ("The answer is both A and B.", COMBINED, C, "the option says so"),
    ("The answer is C. Both A and B.", COMBINED, C, "letter and text"),
    ("The answer is none of the above.", COMBINED, W, "an option here"),
    ("The answer is none of the above.", DRUGS, U, "no such option"),
    ("The answer is A.", COMBINED, W, "half of the right option"),
    ("The answer is AB.", GROUPS, C, "the text of C"),
    ("The answer is C. AB", GROUPS, C, "letter and text"),
    ("The answer is O.", GROUPS, W, "the text of D"),
    ("The answer is A.", CROSSED, C, "a lone letter is the letter, though option C reads A"),
    ("The answer is C.", CROSSED, W, "a lone letter is the letter, though option A reads C"),
    ("The answer is A. C", CROSSED, C, "both given, and they agree"),
    # Negations.
    ("The answer is not A.", DRUGS, U, "says only what it is not"),
    ("The answer is not A but B.", DRUGS, C, "not A but B"),
    ("The answer is B, not A.", DRUGS, C, "B, not A"),
    ("The answer is not A, the answer is B", DRUGS, C, "the second statement decides"),
    ("The answer is not aspirin.", DRUGS, U, "a negated text"),
    ("The answer is B rather than A.", DRUGS, C, "rather than"),
    ("Option A is not correct.", DRUGS, U, "a negated verdict"),
    # No answer, cut off, refused.
    ("Step 1: Warfarin is an anticoagulant that", DRUGS, U, "cut off in a thought"),
    ("Step 1: x.\n\nStep 2: The answer is", DRUGS, U, "cut off before the answer"),
    ("The answer is:", DRUGS, U, "cut off after the colon"),
    ("The final answer is \\boxed{", DRUGS, U, "cut off in the box"),
    ("<think>The answer is B. But wait", DRUGS, U, "thought that never ended"),
    ("The answer is\n\nStep 3: warfarin", DRUGS, U, "the next step is no answer"),
    ("The answer is unclear from the text.", DRUGS, U, "nothing named"),
    ("The answer is X.", DRUGS, U, "a letter that is no option"),
    ("The answer is F.", DRUGS, U, "a letter past the last option"),
    ("The answer is heparin.", DRUGS, U, "a drug that is no option"),
    ("Warfarin is a good drug.", DRUGS, U, "a remark, not an answer"),
    ("Both are used. A trial compared them.", DRUGS, U, "the article A"),
    ("A 45-year-old man takes warfarin.", DRUGS, U, "the article A and an option in a thought"),
    ("The answer is A 45-year-old man.", DRUGS, U, "the article A behind the marker"),
    ("I cannot answer this question.", DRUGS, R, "refusal"),
    ("I'm unable to provide medical advice.", DRUGS, R, "refusal"),
    ("As an AI, I do not diagnose.", DRUGS, R, "refusal"),
    ("The answer cannot be determined.", DRUGS, R, "declines"),
    ("There is not enough information to say.", DRUGS, R, "declines"),
    ("I cannot give advice, but the answer is B.", DRUGS, C, "a disclaimer, then an answer"),
    # Forms without the marker, or unusual ones.
    ("B", DRUGS, C, "a bare letter"),
    ("b", DRUGS, C, "a bare small letter"),
    ("(b)", DRUGS, C, "a small letter in brackets"),
    ("B.", DRUGS, C, "a bare letter with a stop"),
    ("warfarin", DRUGS, C, "a bare text"),
    ("**B. Warfarin**", DRUGS, C, "bare, bold"),
    ("Option B", DRUGS, C, "bare with its word"),
    ("He bleeds, so think of it.\n\nB", DRUGS, C, "a bare last line"),
    ("He bleeds, so think of it.\n\nA", DRUGS, W, "a bare last line"),
    ("The answer is  B  .", DRUGS, C, "spaces"),
    ("The\nanswer is B.", DRUGS, C, "a line break in the phrase"),
    ("Step 3: The answer is B.\n\nNote: see a doctor.", DRUGS, C, "a note after it"),
    ("The answer is `B`.", DRUGS, C, "code marks"),
    ("The answer is \u201cB\u201d.", DRUGS, C, "curly quotes"),
    ("The answer is \uff22.", DRUGS, C, "a full-width letter"),
    ("The answer is _warfarin_.", DRUGS, C, "italics"),
    ("The answer is B) warfarin (an anticoagulant).", DRUGS, C, "a gloss behind it"),
    ("The answer is likely B.", DRUGS, C, "hedged, one answer"),
    ("The most likely answer is B.", DRUGS, C, "most likely"),
    ("The best answer would be (B).", DRUGS, C, "would be"),
    ("My answer is B.", DRUGS, C, "my answer"),
    ("The answer to the question is B.", DRUGS, C, "the answer to the question"),
    ("The correct choice is B.", DRUGS, C, "choice"),
    ("The answer is definitely B.", DRUGS, C, "an adverb"),
    ("The answer is, of course, B.", DRUGS, C, "of course"),
    ("Based on this, B is correct.", DRUGS, C, "B is correct, after a comma"),
    ("So A is correct.", DRUGS, W, "so A is correct"),
    ("Vitamin B is correct for nerves.", DRUGS, U, "a letter that belongs to another word"),
    ("Answer is B", DRUGS, C, "no article"),
    ("Answer - B", DRUGS, C, "a dash"),
    ("Ans: B", DRUGS, C, "Ans:"),
    ("The answer is 'B'.", DRUGS, C, "single quotes"),
    ("The answer is <B>.", DRUGS, C, "angle brackets"),
    ("The answer is [[B]].", DRUGS, C, "double brackets"),
    ("The answer is A? No, B.", DRUGS, A, "taken back in one breath"),
    ("The answer is warfarin, option A.", DRUGS, A, "the text of one, the letter of another"),
    ("The answer is warfarin (option B).", DRUGS, C, "text, then letter"),
    ("The answer is warfarin (A).", DRUGS, A, "text against bracketed letter"),
    ("The answer is the second option.", DRUGS, U, "an ordinal is not read"),
    # Texts that hold one another, or letters.
    ("The answer is Vitamin D.", VITAMINS, C, "a letter inside a text"),
    ("The answer is Vitamin A.", VITAMINS, W, "a letter inside a text"),
    ("The answer is D. Vitamin D.", VITAMINS, C, "letter and text"),
    ("The answer is vitamin b12.", VITAMINS, W, "case of a text"),
    ("The answer is stage II.", STAGES, C, "roman numerals"),
    ("The answer is stage III.", STAGES, W, "roman numerals, one more"),
    ("The answer is stage I.", STAGES, W, "roman numerals, one less"),
    ("The answer is B. Stage II disease.", STAGES, C, "a word more"),
    ("The answer is to reassure the patient and schedule a follow-up visit in two weeks.", LONG, C,
     "a long text after `to`"),
    ("The answer is Reassure the patient and schedule a follow-up", LONG, C,
     "a long text cut short"),
    ("The answer is A. Order magnetic resonance imaging of the brain with contrast", LONG, A,
     "letter against text"),
)  # fmt: skip
