"""The journal keeps what was finished, whatever happens to the writer."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pytest

from meds3.errors import InputError, StorageError
from meds3.runs.directory import RunDirectory
from meds3.runs.group_commit import Statement
from meds3.runs.journal import Journal


async def add(journal: Journal, key: str) -> None:
    await journal.add_call(key, [{"text": "Ja – ½"}], tokens=3, seconds=0.5, purpose="search")


async def test_a_call_comes_back_as_it_went_in(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        assert journal.call("a") is None
        await add(journal, "a")
        assert journal.call("a") == [{"text": "Ja – ½"}]
        assert journal.call_totals()["search"]["tokens"] == 3


async def test_paying_twice_is_refused(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        await add(journal, "a")
        with pytest.raises(StorageError, match="UNIQUE"):
            await add(journal, "a")
        await add(journal, "b")  # the failed transaction left nothing open


@pytest.mark.parametrize("lines", [1, 37, 400])
def test_a_killed_writer_loses_nothing_it_recorded(tmp_path: Path, lines: int) -> None:
    """Twenty callers at a time share their commits; whoever went on is on disk."""
    path = tmp_path / "j.sqlite"
    script = textwrap.dedent(
        f"""
        import asyncio
        from pathlib import Path
        from meds3.runs.journal import Journal

        async def caller(journal, number):
            for i in range(number, 1_000_000, 20):
                await journal.add_call(str(i), [], tokens=1, seconds=0, purpose="s")
                print(i, flush=True)

        async def main():
            with Journal(Path({str(path)!r})) as journal:
                await asyncio.gather(*(caller(journal, number) for number in range(20)))

        asyncio.run(main())
        """
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    said = [child.stdout.readline() for _ in range(lines)]
    os.kill(child.pid, signal.SIGKILL)
    said += child.stdout.read().splitlines(keepends=True)
    child.wait()
    whole = [line.strip() for line in said if line.endswith("\n")]
    with Journal(path) as journal:
        assert all(journal.call(key) == [] for key in whole)
        # A kill between a commit and its prints: what all callers had in it.
        assert 0 <= journal.call_totals()["s"]["calls"] - len(whole) <= 40


async def test_what_is_written_together_is_committed_together(tmp_path: Path) -> None:
    commits: list[int] = []

    class Counted(Journal):
        def _commit(self, statements: Sequence[Statement]) -> None:
            commits.append(len(statements))
            super()._commit(statements)

    with Counted(tmp_path / "j.sqlite") as journal:
        await asyncio.gather(*(add(journal, str(i)) for i in range(50)))
        await add(journal, "later")
        assert commits == [50, 1]
        assert journal.call_totals()["search"]["calls"] == 51


async def test_a_cancelled_caller_takes_nobody_with_it(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        tasks = [asyncio.ensure_future(add(journal, str(i))) for i in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(d) for d in done] == [type(None), asyncio.CancelledError, type(None)]
        assert journal.call("0") is not None


async def test_a_full_disk_is_one_message_and_keeps_what_was_there(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as journal:
        await add(journal, "a")
        journal._db.execute("PRAGMA max_page_count=20")
        with pytest.raises(StorageError, match="full") as caught:
            await asyncio.gather(*(add(journal, str(i)) for i in range(5000)))
        assert "free space" in str(caught.value)
        assert journal.call("a") is not None
        journal._db.execute("PRAGMA max_page_count=10000")
        await add(journal, "with room again")


def test_a_damaged_journal_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    with Journal(path) as journal:
        problem = {"dataset": "d", "domain": "d"}
        journal.add_problems("seed", [{"id": str(i), **problem} for i in range(2000)])
    body = bytearray(path.read_bytes())
    body[8192:20000] = os.urandom(20000 - 8192)
    path.write_bytes(body)
    with pytest.raises(StorageError, match=r"damaged|malformed") as caught:
        Journal(path)
    assert str(path) in str(caught.value)


async def test_readers_read_while_the_writer_writes(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite") as writer:
        await add(writer, "a")
        with Journal(tmp_path / "j.sqlite", read_only=True) as reader:
            await add(writer, "b")
            assert reader.call("b") is not None
            with pytest.raises(StorageError):
                await add(reader, "c")


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
