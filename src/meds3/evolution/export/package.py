"""Write an export: everything in a folder beside its place, then one rename."""

from __future__ import annotations

import shutil
from pathlib import Path

from meds3 import __version__
from meds3.errors import InputError
from meds3.evolution.export.card import card
from meds3.evolution.export.source import Source, source_of
from meds3.evolution.export.writers import WRITERS, Request
from meds3.evolution.outcome import CALIBRATION
from meds3.runs.atomic import replace_directory, storing, write_json, write_text
from meds3.runs.digest import digest_path
from meds3.runs.directory import RunDirectory

MARK = "meds3-export.json"  # in every export: what it was made of


def export(root: Path, request: Request) -> Source:
    """Export from the run at `root`; what was exported.

    Raises `InputError` for what cannot be exported so, and when the output exists already.
    """
    source = source_of(RunDirectory.existing(root), request.round)
    _check_output(request)
    writer = WRITERS.get((request.what, request.format))
    if writer is None:
        raise InputError(
            f"--format {request.format} --what {request.what}: a PRM is a token classifier, which "
            "has no such form",
            "--format hf --what prm",
        )
    final = request.output.resolve()
    folder = final.with_name(f".{final.name}.tmp")
    try:
        with storing(final):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            facts = writer(source, request, folder)
            if request.what == "policy" and source.calibration.is_file():
                shutil.copyfile(source.calibration, folder / CALIBRATION)
        files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
        write_text(folder / "README.md", card(source, request.what, request.format, files, facts))
        write_json(folder / MARK, _provenance(source, request, folder, files))
        replace_directory(folder, final)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return source


def _check_output(request: Request) -> None:
    """Nothing is overwritten without `force`, and then only an earlier export."""
    out = request.output
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not request.force:
        raise InputError(f"-o {out}: it exists", "give another folder, or --force to replace it")
    if not (out / MARK).is_file():
        raise InputError(
            f"-o {out}: --force replaces an earlier export only, and it holds no {MARK}",
            "give another folder, or remove that one yourself",
        )


def _provenance(
    source: Source, request: Request, folder: Path, files: list[str]
) -> dict[str, object]:
    manifest = source.run.read_manifest()
    return {
        "meds3": __version__,
        "run": source.config.name,
        "rounds": source.rounds,
        "kept": source.kept,
        "what": request.what,
        "format": request.format,
        "quantization": request.quantization if request.format == "gguf" else None,
        "config_digest": manifest["science_digest"],
        "model_digest": manifest["science"]["model_digest"],
        "files": {name: digest_path(folder / name) for name in files},
    }
