"""Problems in the evaluation format of the MedS3 paper's repository.

A JSON list of {"id", "conversations": [{"from": "human", "value": …}, …], "eval": {"answer": …}}.
Options stand in the question, one a line (`A. text`); without options the answer is a span.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from meds3.answers.kinds import Answer, Choice, Span
from meds3.errors import InputError
from meds3.problems.problem import Domain, Problem
from meds3.problems.sources.files import read_text

_OPTION = re.compile(r"^([A-Z])[.)]\s*(.*)$")


def read_medsss(path: Path, dataset: str | None, domain: Domain) -> list[Problem]:
    """Every problem of the file. Raises `InputError` naming file, entry (from 0), field and fix."""
    try:
        rows = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        where = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(
            f"{path}{where}: not valid JSON: {error}", "the file is one JSON list"
        ) from error
    if not isinstance(rows, list) or not rows:
        raise InputError(f"{path}: expected a list of problems", "see the paper's evaluation files")
    name = dataset or path.name.split(".")[0]
    found: dict[str, Problem] = {}
    for index, row in enumerate(rows):
        try:
            problem = _problem(row, index, name, domain)
        except ValueError as error:
            raise InputError(f"{path} entry {index}: {error}", "mend that entry") from error
        if problem.id in found:
            raise InputError(f"{path} entry {index}: id {problem.id!r} occurs twice")
        found[problem.id] = problem
    return list(found.values())


def _problem(row: Any, index: int, name: str, domain: Domain) -> Problem:
    if not isinstance(row, dict):
        raise ValueError(f"expected an object, found {type(row).__name__}")
    question, options = split_options(_human(row))
    judged = row.get("eval")
    gold = judged.get("answer") if isinstance(judged, dict) else None
    if not isinstance(gold, str) or not gold.strip():
        raise ValueError(f"eval.answer is missing or empty, found {gold!r}")
    return Problem(
        id=f"{name}-{row.get('id', index)}",
        dataset=name,
        domain=domain,
        question=question,
        options=options,
        answer=_answer(gold.strip(), options),
        meta={"type": judged["type"]} if isinstance(judged, dict) and "type" in judged else {},
    )


def _human(row: dict[str, Any]) -> str:
    turns = row.get("conversations")
    for turn in turns if isinstance(turns, list) else []:
        if isinstance(turn, dict) and turn.get("from") == "human":
            text = turn.get("value")
            if isinstance(text, str) and text.strip():
                return text
    raise ValueError("conversations has no human turn with text")


def _answer(gold: str, options: dict[str, str] | None) -> Answer:
    if options is None:
        return Span(text=gold)
    if gold not in options:
        raise ValueError(f"eval.answer {gold!r} is not among the options {', '.join(options)}")
    return Choice(letter=gold, options=options)


def split_options(text: str) -> tuple[str, dict[str, str] | None]:
    """The question and its options: the last run of lines that count A, B, C …

    A line without a letter after an option continues it.
    """
    lines = text.strip().split("\n")
    starts = [i for i, line in enumerate(lines) if line.startswith(("A.", "A)"))]
    for start in reversed(starts):
        options: dict[str, str] = {}
        last = "A"
        for line in lines[start:]:
            match = _OPTION.match(line)
            if match and match[1] == chr(65 + len(options)):
                last = match[1]
                options[last] = match[2].strip()
            else:
                options[last] = f"{options[last]} {line.strip()}".strip()
        question = "\n".join(lines[:start]).strip().removeprefix("Question:").strip()
        if len(options) > 1 and question:
            return question, options
    return text.strip(), None
