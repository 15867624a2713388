"""Which of a suite's settings say where it is asked from, and not how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from meds3.errors import InputError
from meds3.evolution.cluster.config import RayConfig
from meds3.evolution.config import changed

_OURS = ("executor=", "ray.")


class _Executor(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    executor: Literal["local", "ray"] = "local"
    ray: RayConfig = RayConfig()


def workers_of(overrides: Sequence[str]) -> tuple[RayConfig | None, list[str]]:
    """The workers that `executor=ray` and `ray.FIELD=…` ask for, and the other overrides.

    None: no workers, this process asks. Raises `InputError` for fields of workers that nobody
    asked for.
    """
    ours = [one for one in overrides if one.startswith(_OURS)]
    rest = [one for one in overrides if one not in ours]
    found = changed(_Executor(), ours)
    if found.executor == "ray":
        return found.ray, rest
    if unused := [one for one in ours if one.startswith("ray.")]:
        raise InputError(f"--set {unused[0]}: there are no workers", "add --set executor=ray")
    return None, rest
