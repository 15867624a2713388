"""Loss curves of the trainings of a run, from the metric lines beside their outputs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

_SUFFIX = ".metrics.jsonl"
_ORDER = ("sft", "dpo", "prm")


class LossCurve(BaseModel):
    """One training: (step, loss) as it went, and the held-out loss where it was measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    round: int
    stage: str
    loss: list[tuple[int, float]]
    heldout: list[tuple[int, float]] = []

    def smoothed(self) -> list[tuple[int, float]]:
        """The loss as an exponential mean over about a tenth of the steps, from its first value."""
        weight, mean = 2 / (1 + max(1.0, len(self.loss) / 10)), self.loss[0][1]
        found = []
        for step, loss in self.loss:
            mean += weight * (loss - mean)
            found.append((step, mean))
        return found


def read_curves(rounds: Mapping[int, Path]) -> list[LossCurve]:
    """The curves found in the folders of rounds, by number; a training without lines has none.

    Lines that cannot be read are passed over: a picture must not cost a report.
    """
    found = []
    for number, folder in sorted(rounds.items()):
        by_stage = {}
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            name = path.name.removesuffix(_SUFFIX)
            curve = _curve(number, _stage(name, folder), path)
            if curve is not None:
                by_stage[curve.stage] = curve
        known = [stage for stage in _ORDER if stage in by_stage]
        found += [by_stage[stage] for stage in [*known, *sorted(by_stage.keys() - set(known))]]
    return found


def _stage(name: str, folder: Path) -> str:
    """`policy` is what the last training of the policy left: DPO where SFT left its own folder."""
    if name != "policy":
        return name
    return "dpo" if (folder / f"sft{_SUFFIX}").is_file() else "sft"


def _curve(number: int, stage: str, path: Path) -> LossCurve | None:
    lines = [
        line for text in path.read_text("utf-8", "replace").split("\n") if (line := _line(text))
    ]
    loss = [point for line in lines if (point := _point(line, "loss"))]
    heldout = [point for line in lines if (point := _point(line, "eval_loss"))]
    return LossCurve(round=number, stage=stage, loss=loss, heldout=heldout) if loss else None


def _line(text: str) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except json.JSONDecodeError:
        return None
    return line if isinstance(line, dict) else None


def _point(line: Mapping[str, Any], name: str) -> tuple[int, float] | None:
    step, value = line.get("step"), line.get(name)
    if not isinstance(step, int) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return step, float(value)
