"""The manifest: what a run is made of, so that its numbers can be made again."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from meds3 import __version__
from meds3.errors import InputError
from meds3.runs.digest import digest_of
from meds3.runs.directory import RunDirectory

MANIFEST_VERSION = 1
_PACKAGES = (
    "torch",
    "transformers",
    "trl",
    "peft",
    "accelerate",
    "openvino-genai",
    "gguf",
    "numpy",
    "scipy",
    "pydantic",
)


def open_manifest(
    run: RunDirectory,
    config: dict[str, Any],
    science: dict[str, Any],
    model_digest: str,
    started: dict[str, Any] | None = None,
) -> None:
    """Write the manifest of a new run, or check that the run may be resumed with this config.

    `science` is what the results depend on. `started` and the errors: see `check_science`.
    """
    science = {**science, "model_digest": model_digest}
    if run.manifest_path.is_file():
        check_science(run, science, started)
        return
    run.write_manifest(
        {
            "manifest_version": MANIFEST_VERSION,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "meds3": __version__,
            "config": config,
            "science": science,
            "science_digest": digest_of(science),
            "versions": _versions(),
            "hardware": hardware(),
            "git_revision": _git_revision(),
        }
    )


def check_science(
    run: RunDirectory, science: dict[str, Any], started: dict[str, Any] | None = None
) -> None:
    """Raise `InputError` naming the fields of `science` that differ from the run's own.

    `started` is the run's own as this version reads its config: a field that is newer than the run
    then counts with its default. None: as it was written.
    """
    started = run.read_manifest()["science"] | (started or {})
    changed = [
        line
        for key in sorted(science)
        for line in _differences(key, started.get(key), science[key])
    ]
    if changed:
        raise InputError(
            f"{run.root} was started with other settings:\n  " + "\n  ".join(changed),
            "give the new settings a run of their own: --set name=…",
        )


def hardware() -> dict[str, Any]:
    """Processor, cores this process may use, memory in bytes, operating system."""
    return {
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": psutil.virtual_memory().total,
        "system": platform.platform(),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    installed = {d.name for d in importlib.metadata.distributions()}
    return found | {p: importlib.metadata.version(p) for p in _PACKAGES if p in installed}


def _git_revision() -> str | None:
    """The checkout this package runs from, None for an installed wheel."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "-C", str(here), "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            timeout=10,
        )
    except FileNotFoundError:
        return None  # no git on this machine
    return found.stdout.strip() or None


def _differences(where: str, old: Any, new: Any) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(old.keys() | new.keys())
        found = [_differences(f"{where}.{k}", old.get(k), new.get(k)) for k in keys]
        return [line for lines in found for line in lines]
    return [] if old == new else [f"{where}: was {old!r}, now {new!r}"]
