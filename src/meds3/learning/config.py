"""Settings of the three trainings. Defaults suit LoRA; the paper's values stand beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

ChainChoice = Literal["all", "diverse", "shortest", "min-value"]
LabelVariant = Literal["soft", "hard", "dual-hard", "dual-soft"]
Precision = Literal["auto", "float32", "bfloat16"]
SPEED_ONLY = ("accelerate", "packs_together")  # where and how fast a training runs, not what it is


class LoraConfig(BaseModel):
    """Low-rank adapters, merged into the weights when the training ends."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    r: int = Field(16, ge=1, description="rank")
    alpha: int = Field(32, ge=1, description="scale: the update is alpha / r · B·A")
    dropout: float = Field(0.0, ge=0.0, lt=1.0)
    targets: str | list[str] = Field("all-linear", description="module names that get adapters")
    top_layers: int | None = Field(
        None,
        ge=1,
        description="adapt only the top N layers; nothing is back-propagated below them, "
        "which on a CPU saves up to half of the time; null adapts every layer",
    )


class TrainingConfig(BaseModel):
    """What every training has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lora: LoraConfig = LoraConfig()
    full: bool = Field(False, description="train every weight instead of LoRA adapters")
    top_layers: int | None = Field(
        None,
        ge=1,
        description="with full: only the top N layers; nothing is back-propagated below them, "
        "which on a CPU nearly halves the time for the upper half; null trains every layer",
    )
    lr: float = Field(2e-4, gt=0.0, description="peak learning rate")
    epochs: float = Field(1.0, gt=0.0)
    warmup: float = Field(0.05, ge=0.0, lt=1.0, description="share of the steps spent warming up")
    precision: Precision = Field(
        "auto",
        description="of the matrix products; weights, gradients and optimiser stay float32. auto: "
        "bfloat16 where the GPU or CPU computes it (avx512_bf16, amx), else float32",
    )
    max_length: int = Field(
        1536, ge=16, description="tokens; a chain that is longer with its prompt is left out"
    )
    save_every: int = Field(25, ge=1, description="optimiser steps between checkpoints")
    holdout: float = Field(
        0.0,
        ge=0.0,
        lt=1.0,
        description="share of the problems whose rows are kept out of the training, by digest of "
        "the problem id; their loss chooses the checkpoint that is kept. 0: none, the last is kept",
    )
    eval_every: int | None = Field(
        None, ge=1, description="optimiser steps between held-out losses; null: once an epoch"
    )
    patience: int | None = Field(
        None,
        ge=1,
        description="stop after this many held-out losses in a row without a better one; "
        "null: never stops early",
    )
    accelerate: Path | None = Field(
        None,
        description="a file for `accelerate launch --config_file`, for several processes or GPUs "
        "(see configs/accelerate); null: one process",
    )

    @model_validator(mode="after")
    def _layers_of_full_weights(self) -> Self:
        if self.top_layers is not None and not self.full:
            raise ValueError("top_layers needs full: true; the adapters' own is lora.top_layers")
        return self

    @model_validator(mode="after")
    def _evaluates_on_something(self) -> Self:
        for name in ("eval_every", "patience"):
            if getattr(self, name) is not None and not self.holdout:
                raise ValueError(f"{name} needs a held-out part: set holdout, such as 0.1")
        return self


class PackedTrainingConfig(TrainingConfig):
    """A training whose chains share their prompt within one sequence."""

    packing: Literal["tree", "none"] = Field(
        "tree",
        description="tree: the chains of a prompt as one sequence that computes shared parts once; "
        "none: every chain by itself, for models with an attention that cannot be packed",
    )
    pack_tokens: int = Field(
        1536, ge=16, description="most tokens of one packed sequence (prompt and its chains)"
    )
    packs_per_step: int = Field(4, ge=1, description="packed sequences per optimiser step")
    packs_together: int = Field(
        1,
        ge=1,
        description="packed sequences in one pass through the model: more keep a GPU busy and need "
        "its memory. Divides packs_per_step; changes the speed, not what is learned",
    )

    @model_validator(mode="after")
    def _joins_trees_only(self) -> Self:
        if self.packs_together > 1 and self.packing == "none":
            raise ValueError("packs_together above 1 needs packing: tree")
        if self.packs_per_step % self.packs_together:
            raise ValueError(
                f"packs_together {self.packs_together} does not divide "
                f"packs_per_step {self.packs_per_step}"
            )
        return self


class SftConfig(PackedTrainingConfig):
    """Supervised fine-tuning on verified chains. The paper: full weights, lr 1e-6, 1 epoch."""

    choose: ChainChoice = Field(
        "diverse",
        description="which verified chains of a problem: all; diverse (first steps that differ "
        "before others); shortest; min-value (the best least step value). All but `all` take at "
        "most `per_problem`",
    )
    per_problem: int = Field(4, ge=1, description="most distinct chains taken from one problem")
    easy_rate: float = Field(
        0.9, gt=0, le=1, description="a problem is easy when this share of its chains was right"
    )
    easy_per_problem: int | None = Field(
        None, ge=1, description="most chains taken from an easy problem; null: as from any"
    )
    balance_answers: Literal["none", "gold", "even"] = Field(
        "none",
        description="cut back answers that chance and the model's taste verified too often: to "
        "`answer_slack` times their share among the dataset's gold answers, or an even share",
    )
    answer_slack: float = Field(1.25, gt=0, description="see balance_answers")
    domain_slack: float | None = Field(
        None, gt=0, description="no domain gets more than this times an even share; null: no limit"
    )
    kept_rollouts: bool = Field(
        True, description="also learn from correct simulations, not only from Finish nodes"
    )
    one_statement: Literal["trim", "drop", "keep"] = Field(
        "trim",
        description="chains that state their answer twice or go on after it: trim cuts them off "
        "after the first statement, if they are still right then (ours)",
    )
    borrowed_facts: Literal["drop", "keep"] = Field(
        "drop",
        description="chains that tell a figure or a name of the worked example as if it stood in "
        "their own problem: verified by luck (ours; the paper keeps every verified chain)",
    )
    reasons: Literal["keep", "drop", "both", "option", "reworded"] = Field(
        "keep",
        description="beyond the paper. drop: of a verified chain the policy learns nothing but its "
        "answer, in one step; for models too small to give reasons that tell anything. option: "
        "the same with the right option's words before its letter. reworded: the chain's steps, "
        "and in place of the sentence that states the answer the option's words and its letter. "
        "both: a problem's chains, and beside them its answer in one step",
    )
    min_steps: int = Field(1, ge=1, description="leave out chains of fewer steps after Step 0")
    batch_size: int = Field(
        16, ge=1, description="chains per optimiser step; only with packing: none"
    )
    micro_batch: int | None = Field(
        None,
        ge=1,
        description="chains of one forward pass in each process, only with packing: none; "
        "null: all that fall to the process at once",
    )


class DpoConfig(TrainingConfig):
    """Direct preference optimisation (paper v4). The paper: full weights, lr 5e-7."""

    lr: float = Field(2e-5, gt=0.0, description="peak learning rate (paper, full weights: 5e-7)")
    beta: float = Field(0.1, gt=0.0, description="strength of the pull to the SFT policy")
    gap: float = Field(0.8, ge=0.0, le=1.0, description="pairs differ in value by more than this")
    per_problem: int = Field(8, ge=1, description="most pairs taken from one problem")
    batch_size: int = Field(4, ge=1, description="pairs per optimiser step")


class PrmConfig(PackedTrainingConfig):
    """Process reward model: one logit at each step's last token."""

    lora: LoraConfig = LoraConfig(r=32, alpha=64)
    lr: float = Field(5e-5, gt=0.0, description="peak learning rate, of the adapters and the head")
    epochs: float = Field(2.0, gt=0.0)
    labels: LabelVariant = Field("dual-soft", description="how a step's value becomes its label")
    beta: float = Field(1.0, ge=0.0, description="weight of the drop in value in the dual labels")
    label_rollout_ends: bool = Field(
        True,
        description="label the last step of a kept simulation by its verdict (ours, not the "
        "paper's); its other steps were never simulated and stay without a label",
    )
    per_problem: int | None = Field(
        16, ge=1, description="most chains taken from one problem, right and wrong in turn"
    )
    contrast: bool = Field(
        False,
        description="only problems that have chains that end right and chains that end wrong, as "
        "many of each (beyond the paper): then knowing which problems are easy wins nothing, and "
        "only telling the chains of one problem apart does",
    )
    head_l2: float | None = Field(
        None,
        gt=0.0,
        description="fit the head alone first, by logistic regression with this L2 strength on "
        "the policy's hidden states (ours, arXiv 2202.10054); null: it starts near zero, the "
        "paper's way. 1.0 suits a few hundred chains, 0.01 many thousands",
    )
    max_negatives_ratio: float | None = Field(
        None, gt=0.0, description="at most this many negative labels per positive one"
    )


class FreshConfig(BaseModel):
    """Chains that the policy just trained writes for its own PRM (beyond the paper).

    The trees hold chains of the policy before, whose mistakes are others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    chains: int = Field(8, ge=2, description="for every seed")
    seeds: Literal["learned", "later", "next"] = Field(
        "learned",
        description="learned: the seeds of the round and of those before it, many of whose answers "
        "the policy knows by heart; later: those that only later rounds search, as new to the "
        "policy as a question will be (a source's `rounds`; one past the last round serves too); "
        "next: of these only those that begin with the next round",
    )
    trees: bool = Field(False, description="the PRM also learns from the chains of the trees")
    both_sides: bool = Field(
        False,
        description="a seed of which no chain is right gets the right answer as one more, one of "
        "which no chain is wrong a wrong one of its options, both as SFT states answers (needs "
        "sft.reasons: drop or option). With prm.contrast seeds on which the policy is sure teach "
        "the PRM nothing otherwise",
    )

    def takes(self, first: int, number: int) -> bool:
        """Whether the PRM of round `number` learns from a seed that is searched from `first` on."""
        match self.seeds:
            case "learned":
                return first <= number
            case "later":
                return first > number
            case "next":
                return first == number + 1
