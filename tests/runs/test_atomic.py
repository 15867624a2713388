"""Half-written files do not exist."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from meds3.errors import StorageError
from meds3.runs import atomic, digest


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "results.json"
    atomic.write_text(file, "old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(StorageError, match="no space left") as caught:
        atomic.write_text(file, "new")
    assert caught.value.exit_code == 3
    assert file.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]


def test_a_directory_is_replaced_whole(tmp_path: Path) -> None:
    new, final = tmp_path / "new", tmp_path / "final"
    new.mkdir()
    (new / "a").write_text("1")
    final.mkdir()
    (final / "stale").write_text("0")
    atomic.replace_directory(new, final)
    assert [p.name for p in final.iterdir()] == ["a"]
    assert not new.exists()


def test_digests_see_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    before = digest.digest_path(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert digest.digest_path(tmp_path) != before
    # sha256("1"), from the coreutils
    assert digest.digest_path(tmp_path / "b").startswith("6b86b273ff34fce1")
    assert digest.derived_seed("a", 1) == digest.derived_seed("a", 1) != digest.derived_seed("a1")
