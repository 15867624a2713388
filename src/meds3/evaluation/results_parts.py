"""Parts of `results.json`: macro averages, baselines and what a PRM is worth."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Share = float


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Measured(_Part):
    """A figure with its 95% bootstrap interval, clustered on duplicate questions."""

    value: float
    low: float
    high: float


class DatasetEntry(_Part):
    """What a run took from one dataset."""

    name: str
    domains: tuple[str, ...]
    licence: str = Field(description="as its publisher states it; `not recorded` for own files")
    seeds: int
    heldout: int
    rows: dict[str, int] = Field(description="training rows by kind (sft, dpo, prm), all rounds")


class Macro(_Part):
    """The unweighted mean of the datasets' accuracies; every dataset is resampled by itself."""

    datasets: int = Field(ge=2)
    accuracy: Share
    low: Share
    high: Share


class MacroDifference(_Part):
    """The unweighted mean of the datasets' paired differences."""

    datasets: int = Field(ge=2)
    difference: float
    low: float
    high: float
    p_value: float = Field(description="paired randomisation test, two-sided")


class Baseline(_Part):
    """What a dataset's seeds teach without a language model, on its held-out problems."""

    dataset: str
    n_seeds: int
    n_questions: int
    accuracy: Share
    low: Share
    high: Share


class LabelBaseline(Baseline):
    """Always the commonest answer of the seeds."""

    answer: str
    seeds_with_it: int


class ScoreQuality(_Part):
    """How well one chain score puts right chains above wrong ones; 0.5 is a coin."""

    rule: str = Field(description="last, min, mean or product of the step scores")
    auc: Measured | None = Field(description="over all pairs; None without a pair")
    auc_within: Measured | None = Field(description="over pairs of chains of the same question")


class Gain(_Part):
    """A scored strategy against its unscored counterpart on the same chains."""

    strategy: str
    against: Literal["random", "majority"]
    accuracy: Share
    against_accuracy: Share
    gain: Measured
    room: Share = Field(description="share of questions with a right chain, less `against`")
    room_taken: float | None = Field(description="gain / room; None where there is no room")


class LengthPreference(_Part):
    """How a chain score goes with length among chains that are right, or wrong, alike.

    Rank correlations within question and within verdict: truth cannot explain them.
    """

    rule: str
    measure: Literal["tokens", "steps"]
    rho: Measured | None = Field(description="None where no such chains differ in length")
    rho_right: Measured | None
    rho_wrong: Measured | None
    chosen_extra: Measured | None = Field(
        description="length of best-of-n's choice − mean over the chains of its question"
    )
    mean_length: float
    alarm: bool


class GroupQuality(_Part):
    """A domain or a dataset; the chain score is that of P-VS (`last`)."""

    by: Literal["domain", "dataset"]
    group: str
    n_questions: int
    pairs: int
    auc_within: Measured | None
    best_gain: Measured = Field(description="best-of-n/last − a random chain that states an answer")
    vote_gain: Measured = Field(description="pvs − majority")


class CalibrationBin(_Part):
    """Sampled steps of about the same score."""

    steps: int
    score: Share = Field(description="mean score")
    value: Measured = Field(description="mean share of rollouts verified correct")


class StepAgreement(_Part):
    """Step scores of held-out chains against fresh rollouts from those steps."""

    steps: int
    questions: int
    rollouts_per_step: int
    tokens: int
    mean_score: Share
    mean_value: Share
    error: Measured = Field(description="mean of score − value: positive is too hopeful")
    ece: Share
    brier: float = Field(description="mean squared error of the score, over rollouts")
    brier_constant: float = Field(description="the same of always saying `mean_value`")
    rho: Measured | None = Field(description="rank correlation; None where one side is constant")
    bins: list[CalibrationBin]


class PrmQuality(_Part):
    """What the PRM of one round is worth on the chains of one system."""

    round: int = Field(ge=1)
    system: str
    n_questions: int
    n_chains: int = Field(description="sampled chains that state an answer")
    n_unread: int = Field(description="chains left out: they never vote")
    n_mixed: int = Field(description="questions with both a right and a wrong chain")
    pairs: int = Field(description="right and wrong chain of the same question")
    chain_accuracy: Share = Field(description="mean over questions; a random answering chain")
    ceiling: Share = Field(description="questions with at least one right chain")
    scores: list[ScoreQuality]
    gains: list[Gain]
    length: list[LengthPreference]
    groups: list[GroupQuality]
    steps: StepAgreement | None = None
