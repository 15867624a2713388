"""The configuration of a run: the rooms' own settings, put together from one YAML file."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from meds3.answering.config import AnsweringConfig
from meds3.engines.config import EngineConfig
from meds3.errors import InputError
from meds3.evaluation.config import EvaluationConfig
from meds3.evolution.cluster.config import RayConfig
from meds3.evolution.gate import GateConfig
from meds3.evolution.presets import PRESETS
from meds3.evolution.seed_set import SeedSetConfig
from meds3.learning.config import SPEED_ONLY, DpoConfig, FreshConfig, PrmConfig, SftConfig
from meds3.learning.verified import ALONE
from meds3.problems.config import ProblemsConfig
from meds3.rewards.config import ScorerConfig
from meds3.search.config import SearchConfig

M = TypeVar("M", bound=BaseModel)

# Fields that earlier versions did not have, with what they did then: runs from before resume.
_ADDED_LATER: tuple[tuple[str, str, Any], ...] = (
    ("problems", "allow_overlap", False),
    ("problems", "replace_overlap", False),
    ("fresh", "seeds", "learned"),
    ("fresh", "both_sides", False),
    ("sft", "reasons", "keep"),
    ("sft", "top_layers", None),
    ("dpo", "top_layers", None),
    ("prm", "top_layers", None),
    ("evaluation", "base_temperature", None),
)
_REASONS = {
    "drop": "SFT learns the answers of verified chains alone",
    "option": "SFT learns the answers of verified chains, in words and letter",
    "reworded": "SFT learns verified chains that end in their option's words and letter",
    "both": "SFT learns verified chains and beside them the answer alone",
}


class RunConfig(BaseModel):
    """One run of the loop. See `configs/` for files that explain themselves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[\w.-]+$", description="the run's folder under `runs_dir`")
    runs_dir: Path = Field(Path("runs"), description="where runs are written")
    preset: Literal["v2", "v4"] = Field("v2", description="which version of the paper")
    model: str = Field(
        "embedded", description="`embedded`, a GGUF file, a Hugging Face folder or hub id"
    )
    seed: int = 0
    rounds: int = Field(1, ge=1)
    problems: ProblemsConfig
    engine: EngineConfig = EngineConfig()
    scorer: ScorerConfig = ScorerConfig()
    executor: Literal["local", "ray"] = Field(
        "local", description="local: one process drives; ray: workers on a cluster, see `ray`"
    )
    ray: RayConfig = RayConfig()
    search: SearchConfig = SearchConfig()
    sft: SftConfig = SftConfig()
    dpo: DpoConfig | None = Field(None, description="null: no DPO (preset v2)")
    prm: PrmConfig = PrmConfig()
    fresh: FreshConfig | None = Field(
        None, description="null: the PRM learns from the chains of the trees (the paper)"
    )
    answering: AnsweringConfig = AnsweringConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    gate: GateConfig = GateConfig()
    seed_set: SeedSetConfig = Field(
        SeedSetConfig(), description="for `meds3 problems build-seeds` only"
    )

    @model_validator(mode="after")
    def _every_round_has_seeds(self) -> Self:
        sources = [source for source in self.problems.sources if source.seeds]
        for number in range(1, self.rounds + 1):
            if sources and not any(source.searched_in(number) for source in sources):
                raise ValueError(
                    f"round {number} has no seeds: no source with seeds lists it under `rounds`"
                )
        return self

    @model_validator(mode="after")
    def _both_sides_look_like_the_policys(self) -> Self:
        if self.fresh and self.fresh.both_sides and self.sft.reasons not in ALONE:
            raise ValueError(
                f"fresh.both_sides needs sft.reasons drop or option, not {self.sft.reasons}: "
                "among chains with reasons a bare answer would be known by its looks"
            )
        return self

    @property
    def run_path(self) -> Path:
        return self.runs_dir / self.name

    def rolled_out_as_answered(self) -> SearchConfig:
        """The search, with rollouts sampled as the policy answers."""
        answering = self.answering
        return self.search.model_copy(
            update={
                "temperature": answering.temperature,
                "top_p": answering.top_p,
                "top_k": answering.top_k,
                "max_rollout_tokens": answering.max_tokens,
            }
        )

    def beyond_paper(self) -> list[str]:
        """The options that are on and that the paper does not have, for the report."""
        learning = {
            "borrowed_facts=drop (SFT leaves out chains that copy the worked example's facts)": (
                self.sft.borrowed_facts == "drop"
            ),
            "one_statement=trim (SFT chains end with their first stated answer)": (
                self.sft.one_statement == "trim"
            ),
            f"reasons={self.sft.reasons} ({_REASONS.get(self.sft.reasons)})": (
                self.sft.reasons in _REASONS
            ),
            f"head_l2={self.prm.head_l2} (the PRM's head is fitted first)": (
                self.prm.head_l2 is not None
            ),
            "kept_rollouts (SFT also learns from verified rollouts)": self.sft.kept_rollouts,
            "prm.contrast (PRM: as many right as wrong chains of every problem)": self.prm.contrast,
            "fresh (the PRM learns from chains of the policy just trained)": self.fresh is not None,
            "fresh.both_sides (the PRM also learns from seeds on which its policy is sure)": (
                self.fresh is not None and self.fresh.both_sides
            ),
            "label_rollout_ends (PRM also learns from rollout verdicts)": (
                self.prm.label_rollout_ends
            ),
            "LoRA instead of full fine-tuning": not self.sft.full,
            f"top_layers={self.sft.top_layers} (SFT trains only these of the policy's layers)": (
                self.sft.top_layers is not None
            ),
            "force_answer (a chain without an answer is asked for one)": (
                self.answering.force_answer
            ),
        }
        return [*self.search.beyond_paper(), *(name for name, on in learning.items() if on)]

    def science(self) -> dict[str, Any]:
        """What the results depend on: everything but where and how fast it runs.

        A run may be resumed with other workers and extended by rounds, not asked another question.
        """
        apart = {"name", "runs_dir", "rounds", "seed_set"}
        apart |= {"engine", "scorer", "executor", "ray"}
        body = self.model_dump(mode="json", exclude=apart)
        body["answering"] = self.answering.drawing()
        for name in ("trees_in_flight", "tokens_in_flight", "max_failed_share"):
            body["search"].pop(name)
        for stage in ("sft", "dpo", "prm"):
            for name in SPEED_ONLY:
                (body[stage] or {}).pop(name, None)
        # Of the evaluation only how it samples: the gate decides by what was sampled so. The rest
        # is measured beside, and may be asked for when the run is done.
        kept = ("seed", "base_temperature")
        body["evaluation"] = {name: body["evaluation"][name] for name in kept}
        for part, name, usual in _ADDED_LATER:
            if body[part] and body[part][name] == usual:
                body[part].pop(name)
        return body


def load_config(path: Path, overrides: Sequence[str] = ()) -> RunConfig:
    """Read a YAML config; `overrides` are `key.sub=value` with YAML values.

    Raises `InputError` that names the file, the field, what was expected and the nearest
    known field for a misspelt one.
    """
    if not path.is_file():
        raise InputError(f"config {path}: no such file", "see configs/ for examples")
    try:
        body = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise InputError(f"config {path} is not valid YAML: {error}", "mend that line") from error
    if not isinstance(body, dict):
        raise InputError(f"config {path}: expected fields with values, found {body!r}")
    for override in overrides:
        _override(body, override)
    preset = body.get("preset", "v2")
    base = PRESETS.get(preset, {}) if isinstance(preset, str) else {}
    try:
        return RunConfig.model_validate(_merged(base, body))
    except ValidationError as error:
        raise InputError(f"config {path}:\n{describe(error, RunConfig)}") from error


def settings_from(model: type[M], overrides: Sequence[str]) -> M:
    """The defaults of one room's settings with `--set` overrides on top."""
    return _settings(model, {}, overrides)


def changed(settings: M, overrides: Sequence[str]) -> M:
    """One room's settings with `--set` overrides on top."""
    return _settings(type(settings), settings.model_dump(mode="json"), overrides)


def updated(settings: M, values: Mapping[str, Any], where: str) -> M:
    """One room's settings with other values, checked; `where` they come from is told if not."""
    try:
        return type(settings).model_validate({**settings.model_dump(mode="json"), **values})
    except ValidationError as error:
        raise InputError(f"{where}:\n{describe(error, type(settings))}") from error


def _settings(model: type[M], body: dict[str, Any], overrides: Sequence[str]) -> M:
    for override in overrides:
        _override(body, override)
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise InputError(f"--set:\n{describe(error, model)}") from error


def describe(error: ValidationError, model: type[BaseModel]) -> str:
    """One line per fault: field, value, what was expected, the nearest name."""
    lines = []
    for fault in error.errors():
        where = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            known = _fields_at(model, fault["loc"][:-1])
            near = difflib.get_close_matches(str(fault["loc"][-1]), known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}"
            lines.append(f"  {where}: unknown field; {hint}")
        elif isinstance(fault["input"], dict):
            # Of a whole section, whose message names the values: all of them would bury it.
            said = fault["msg"].removeprefix("Value error, ")
            lines.append(f"  {where}: {said}" if where else f"  {said}")
        else:
            lines.append(f"  {where}: {fault['msg']}, found {fault['input']!r}")
    return "\n".join(lines)


def _fields_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The field names of the (possibly nested, optional or listed) model at `location`."""
    models = [model]
    for part in location:
        found = [m for m in models if isinstance(part, str) and part in m.model_fields]
        if found:
            models = [n for m in found for n in _models_in(m.model_fields[str(part)].annotation)]
    return sorted({name for m in models for name in m.model_fields})


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [m for argument in typing.get_args(annotation) for m in _models_in(argument)]


def _override(body: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise InputError(f"--set {override}: expected key=value", "for example --set search.c=1.5")
    *parents, last = key.split(".")
    for parent in parents:
        child = body.setdefault(parent, {})
        if not isinstance(child, dict):
            raise InputError(f"--set {override}: {parent!r} has no fields of its own")
        body = child
    try:
        body[last] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise InputError(f"--set {override}: {value!r} is not a YAML value") from error


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` laid on `base`, field by field where both are mappings."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        merged[key] = _merged(old, value) if both else value  # type: ignore[arg-type]
    return merged
