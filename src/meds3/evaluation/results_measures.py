"""Parts of `results.json`: benchmarks, slices, costs, the rules of others, the order of options."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

Share = float


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Contamination(_Part):
    """Questions of a benchmark that overlap what the model learned from (docs/curation.md)."""

    n_seeds: int = Field(description="seeds of the run, whatever their dataset")
    n_questions: int
    n_overlapping: int
    by_rule: dict[str, int] = Field(description="overlapping questions by the rule that found them")
    problem_ids: list[str]

    @property
    def share(self) -> float:
        return self.n_overlapping / self.n_questions


class BenchmarkEntry(_Part):
    """One benchmark of a suite, as it was asked."""

    name: str
    suite: str
    suite_version: str
    source: str = Field(description="what was read")
    file_sha256: str | None = Field(description="None: no single file (hub, gym)")
    problems_sha256: str | None = Field(description="of all problems read, before any limit")
    n_read: int
    n_asked: int
    n_left_out: int = Field(0, description="rows without a problem that a rule can verify")
    missing: str | None = Field(None, description="why it was not asked")
    note: str | None = Field(None, description="what a reader of the score must know")
    contamination: Contamination | None = Field(
        None, description="None: what the model learned from is not known"
    )


class SliceRow(_Part):
    """Accuracy on the questions that are alike in one respect."""

    by: str = Field(description="domain, kind, options, length, level or type")
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


class CurvePoint(_Part):
    """A strategy with the first, second, … `n_samples` of the kept candidates, averaged."""

    system: str
    strategy: str
    n_samples: int
    accuracy: Share
    low: Share
    high: Share
    tokens: float = Field(description="generated tokens per question")
    seconds: float = Field(description="wall seconds per question, step scoring included")


class MirrorRow(_Part):
    """The answers of one system and strategy to one dataset, by several scoring rules."""

    dataset: str
    system: str
    strategy: str
    n_questions: int
    shares: dict[str, Share | None] = Field(
        description="share right by rule; None where the rule is not defined"
    )

    @property
    def spread(self) -> float:
        """Highest less lowest share."""
        defined = [share for share in self.shares.values() if share is not None]
        return max(defined) - min(defined)


class OptionOrder(_Part):
    """The same questions with their options in other orders."""

    dataset: str
    system: str
    strategy: str
    n_questions: int = Field(description="questions whose options can be permuted")
    orders: int = Field(ge=2, description="the original one counted in")
    agreement: Share = Field(description="chance that two orders get the same option")
    low: Share
    high: Share
    always_same: Share = Field(description="questions with one option in all orders")
    accuracy: Share = Field(description="in the original order")
    accuracy_permuted: Share = Field(description="mean over the other orders")


class ReliabilityBin(_Part):
    """Answered questions of about the same confidence."""

    n_questions: int
    low: Share = Field(description="least confidence")
    high: Share
    confidence: Share = Field(description="mean")
    accuracy: Share


class RiskPoint(_Part):
    """What is left when answers below a confidence go to a clinician."""

    threshold: Share
    n_answered: int
    coverage: Share = Field(description="questions still answered")
    accuracy: Share = Field(description="of those")
    low: Share = Field(description="95% Wilson interval")
    high: Share


class Reliability(_Part):
    """Does a confidence of .8 mean right 8 times of 10, and does it find the wrong answers?"""

    system: str
    strategy: str
    confidence: str = Field(
        description="votes: the winner's share of the chains; platt, isotonic: fitted, measured on "
        "questions that the curve was not fitted on"
    )
    n_questions: int
    accuracy: Share
    ece: float = Field(description="expected calibration error, bins of equal numbers")
    ece_low: float
    ece_high: float
    brier: float
    auc: Share | None = Field(description="right answers ranked above wrong; None without both")
    aurc: Share = Field(description="area under the risk–coverage curve; no ranking: 1 − accuracy")
    aurc_best: Share = Field(description="were all wrong answers ranked last")
    bins: list[ReliabilityBin]
    risk_coverage: list[RiskPoint]
