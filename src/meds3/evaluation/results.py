"""The schema of `results.json`; docs/results.md describes it for readers.

Shares and accuracies are in [0, 1]; `seconds` are wall time; `tokens` are generated tokens.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meds3.answering.config import PromptStyle
from meds3.answers.verdict import Verdict
from meds3.errors import InputError
from meds3.evaluation.results_measures import (
    BenchmarkEntry,
    CurvePoint,
    MirrorRow,
    OptionOrder,
    Reliability,
    SliceRow,
)
from meds3.evaluation.results_parts import (
    Baseline,
    DatasetEntry,
    LabelBaseline,
    Macro,
    MacroDifference,
    PrmQuality,
    Share,
)
from meds3.runs import atomic


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class System(_Part):
    """A policy that was evaluated."""

    name: str = Field(description="`base`, `round-1`, …")
    kind: Literal["base", "round"]
    kept: bool = Field(True, description="False for a round that was rolled back")
    prm: str | None = Field(None, description="which PRM scored its candidates")
    pass_at_k: dict[int, Share] = Field(default_factory=dict)


class Row(_Part):
    """One system under one strategy."""

    system: str
    strategy: str
    n_questions: int = Field(ge=1)
    n_samples: int = Field(ge=1, description="chains per question")
    accuracy: Share
    standard_error: float | None = Field(None, description="clustered on duplicate questions")
    low: Share = Field(description="95% bootstrap interval, clustered on duplicate questions")
    high: Share
    wilson_low: Share = Field(description="95% Wilson interval, for reference")
    wilson_high: Share
    verdicts: dict[Verdict, int] = Field(description="all five, per question")
    share_unparsable: Share = Field(description="questions that ended unparsable")
    share_candidates_unparsable: Share = Field(description="chains without a readable answer")
    tokens: int
    seconds: float = Field(description="sampling, plus step scoring for scored strategies")
    prompt_style: PromptStyle
    temperature: float | None = Field(
        None, description="of sampled chains; None for greedy ones and in older files"
    )
    seed: int
    macro: Macro | None = Field(None, description="over datasets; None with fewer than two")
    macro_large: Macro | None = Field(None, description="over those of 100 questions or more")


class Cost(_Part):
    tokens: int
    seconds: float


class Side(_Part):
    """One side of a comparison, with what it cost."""

    system: str
    strategy: str
    n_samples: int
    accuracy: Share
    cost: Cost


class Comparison(_Part):
    """Two systems on the same questions; `difference` is accuracy of a − of b."""

    a: Side
    b: Side
    n: int
    difference: float
    low: float = Field(description="95% paired bootstrap interval of the difference")
    high: float
    p_mcnemar: float = Field(description="exact, two-sided")
    p_holm: float | None = Field(
        None, description="p_mcnemar corrected for the number of comparisons beside this one"
    )
    only_a: int = Field(description="questions only a got right")
    only_b: int
    macro: MacroDifference | None = None
    macro_large: MacroDifference | None = None


class GroupRow(_Part):
    """One system under one strategy on one domain or dataset."""

    group: str
    system: str
    strategy: str
    n_questions: int
    accuracy: Share
    low: Share
    high: Share
    standard_error: float | None = None
    wilson_low: Share | None = None
    wilson_high: Share | None = None


class SearchStats(_Part):
    """What the search of one round did."""

    trees: int
    failed: int = Field(0, description="problems whose calls failed for good: they have no tree")
    solved: int = Field(description="trees with at least one verified chain")
    nodes: int
    rollouts: int
    rollouts_correct: int
    verified_chains: int = Field(0, description="correct finishes")
    rationalized: int = Field(
        0, description="trees never solved that got a verified chain with the answer shown"
    )
    tokens: int = 0
    seconds: float = 0.0
    stopped_because: dict[str, int] = Field(default_factory=dict)
    depths: dict[int, int] = Field(default_factory=dict, description="nodes per depth")
    values: list[int] = Field(
        default_factory=list, description="simulated nodes per tenth of value, 0–0.1 first"
    )

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds if self.seconds > 0 else 0.0


class TrainingMetrics(_Part):
    """One training stage."""

    stage: Literal["sft", "dpo", "prm"]
    examples: int
    first_loss: float | None = None
    last_loss: float | None = None
    seconds: float = 0.0
    more: dict[str, float] = Field(default_factory=dict, description="held-out AUC, accuracy, …")


class GateDecision(_Part):
    """Whether the round was kept, and the paired test it rests on."""

    kept: bool
    against: str = Field(description="the system it was compared with")
    alpha: float
    reason: str
    comparison: Comparison


class RoundInfo(_Part):
    number: int = Field(ge=1)
    search: SearchStats | None = None
    datasets: dict[str, int] = Field(
        default_factory=dict, description="rows of each dataset: sft, dpo, prm, …"
    )
    training: list[TrainingMetrics] = Field(default_factory=list)
    gate: GateDecision | None = None


class StageCost(_Part):
    """What one stage of the run took; the stages follow one another."""

    name: str
    seconds: float
    tokens: int = 0


class Results(_Part):
    """`results.json`."""

    schema_version: Literal[1] = 1
    run: str
    created: str = Field(description="ISO 8601 with offset")
    meds3_version: str
    preset: str = ""
    seed: int = 0
    hardware: dict[str, str | int | float] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    config_digest: str = Field(description="sha256 of the run's configuration")
    model: str
    model_digest: str = Field(description="sha256 of the base model")
    beyond_paper: list[str] = Field(
        default_factory=list, description="options that were on and the paper does not have"
    )
    calls_from: list[str] = Field(
        default_factory=list, description="runs whose calls were taken over: they cost no time here"
    )
    data: list[DatasetEntry] = Field(
        default_factory=list, description="the data ledger: what was learnt from and measured on"
    )
    systems: list[System]
    rows: list[Row]
    comparisons: list[Comparison] = Field(default_factory=list)
    by_domain: list[GroupRow] = Field(default_factory=list)
    by_dataset: list[GroupRow] = Field(default_factory=list)
    majority_label: list[LabelBaseline] = Field(
        default_factory=list, description="always the commonest answer of the seeds, per dataset"
    )
    bag_of_words: list[Baseline] = Field(
        default_factory=list, description="a classifier of word counts learned from the seeds"
    )
    prm_quality: list[PrmQuality] = Field(
        default_factory=list, description="one per round and system that its PRM scored"
    )
    benchmarks: list[BenchmarkEntry] = Field(
        default_factory=list, description="what was asked, of a suite: digests, contamination"
    )
    clean_by_dataset: list[GroupRow] = Field(
        default_factory=list, description="`by_dataset` without questions that overlap a seed"
    )
    slices: list[SliceRow] = Field(default_factory=list)
    cost_curve: list[CurvePoint] = Field(
        default_factory=list, description="accuracy and tokens over the number of chains"
    )
    mirrors: list[MirrorRow] = Field(
        default_factory=list, description="the same answers by the rules of other projects"
    )
    reliability: list[Reliability] = Field(
        default_factory=list, description="what the confidence of the answers is worth"
    )
    option_order: list[OptionOrder] = Field(
        default_factory=list, description="the same questions with their options permuted"
    )
    rounds: list[RoundInfo] = Field(default_factory=list)
    stages: list[StageCost] = Field(default_factory=list)

    def row(self, system: str, strategy: str) -> Row:
        """The row of a system and strategy; an `InputError` when it was not measured."""
        for row in self.rows:
            if (row.system, row.strategy) == (system, strategy):
                return row
        known = ", ".join(f"{row.system}/{row.strategy}" for row in self.rows)
        raise InputError(f"no results for {system} with {strategy}", f"measured: {known}")


def write_results(path: Path, results: Results) -> None:
    """Write `results.json` whole or not at all."""
    atomic.write_json(path, results.model_dump(mode="json"))


def read_results(path: Path) -> Results:
    """Read `results.json`; an `InputError` names the file and the first fault."""
    if not path.is_file():
        raise InputError(f"{path}: no such file", "finish the run with `meds3 evolve` first")
    try:
        return Results.model_validate(json.loads(path.read_text("utf-8")))
    except json.JSONDecodeError as error:
        raise InputError(f"{path} is not valid JSON: {error}", "evaluate the run again") from error
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise InputError(
            f"{path}: {where}: {fault['msg']}",
            "read it with the meds3 version that wrote it, or evaluate the run again",
        ) from error
