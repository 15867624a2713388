"""The journal keeps what was finished, whatever happens to the writer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from meds3.errors import InputError, StorageError
from meds3.runs.directory import RunDirectory
from meds3.runs.journal import Journal


def add(journal: Journal, key: str) -> None:
    journal.add_call(key, [{"text": "Ja – ½"}], tokens=3, seconds=0.5, purpose="search")


def test_a_call_comes_back_as_it_went_in(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        assert journal.call("a") is None
        add(journal, "a")
        assert journal.call("a") == [{"text": "Ja – ½"}]
        assert journal.call_totals()["search"]["tokens"] == 3


def test_paying_twice_is_refused(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        add(journal, "a")
        with pytest.raises(StorageError, match="UNIQUE"):
            add(journal, "a")
        add(journal, "b")  # the failed transaction left nothing open


def test_a_killed_writer_loses_nothing_it_recorded(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    script = textwrap.dedent(
        f"""
        from pathlib import Path
        from meds3.runs.journal import Journal
        journal = Journal(Path({str(path)!r}))
        for i in range(100_000):
            journal.add_call(str(i), [], tokens=1, seconds=0, purpose="s")
            print(i, flush=True)
        """
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    said = [int(child.stdout.readline()) for _ in range(50)]
    os.kill(child.pid, signal.SIGKILL)
    said += [int(line) for line in child.stdout.read().split("\n")[:-1]]
    child.wait()
    with Journal(path) as journal:
        assert all(journal.call(str(i)) == [] for i in said)
        assert journal.call_totals()["s"]["calls"] - len(said) in (0, 1)


def test_readers_read_while_the_writer_writes(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as writer:
        add(writer, "a")
        with Journal(tmp_path / "j.sqlite", read_only=True) as reader:
            add(writer, "b")
            assert reader.call("b") is not None
            with pytest.raises(StorageError):
                add(reader, "c")


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        journal._db.execute("UPDATE meta SET value='999'")
    with pytest.raises(InputError, match="999"):
        Journal(tmp_path / "j.sqlite")


def test_two_writers_of_one_run(tmp_path: Path) -> None:
    with (
        RunDirectory(tmp_path).only_writer(),
        pytest.raises(InputError, match="another meds3"),
        RunDirectory(tmp_path).only_writer(),
    ):
        pass
