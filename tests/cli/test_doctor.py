from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from meds3.cli import doctor, model
from meds3.errors import InputError

app = typer.Typer()
app.command()(doctor.doctor)
app.add_typer(model.app, name="model")
runner = CliRunner()


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from meds3.cli import doctor, model\n"
        "print([m for m in ('torch','openvino','transformers','gguf') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert "Example" in runner.invoke(app, ["doctor", "--help"]).output
    assert "Example" in runner.invoke(app, ["model", "pull", "--help"]).output


def test_a_missing_model_is_a_cross_with_its_fix_and_exit_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDS3_CACHE", str(tmp_path))
    done = runner.invoke(app, ["doctor"])
    assert done.exit_code == 2
    assert "✗ model embedded is not fetched\n    fix: meds3 model pull" in done.output
    assert "✓ Python" in done.output


def test_a_broken_model_is_a_cross(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDS3_CACHE", str(tmp_path))
    path = tmp_path / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    path.parent.mkdir()
    path.write_bytes(b"half")
    done = runner.invoke(app, ["doctor"])
    assert done.exit_code == 2
    assert "sha256 is" in done.output
    assert "meds3 model pull --force" in done.output


def test_checks_that_fail_are_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.check_extra("cpu", ("no-such-package",)).ok is False
    assert doctor.check_extra("report", ("no-such-package",)).ok is None

    def fails() -> doctor.Finding:
        raise InputError("bad", "do this")

    assert doctor.guarded("x", fails) == doctor.Finding(False, "x: bad", "do this")
    versions = {"torch": "2.13.0+cpu", "torchvision": "0.28.0"}
    monkeypatch.setattr(doctor, "_version", versions.get)
    assert doctor.check_torchvision().ok is False


def test_model_list_names_the_cache_and_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDS3_CACHE", str(tmp_path))
    done = runner.invoke(app, ["model", "list"])
    assert done.exit_code == 0
    assert "smollm2-135m-instruct" in done.output.replace("\n", "")


@pytest.mark.model
def test_a_whole_machine_is_ready() -> None:
    done = runner.invoke(app, ["doctor"])
    assert "generated 8 tokens" in done.output
    assert "✗ engine" not in done.output
    assert "✗ model" not in done.output
