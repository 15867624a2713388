"""The run directory: what lies where, and who may write."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from meds3.errors import InputError
from meds3.runs import atomic


class RunDirectory:
    """`runs/<name>/` and the paths inside it (DESIGN: runs and the journal)."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def name(self) -> str:
        return self.root.name

    @property
    def manifest_path(self) -> Path:
        return self.root / "manifest.json"

    @property
    def journal_path(self) -> Path:
        return self.root / "journal.sqlite"

    @property
    def results_path(self) -> Path:
        return self.root / "results.json"

    @property
    def report_path(self) -> Path:
        return self.root / "report.html"

    def round(self, number: int) -> Path:
        return self.root / f"round-{number}"

    def evaluation(self, name: str) -> Path:
        return self.root / "eval" / f"{name}.jsonl"

    @classmethod
    def existing(cls, root: Path) -> RunDirectory:
        """The run at `root`; an `InputError` when there is none."""
        run = cls(root)
        if not run.manifest_path.is_file():
            raise InputError(
                f"{root} is not a run directory: it holds no manifest.json",
                "give the directory that `meds3 evolve` wrote, such as runs/cpu-demo",
            )
        return run

    def read_manifest(self) -> dict[str, Any]:
        try:
            manifest: dict[str, Any] = json.loads(self.manifest_path.read_text("utf-8"))
        except json.JSONDecodeError as error:
            raise InputError(
                f"{self.manifest_path} is not valid JSON: {error}",
                "restore the file, or start a new run under another name",
            ) from error
        return manifest

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        atomic.write_json(self.manifest_path, manifest)

    @contextmanager
    def only_writer(self) -> Iterator[None]:
        """Hold the run for writing; a second writer gets an `InputError` at once.

        The lock is the kernel's: it goes with the process, however that ends.
        """
        with atomic.storing(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            stream = (self.root / ".lock").open("w")
        with stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError(
                    f"{self.root} is being written by another meds3 process",
                    "wait for it or stop it; watching with `meds3 report` is always possible",
                ) from error
            yield
