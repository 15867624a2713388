"""`--model`: a base model, a run, or an export, ready to be asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from meds3.answering.config import AnsweringConfig
from meds3.chains.template import ChatTemplate
from meds3.engines.config import EngineConfig
from meds3.engines.forms import GGUF_NAME, servable
from meds3.engines.models import ensure_model
from meds3.errors import InputError
from meds3.evolution.config import changed
from meds3.evolution.export.package import MARK
from meds3.evolution.outcome import (
    CALIBRATION,
    calibration_of,
    config_of,
    outcome_of,
    read_calibration,
)
from meds3.evolution.policies import served_by
from meds3.problems.problem import Problem
from meds3.rewards.config import ScorerConfig
from meds3.runs.digest import digest_path
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal
from meds3.selection.confidence import Calibration

_ENGINE, _SCORER = "engine.", "scorer."
SUITE_RUN = "suite"  # the `kind` in the manifest of a run directory that a suite was asked in


@dataclass(frozen=True)
class Answerer:
    """A model that is asked. `learned`: the problems it learned from; None: not known."""

    name: str
    ref: str
    kind: Literal["base", "round"]
    served: Path
    digest: str
    template: ChatTemplate
    engine: EngineConfig
    settings: AnsweringConfig
    scorer: ScorerConfig = field(default_factory=ScorerConfig)
    prm: Path | None = None
    round: int = 0
    calibration: Calibration | None = None
    learned: tuple[Problem, ...] | None = None


def answerer_of(ref: str, *, prm: Path | None = None, overrides: Sequence[str] = ()) -> Answerer:
    """The model that `ref` names; `prm` in place of its own, `overrides` of its answering
    (`n=8`), of its engine (`engine.threads=4`) and of its scorer (`scorer.kind=vllm`).

    `ref`: a run directory (its kept policy and PRM), a folder that `meds3 export` wrote, or
    whatever `ensure_model` takes. A trained policy is asked bare, as it was trained; another
    model is shown a worked example. A run may be served by another kind of engine than it was
    made with. Raises `InputError` when there is no such model.
    """
    path = Path(ref)
    engine = [one.removeprefix(_ENGINE) for one in overrides if one.startswith(_ENGINE)]
    scorer = [one.removeprefix(_SCORER) for one in overrides if one.startswith(_SCORER)]
    if (path / "manifest.json").is_file():
        found = _of_run(RunDirectory(path), ref, engine)
    elif (path / MARK).is_file():
        found = _of_export(path, ref, engine)
    else:
        found = _of_model(ref, engine)
    rest = [one for one in overrides if not one.startswith((_ENGINE, _SCORER))]
    return replace(
        found,
        settings=changed(found.settings, rest),
        scorer=changed(found.scorer, scorer),
        prm=prm or found.prm,
    )


def _of_run(run: RunDirectory, ref: str, overrides: Sequence[str]) -> Answerer:
    if run.read_manifest()["config"].get("kind") == SUITE_RUN:
        raise InputError(
            f"--model {ref}: a folder of answers to a suite, not a model",
            "name the run that trained the model, or `embedded`",
        )
    config, outcome = config_of(run), outcome_of(run)
    engine, base = changed(config.engine, overrides), ensure_model(config.model)
    with Journal(run.journal_path, read_only=True) as journal:
        rows = journal.rows("SELECT body FROM problems WHERE split != 'heldout' ORDER BY rowid")
    learned = tuple(Problem.model_validate_json(row["body"]) for row in rows)
    served = servable(base, engine.kind)
    if outcome.policy is None:
        example = config.search.shows_example(1)
        return _made(
            f"{run.name}-base", ref, "base", served, base,
            engine, config.answering, "worked-example" if example else "bare",
        )  # fmt: skip
    made = _made(
        f"{run.name}-round-{outcome.round}", ref, "round",
        served_by(outcome.policy, engine, served), base, engine, config.answering, "bare",
    )  # fmt: skip
    return replace(
        made,
        scorer=config.scorer,
        prm=outcome.prm,
        round=outcome.round,
        calibration=calibration_of(outcome),
        learned=learned,
    )


def _of_export(folder: Path, ref: str, overrides: Sequence[str]) -> Answerer:
    gguf = folder / GGUF_NAME
    if not gguf.is_file() and not (folder / "config.json").is_file():
        raise InputError(
            f"--model {ref}: this export holds no whole model ({GGUF_NAME} or config.json)",
            "export it with --format gguf or hf",
        )
    served = gguf if gguf.is_file() else folder
    made = _made(
        folder.resolve().name, ref, "round", served, served,
        _engine_for(served, overrides), AnsweringConfig(), "bare",
    )  # fmt: skip
    return replace(made, calibration=read_calibration(folder / CALIBRATION))


def _of_model(ref: str, overrides: Sequence[str]) -> Answerer:
    model = ensure_model(ref)
    engine = _engine_for(model, overrides)
    return _made(
        ref if ref == "embedded" else model.stem, ref, "base", servable(model, engine.kind), model,
        engine, AnsweringConfig(), "worked-example",
    )  # fmt: skip


def _engine_for(model: Path, overrides: Sequence[str]) -> EngineConfig:
    """OpenVINO reads GGUF files; a Hugging Face folder is run by transformers, or by vLLM."""
    usual = EngineConfig(kind="transformers" if model.is_dir() else "openvino")
    engine = changed(usual, overrides)
    if (engine.kind == "openvino") != (usual.kind == "openvino"):
        raise InputError(
            f"engine.kind: {model} is made for {usual.kind!r}, {engine.kind!r} given",
            "export the run in the form that the other engine reads: meds3 export",
        )
    return engine


def _made(
    name: str,
    ref: str,
    kind: Literal["base", "round"],
    served: Path,
    templated: Path,
    engine: EngineConfig,
    settings: AnsweringConfig,
    style: Literal["bare", "worked-example"],
) -> Answerer:
    return Answerer(
        name=re.sub(r"[^\w.-]+", "-", name),
        ref=ref,
        kind=kind,
        served=served,
        digest=digest_path(served),
        template=ChatTemplate.from_model(templated),
        engine=engine,
        settings=settings.model_copy(update={"style": style}),
    )
