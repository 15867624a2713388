"""A suite file: which benchmarks are asked, of which files, in which version."""

from __future__ import annotations

import difflib
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from meds3.errors import InputError
from meds3.problems.config import Source

_BUILT_IN = files("meds3.evaluation.suites")
_NAME = r"^[A-Za-z0-9_][\w.-]*$"


class Benchmark(BaseModel):
    """One set of questions. Its name is the dataset's name in all results."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=_NAME)
    source: Source = Field(description="as in a run's config, without seeds and heldout")
    sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="of the file; null: not known"
    )
    limit: int | None = Field(None, ge=1, description="questions, drawn by digest; null: all")
    get: str | None = Field(None, description="where a person gets the file")
    note: str | None = Field(None, description="what a reader of the score must know")

    @field_validator("source")
    @classmethod
    def _asks_only(cls, source: Source) -> Source:
        # A gym source says with `heldout` how many questions are made.
        if source.seeds or (source.kind == "gym") != bool(source.heldout):
            raise ValueError("seeds: and heldout: are for runs; a gym source needs heldout:")
        return source


class Suite(BaseModel):
    """A named set of benchmarks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=_NAME)
    version: str = Field(description="raise it when questions change", coerce_numbers_to_str=True)
    title: str = ""
    benchmarks: tuple[Benchmark, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Suite:
        names = [benchmark.name for benchmark in self.benchmarks]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"benchmarks: {', '.join(twice)} occurs twice")
        return self


def built_in() -> list[str]:
    """The suites that come with meds3, by name."""
    names = (entry.name for entry in _BUILT_IN.iterdir())
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def load_suite(ref: str) -> Suite:
    """A suite by its built-in name or from a YAML file.

    Raises `InputError` naming the file, the field, its value and what was expected.
    """
    path = Path(ref)
    if path.is_file():
        return _read(path.read_text("utf-8", errors="replace"), str(path))
    if ref in built_in():
        return _read((_BUILT_IN / f"{ref}.yaml").read_text("utf-8"), f"suite {ref}")
    near = difflib.get_close_matches(ref, built_in(), n=1, cutoff=0.5)
    known = f"known: {', '.join(built_in())}; or give a YAML file (docs/evaluation.md)"
    raise InputError(
        f"--suite {ref}: no such file, and no suite of that name",
        f"did you mean {near[0]!r}? {known}" if near else known,
    )


def _read(text: str, where: str) -> Suite:
    try:
        body: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{where} is not valid YAML: {error}", "mend that line") from error
    try:
        return Suite.model_validate(body)
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(map(str, fault["loc"])) or "the file"
        raise InputError(
            f"{where}: {field}: {fault['msg']}, found {fault['input']!r:.120}",
            "see docs/evaluation.md for the fields of a suite",
        ) from error
