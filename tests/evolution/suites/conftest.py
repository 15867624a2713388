"""A suite of made-up files, and a model that is scripted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from meds3.answering.config import AnsweringConfig
from meds3.engines.config import EngineConfig
from meds3.engines.protocol import Sampling
from meds3.engines.scripted import ScriptedEngine
from meds3.errors import EngineError
from meds3.evaluation.config import EvaluationConfig
from meds3.evaluation.suites.suite import Suite
from meds3.evolution import policies
from meds3.evolution.answerer import Answerer
from meds3.evolution.suites.asking import Request

OPTIONS = ["iron", "lead", "zinc"]


class Template:
    """Stands for a model's chat template."""

    end_of_turn = ""

    def render(self, messages: Any) -> str:
        return "".join(message["content"] for message in messages)


class Quiet:
    """A watcher that keeps what it heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def stage(self, name: str, state: str) -> None:
        self.heard.append((name, state.split(" in ")[0]))

    def progress(self, done: float, total: float, unit: str, note: str = "") -> None: ...


class Counted:
    """Builds scripted engines and counts what is asked of all of them."""

    def __init__(self) -> None:
        self.calls = 0
        self.die_after: int | None = None

    def build(self, config: EngineConfig, model: Path | None, log: Path | None) -> ScriptedEngine:
        return ScriptedEngine(self.say)

    def say(self, prompt: str, sampling: Sampling, index: int) -> str:
        if index == 0:
            self.calls += 1
            if self.die_after is not None and self.calls > self.die_after:
                raise EngineError("killed")
        letter = "ABC"[(len(prompt) + sampling.seed + index) % 3]
        return f" The metal is known. The answer is {letter}."


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted = Counted()
    monkeypatch.setattr(policies, "build_engine", counted.build)
    return counted


def write_exam(path: Path, count: int, word: str = "metal") -> Path:
    lines = [
        {
            "id": f"{path.stem}-{i}",
            "question": f"Which {word} is number {i}?",
            "options": OPTIONS,
            "answer": "ABC"[i % 3],
        }
        for i in range(count)
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


Asking = Callable[..., Request]


@pytest.fixture
def request_of(tmp_path: Path) -> Asking:
    """`request_of(limit=2, orders=1, n=4)`: two exams of six and four questions."""
    exams = [write_exam(tmp_path / "east.jsonl", 6), write_exam(tmp_path / "west.jsonl", 4, "ore")]
    model = tmp_path / "model.gguf"
    model.write_bytes(b"model")
    answerer = Answerer(
        name="scripted",
        ref="scripted",
        kind="base",
        served=model,
        digest="d" * 64,
        template=Template(),  # type: ignore[arg-type]
        engine=EngineConfig(kind="scripted"),
        settings=AnsweringConfig(n=4, max_tokens=32),
    )

    def make(**given: Any) -> Request:
        benchmarks = given.pop("benchmarks", None) or [
            {"name": exam.stem, "source": {"kind": "jsonl", "path": str(exam)}} for exam in exams
        ]
        suite = Suite.model_validate({"name": "exams", "version": 1, "benchmarks": benchmarks})
        settings = answerer.settings.model_copy(update={"n": given.pop("n", 4)})
        digest = given.pop("digest", answerer.digest)
        measured = EvaluationConfig(
            strategies=given.pop("strategies", ("greedy", "majority")), resamples=200
        )
        return Request(
            suite=suite,
            answerer=replace(answerer, settings=settings, digest=digest),
            out=tmp_path / "out",
            measured=measured,
            **given,
        )

    return make
