"""Rows of the training files: one JSON object a line, readable by a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from meds3.errors import InputError
from meds3.problems.problem import Domain, Problem
from meds3.runs.atomic import write_text
from meds3.search.tree import Tree


class Row(BaseModel):
    """What every row has. `prompt` is rendered by the chat template, assistant turn open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    problem_id: str
    domain: Domain
    dataset: str
    prompt: str


class SftRow(Row):
    """A verified chain: `completion` is the assistant turn without its end-of-turn token.

    `hinted`: it was written with the answer shown (`search.rationalize`).
    """

    completion: str
    hinted: bool = False


class DpoRow(Row):
    """A pair. Of `kind` finish both are whole turns; of `kind` step both stop after `depth`."""

    chosen: str
    rejected: str
    kind: Literal["step", "finish"]
    depth: int


class PrmRow(Row):
    """A chain: the texts, values and labels of the steps after Step 0 (no `Step k:` heads).

    null: the step was never simulated. `end` says where the chain came from.
    """

    steps: list[str]
    values: list[float | None]
    labels: list[float | None]
    end: Literal["finish", "rollout", "open"]


def problems_by_id(problems: Iterable[Problem]) -> dict[str, Problem]:
    return {problem.id: problem for problem in problems}


def row_head(tree: Tree, problem: Problem) -> dict[str, Any]:
    """The fields every row has."""
    return {
        "problem_id": tree.problem_id,
        "domain": problem.domain,
        "dataset": problem.dataset,
        "prompt": tree.prompt,
    }


RowT = TypeVar("RowT", bound=Row)


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write JSONL atomically."""
    write_text(path, "".join(row.model_dump_json() + "\n" for row in rows))


def read_rows(path: Path, kind: type[RowT]) -> list[RowT]:
    """Read JSONL. Raises `InputError` with the line when a row is not of `kind`."""
    if not path.is_file():
        raise InputError(f"training data {path}: no such file")
    rows = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            rows.append(kind.model_validate_json(line))
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"])) or "row"
            raise InputError(
                f"{path} line {number}: {where}: {fault['msg']}",
                f"each line is a JSON object with {', '.join(kind.model_fields)}",
            ) from error
    return rows
