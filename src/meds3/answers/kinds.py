"""The kinds of gold answer. Every kind but `FreeText` can be verified by a rule."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Kind(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Choice(_Kind):
    """One lettered option. `options` maps each letter to its text, in display order."""

    kind: Literal["choice"] = "choice"
    letter: str
    options: dict[str, str]

    @model_validator(mode="after")
    def _letter_is_an_option(self) -> Choice:
        if self.letter not in self.options:
            raise ValueError(
                f"answer {self.letter!r} is not among the options {sorted(self.options)}"
            )
        return self

    def __str__(self) -> str:
        return f"{self.letter}. {self.options[self.letter]}"


class Label(_Kind):
    """One label of a closed set, such as yes/no/maybe."""

    kind: Literal["label"] = "label"
    label: str
    labels: tuple[str, ...]

    @model_validator(mode="after")
    def _label_is_in_the_set(self) -> Label:
        if self.label not in self.labels:
            raise ValueError(f"answer {self.label!r} is not among the labels {self.labels}")
        return self

    def __str__(self) -> str:
        return self.label


class Span(_Kind):
    """A phrase of the source text; any alias is as right as `text`."""

    kind: Literal["span"] = "span"
    text: str = Field(min_length=1)
    aliases: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text


class Number(_Kind):
    """A number, right within `tolerance` (absolute) or within `lower`..`upper`, in `unit`."""

    kind: Literal["number"] = "number"
    value: float
    tolerance: float = 0.0
    lower: float | None = None
    upper: float | None = None
    unit: str | None = None

    @property
    def within(self) -> float:
        """How far two values may differ and be one answer: `tolerance`, or half of the bounds."""
        if self.lower is None and self.upper is None:
            return self.tolerance
        if self.lower is None or self.upper is None:
            return 0.0
        return max(0.0, self.upper - self.lower) / 2

    def __str__(self) -> str:
        number = f"{self.value:g}"
        return f"{number} {self.unit}" if self.unit else number


class Date(_Kind):
    """A calendar day."""

    kind: Literal["date"] = "date"
    day: date

    def __str__(self) -> str:
        return self.day.isoformat()


class ItemSet(_Kind):
    """A set of items in any order, right when its F1 against `items` is at least `threshold`.

    `aliases[i]` are other right spellings of `items[i]`. With the threshold 1 the sets must
    agree exactly.
    """

    kind: Literal["item_set"] = "item_set"
    items: tuple[str, ...] = Field(min_length=1)
    aliases: tuple[tuple[str, ...], ...] = ()
    threshold: float = Field(1.0, gt=0.0, le=1.0)

    @model_validator(mode="after")
    def _aliases_belong_to_items(self) -> ItemSet:
        if self.aliases and len(self.aliases) != len(self.items):
            raise ValueError(f"{len(self.aliases)} lists of aliases for {len(self.items)} items")
        return self

    def spellings(self) -> list[tuple[str, ...]]:
        """All spellings of each item, its own first."""
        aliases = self.aliases or ((),) * len(self.items)
        return [(item, *more) for item, more in zip(self.items, aliases, strict=True)]

    def __str__(self) -> str:
        return "; ".join(self.items)


class FreeText(_Kind):
    """Prose no rule can verify: kept for reading, never used as a seed."""

    kind: Literal["free_text"] = "free_text"
    text: str

    def __str__(self) -> str:
        return self.text


Answer = Annotated[
    Choice | Label | Span | Number | Date | ItemSet | FreeText, Field(discriminator="kind")
]
