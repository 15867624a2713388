"""The journal of a run: one SQLite file, one writer, readers at any time.

Every finished engine call and every change of a tree is here before anything is built on it, so
a kill loses only the calls in flight. WAL with `synchronous=NORMAL` survives kill -9; a power
cut can cost the last commits, which are then paid again, never a corrupt file.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from meds3.errors import InputError, StorageError
from meds3.runs.group_commit import GroupCommit, Statement

SCHEMA_VERSION = 3

_ADD_CALL = "INSERT INTO calls VALUES (?,?,?,?,?,?)"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS problems (
  id TEXT PRIMARY KEY, split TEXT NOT NULL, dataset TEXT NOT NULL, domain TEXT NOT NULL,
  body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS calls (
  key TEXT PRIMARY KEY, purpose TEXT NOT NULL,
  completions TEXT NOT NULL, tokens INTEGER NOT NULL, seconds REAL NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS trees (
  round INTEGER, problem_id TEXT, prompt TEXT NOT NULL, stopped_because TEXT NOT NULL,
  tokens INTEGER NOT NULL, rationales TEXT NOT NULL,
  PRIMARY KEY (round, problem_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS nodes (
  round INTEGER, problem_id TEXT, id INTEGER, parent INTEGER, depth INTEGER NOT NULL,
  kind TEXT NOT NULL, text TEXT NOT NULL, value REAL NOT NULL, own_value REAL NOT NULL,
  visits INTEGER NOT NULL, valued TEXT NOT NULL, complete INTEGER NOT NULL, verdict TEXT,
  rollouts TEXT NOT NULL, PRIMARY KEY (round, problem_id, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS failures (
  round INTEGER, problem_id TEXT, error TEXT NOT NULL, at REAL NOT NULL,
  PRIMARY KEY (round, problem_id));
CREATE TABLE IF NOT EXISTS stages (
  name TEXT PRIMARY KEY, inputs TEXT NOT NULL, outputs TEXT NOT NULL, detail TEXT NOT NULL,
  seconds REAL NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS events (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL);
"""

Row = Mapping[str, Any]


def was_begun(path: Path) -> bool:
    """Whether `path` is a journal with its tables: a kill may come before they are made."""
    if not path.is_file():
        return False
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30.0)) as db:
        try:
            return bool(db.execute("SELECT 1 FROM meta WHERE key='schema_version'").fetchone())
        except sqlite3.OperationalError:
            return False


class Journal:
    """Reads and writes `journal.sqlite`. Use as a context manager, or `close()` it."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        with self._guard():
            uri = f"file:{path}?mode={'ro' if read_only else 'rwc'}"
            self._db = sqlite3.connect(uri, uri=True, timeout=30.0, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            if not read_only:
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=NORMAL")
                self._check_integrity()
                self._db.executescript(_SCHEMA)
                self._db.execute(
                    "INSERT OR IGNORE INTO meta VALUES ('schema_version', ?)", (SCHEMA_VERSION,)
                )
            found = self._db.execute("SELECT value FROM meta WHERE key='schema_version'").fetchone()
        if found is None or int(found["value"]) != SCHEMA_VERSION:
            raise InputError(
                f"{path}: journal schema {found and found['value']}, expected {SCHEMA_VERSION}",
                "open it with the meds3 version that wrote it, or start a new run",
            )

        self.group = GroupCommit(self._commit)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(
                f"journal {self.path}: {error}",
                "check free space and permissions, then run the same command again: it resumes",
            ) from error

    def _check_integrity(self) -> None:
        """Refuse a damaged file before anything is built on it (SQLite's own quick check)."""
        found = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StorageError(
                f"journal {self.path} is damaged: {found}",
                "put back a copy of the run directory, or start a new run under another name",
            )

    def _commit(self, statements: Sequence[Statement]) -> None:
        with self._transaction() as db:
            for query, rows in statements:
                db.executemany(query, rows)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._guard():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk may have ended it already
                    self._db.execute("ROLLBACK")
                raise

    def _all(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self._guard():
            return self._db.execute(query, values).fetchall()

    def copy_to(self, path: Path) -> None:
        """Write the journal as it is now to `path`: a file that no log belongs to."""
        with self._guard():
            path.unlink(missing_ok=True)
            self._db.execute("VACUUM INTO ?", (str(path),))

    # -- calls ---------------------------------------------------------------------------

    def call(self, key: str) -> list[dict[str, Any]] | None:
        """The completions recorded for a call, or None when it was never finished."""
        rows = self._all("SELECT completions FROM calls WHERE key=?", key)
        return json.loads(rows[0]["completions"]) if rows else None

    async def add_call(
        self,
        key: str,
        completions: Sequence[Row],
        *,
        tokens: int,
        seconds: float,
        purpose: str,
    ) -> None:
        """Record a finished call. The same key twice is a fault of ours: it raises."""
        body = json.dumps([*map(dict, completions)], ensure_ascii=False)
        row = (key, purpose, body, tokens, seconds, time.time())
        await self.group.write((_ADD_CALL, [row]))

    async def copy_call(self, other: Journal, key: str, purpose: str) -> bool:
        """Record a call of another journal as our own, with the time it took there.

        False when it was never finished there.
        """
        rows = other.rows("SELECT completions, tokens, seconds, at FROM calls WHERE key=?", key)
        if rows:
            await self.group.write((_ADD_CALL, [(key, purpose, *rows[0])]))
        return bool(rows)

    def call_totals(self) -> dict[str, dict[str, float]]:
        """Per purpose: calls, generated tokens, first and last finish (Unix seconds)."""
        rows = self._all(
            "SELECT purpose, COUNT(*) AS calls, SUM(tokens) AS tokens, MIN(at - seconds) AS first,"
            " MAX(at) AS last FROM calls GROUP BY purpose ORDER BY MIN(at)"
        )
        return {row["purpose"]: {k: row[k] for k in row.keys() if k != "purpose"} for row in rows}  # noqa: SIM118 (sqlite3.Row iterates values)

    # -- problems ------------------------------------------------------------------------

    def add_problems(self, split: str, problems: Sequence[Row]) -> None:
        """Keep the problems of a split as JSON, so that a run directory explains itself."""
        rows = [
            (p["id"], split, p["dataset"], p["domain"], json.dumps(dict(p), ensure_ascii=False))
            for p in problems
        ]
        with self._transaction() as db:
            db.executemany("INSERT OR REPLACE INTO problems VALUES (?,?,?,?,?)", rows)

    def problems(self, split: str) -> list[dict[str, Any]]:
        rows = self._all("SELECT body FROM problems WHERE split=? ORDER BY rowid", split)
        return [json.loads(row["body"]) for row in rows]

    # -- trees (see `meds3.search.store`, which knows what the columns mean) ---------------

    async def write(self, *statements: Statement) -> None:
        """Commit statements together with whatever else is written now."""
        await self.group.write(*statements)

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """What a query finds."""
        return self._all(query, *values)

    # -- stages and events ---------------------------------------------------------------

    def stage(self, name: str) -> dict[str, Any] | None:
        rows = self._all("SELECT * FROM stages WHERE name=?", name)
        return {**dict(rows[0]), "detail": json.loads(rows[0]["detail"])} if rows else None

    def stages(self) -> list[dict[str, Any]]:
        """The finished stages in the order they were finished."""
        rows = self._all("SELECT * FROM stages ORDER BY at")
        return [{**dict(row), "detail": json.loads(row["detail"])} for row in rows]

    def finish_stage(self, name: str, inputs: str, outputs: str, detail: Row, s: float) -> None:
        """Record that stage `name` turned `inputs` into `outputs` (digests) in `s` seconds."""
        with self._transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO stages VALUES (?,?,?,?,?,?)",
                (name, inputs, outputs, json.dumps(dict(detail)), s, time.time()),
            )

    def event(self, kind: str, **body: Any) -> None:
        """What happened when: starts, resumes, stops, gate decisions."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO events (at, kind, body) VALUES (?,?,?)",
                (time.time(), kind, json.dumps(body)),
            )

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        rows = self._all("SELECT * FROM events WHERE ?1 IS NULL OR kind=?1 ORDER BY id", kind)
        return [{"at": r["at"], "kind": r["kind"], **json.loads(r["body"])} for r in rows]
