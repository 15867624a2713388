"""Which problems a run uses: the `problems:` part of a config."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from meds3.problems.problem import Domain
from meds3.problems.sources.fields import FieldMap
from meds3.problems.sources.registry import DATASETS, hint

GymTaskName = Literal[
    "dose",
    "trial",
    "note",
    "calculator",
    "pharmacology",
    "antidote",
    "organism",
    "deficiency",
    "labrange",
    "abstract",
    "relation",
    "druglist",
    "arms",
    "claim",
    "pvalue",
    "evidence",
    "premise",
    "cloze",
    "dialogue",
    "timeline",
    "ward",
    "score",
    "differential",
    "staging",
    "infusion",
    "acidbase",
]


class _Source(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    seeds: int = Field(0, ge=0, description="problems to search and learn from")
    rounds: tuple[Annotated[int, Field(ge=1)], ...] | None = Field(
        None,
        min_length=1,
        description="the rounds that search these seeds; null: every round, as in the paper. List "
        "a file twice with other rounds, and the second part holds fresh questions",
    )
    heldout: int = Field(0, ge=0, description="problems kept for evaluation, never searched")
    seed: int = Field(0, description="which problems are drawn")

    def searched_in(self, round_: int) -> bool:
        """Whether the seeds are searched in round `round_`, counted from 1."""
        return self.rounds is None or round_ in self.rounds

    @property
    @abstractmethod
    def where(self) -> str:
        """What errors and tables call this source."""

    @property
    def heldout_apart(self) -> bool:
        """Whether the held-out problems have a file or split of their own."""
        return False


class GymSource(_Source):
    """Generated problems. Counts are totals, spread evenly over tasks and levels."""

    kind: Literal["gym"]
    tasks: Literal["all"] | tuple[GymTaskName, ...] = Field("all", description="names, or all")
    level: tuple[Literal[1, 2, 3], ...] = Field((1,), description="difficulty levels, 1 is easiest")

    @model_validator(mode="after")
    def _not_empty(self) -> GymSource:
        for name, values in (("tasks", self.tasks), ("level", self.level)):
            if not values:
                raise ValueError(f"{name} is empty: name at least one")
            if values != "all" and len(set(values)) < len(values):
                raise ValueError(f"{name} names one twice: {list(values)}")
        return self

    @property
    def where(self) -> str:
        return self.kind


class _FileSource(_Source):
    path: Path = Field(description="the file, plain or .gz; relative to the working folder")
    heldout_path: Path | None = Field(
        None, description="a file for the held-out problems; null: both come from `path`"
    )

    @property
    def where(self) -> str:
        return f"{getattr(self, 'kind', 'file')} {self.path}"

    @property
    def heldout_apart(self) -> bool:
        return self.heldout_path is not None


class JsonlSource(_FileSource):
    """One JSON object a line; the keys are described in `meds3.problems.sources.jsonl`."""

    kind: Literal["jsonl"]


class MedsssSource(_FileSource):
    """The paper's evaluation format: a JSON list of `conversations` with `eval.answer`."""

    kind: Literal["medsss"]
    dataset: str | None = Field(None, min_length=1, description="null: the file's name")
    domain: Domain = Field(Domain.KNOWLEDGE_QA, description="one of the paper's five domains")


class _Mapped(BaseModel):
    """A table whose columns are named in the config."""

    dataset: str | None = Field(None, min_length=1, description="null: the file's or hub's name")
    domain: Domain = Field(Domain.KNOWLEDGE_QA, description="one of the paper's five domains")
    fields: FieldMap = Field(description="which column holds what")
    at_most: int | None = Field(None, ge=1, description="rows read, from the first; null: all")


class CsvSource(_FileSource, _Mapped):
    """A table with a header line; `.tsv` files are split at tabs."""

    kind: Literal["csv"]
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="null: , or tab")


class ParquetSource(_FileSource, _Mapped):
    """A Parquet file."""

    kind: Literal["parquet"]


class HubSource(_Source, _Mapped):
    """A dataset on the Hugging Face hub; its own code is never run."""

    kind: Literal["hub"]
    id: str = Field(min_length=1, description="org/name, or a local folder of that layout")
    config: str | None = Field(None, description="the hub's configuration (subset)")
    split: str = Field("train", description="the hub's split")
    heldout_split: str | None = Field(None, description="null: both come from `split`")

    @property
    def where(self) -> str:
        return f"hub {self.id}"

    @property
    def heldout_apart(self) -> bool:
        return self.heldout_split is not None


class DatasetSource(_Source):
    """A published dataset, read in its publisher's format: `meds3 problems datasets`."""

    kind: Literal["dataset"]
    name: str = Field(description="see `meds3 problems datasets`")
    path: Path | None = Field(None, description="the file; null: what `problems pull` fetched")
    split: str | None = Field(None, description="null: train, or all that `path` holds")
    heldout_path: Path | None = Field(None, description="a file for the held-out problems")
    heldout_split: str | None = Field(None, description="null: both come from one split")
    hub: bool = Field(False, description="read the Hugging Face hub instead of a file")
    at_most: int | None = Field(None, ge=1, description="problems read, from the first; null: all")

    @model_validator(mode="after")
    def _is_known(self) -> DatasetSource:
        if self.name not in DATASETS:
            raise ValueError(f"no dataset is called {self.name!r}: {hint(self.name)}")
        dataset = DATASETS[self.name]
        for split in (self.split, self.heldout_split):
            if split is not None and split not in dataset.files:
                raise ValueError(
                    f"{self.name} has no split {split!r}: its splits are {', '.join(dataset.files)}"
                )
        if self.hub and (self.path or self.heldout_path):
            raise ValueError("hub: true goes without path and heldout_path")
        if self.hub and dataset.hub is None:
            raise ValueError(f"{self.name}: no layout on the hub is known; give its file as path")
        if self.hub and dataset.hub is not None and dataset.hub.by_code:
            raise ValueError(
                f"{self.name}: the hub's {dataset.hub.id} is a script, which is never run; give "
                "one of the Parquet files of its branch refs/convert/parquet as path"
            )
        if self.hub and dataset.splits_share_a_file:
            raise ValueError(
                f"{self.name}: the hub's copy does not tell its splits apart; "
                f"meds3 problems pull {self.name}"
            )
        one_split = self.path and not self.heldout_path and not dataset.splits_share_a_file
        if one_split and self.heldout_split:
            raise ValueError("heldout_split: path is one split's file, give heldout_path too")
        return self

    @property
    def where(self) -> str:
        return f"dataset {self.name}"

    @property
    def heldout_apart(self) -> bool:
        return self.heldout_path is not None or self.heldout_split is not None


Source = Annotated[
    GymSource | JsonlSource | MedsssSource | CsvSource | ParquetSource | HubSource | DatasetSource,
    Field(discriminator="kind"),
]


class ProblemsConfig(BaseModel):
    """Where the problems come from; sources are added together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[Source, ...] = Field(min_length=1, description="see the kinds above")
    allow_overlap: bool = Field(
        False, description="start although seeds give held-out problems away (docs/curation.md)"
    )
    replace_overlap: bool = Field(
        False,
        description="a seed that gives a held-out problem away is replaced by the next one of its "
        "source, whatever file the held-out problem is from; false: within one file only",
    )
