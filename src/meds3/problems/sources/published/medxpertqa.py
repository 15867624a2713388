"""MedXpertQA Text: specialist board questions with ten options (Zuo et al. 2025).

`Text/test.jsonl`, one object a line: id, question, options {"A": …} (or a list of {letter,
content}), label (letter), medical_task, body_system, question_type. The question ends with its
options once more ("Answer Choices: (A) …"); they are left out there. Every question of the
subset is read without a picture.
"""

from __future__ import annotations

from pathlib import Path

from meds3.answers.kinds import Choice
from meds3.problems.problem import Domain, Problem
from meds3.problems.sources.dataset import DataFile, Dataset, Hub, Rows
from meds3.problems.sources.files import json_lines
from meds3.problems.sources.row import Row, RowError, Unusable, optional_text, text_of

_HUB = "TsinghuaC3I/MedXpertQA"
_AGAIN = "Answer Choices:"
_META = ("medical_task", "body_system", "question_type")


def rows(path: Path, _split: str | None) -> Rows:
    """Each line's object."""
    for number, row in json_lines(path):
        yield f":{number}", row


def problem_of(row: Row) -> Problem:
    """One question."""
    question = text_of(row, "question").partition(_AGAIN)[0].strip()
    options, letter = _options(row.get("options")), text_of(row, "label")
    if row.get("images"):
        raise Unusable("the question needs an image", question)
    if letter not in options:
        raise Unusable("the gold answer is not among the options", f"{letter}: {question}")
    return Problem(
        id=f"medxpertqa-{row['id']}",
        dataset="medxpertqa",
        domain=Domain.CLINICAL_REASONING,
        question=question,
        options=options,
        answer=Choice(letter=letter, options=options),
        meta={key: text for key in _META if (text := optional_text(row, key))},
    )


def _options(value: object) -> dict[str, str]:
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        value = {text_of(one, "letter"): one.get("content") for one in value}
    if not isinstance(value, dict) or len(value) < 2:
        raise RowError(f"options: expected letters with texts, found {value!r:.80}")
    return {letter: text_of(value, letter) for letter in sorted(value)}


DATASET = Dataset(
    name="medxpertqa",
    title="MedXpertQA (text)",
    domain=Domain.CLINICAL_REASONING,
    answers=("choice",),
    licence="MIT; the authors ask not to show examples online, lest models learn them",
    citation="Zuo et al. 2025, MedXpertQA, ICML, arXiv:2501.18362",
    homepage="https://github.com/TsinghuaC3I/MedXpertQA",
    files={
        split: (
            DataFile(
                f"Text/{split}.jsonl",
                f"https://huggingface.co/datasets/{_HUB}/resolve/main/Text/{split}.jsonl",
            ),
        )
        for split in ("dev", "test")
    },
    rows=rows,
    problem_of=problem_of,
    hub=Hub(_HUB, "Text", {"dev": "dev", "test": "test"}),
)
