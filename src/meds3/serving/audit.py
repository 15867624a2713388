"""A record of every answer: what was asked, all candidates, why this one, by which model."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from meds3 import __version__
from meds3.answering.answer import Answered
from meds3.errors import InputError, StorageError
from meds3.runs.digest import digest_of
from meds3.serving.questions import Question
from meds3.serving.reasoner import Identity
from meds3.serving.replies import method_body

_TEXTS = ("steps", "runner_up", "options")  # fields of `meds3` that hold what was asked or said
_OWNED = "(? IS NULL OR owner=?)"
_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    id TEXT PRIMARY KEY,
    created TEXT NOT NULL,
    owner TEXT,
    question_digest TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS answers_created ON answers (created);
"""


class AuditLog:
    """Records in an SQLite file that only its owner may read; deleted ones are overwritten.

    Raises `InputError` for a file that is none, `StorageError` when it cannot be written.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        if not create and not path.is_file():
            raise InputError(f"{path}: no record of answers there", "meds3 serve writes it; --file")
        self.path = path
        self._lock = threading.Lock()
        with self._storing():
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA secure_delete=ON")
            self._db.executescript(_TABLE)

    async def add(self, record: dict[str, Any], owner: str | None = None) -> None:
        """Keep a record; when this returns it outlives a kill of the process."""
        await asyncio.to_thread(self._add, record, owner)

    def _add(self, record: dict[str, Any], owner: str | None) -> None:
        row = (
            record["id"],
            record["created"],
            owner,
            record["question_digest"],
            json.dumps(record, ensure_ascii=False),
        )
        with self._storing(), self._lock, self._db:
            self._db.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?)", row)

    def get(self, answer_id: str, owner: str | None = None) -> dict[str, Any] | None:
        """The record; with an `owner` only if it is theirs."""
        query = f"SELECT body FROM answers WHERE id=? AND {_OWNED}"  # noqa: S608 (ours)
        with self._lock:
            rows = self._db.execute(query, (answer_id, owner, owner)).fetchall()
        return json.loads(rows[0][0]) if rows else None

    def latest(
        self, count: int, *, start: int = 0, owner: str | None = None
    ) -> list[dict[str, Any]]:
        """The newest records first, from the `start`-th on; with an `owner` only theirs."""
        query = (
            f"SELECT body FROM answers WHERE {_OWNED} "  # noqa: S608 (ours)
            "ORDER BY created DESC, rowid DESC LIMIT ? OFFSET ?"
        )
        with self._lock:
            rows = self._db.execute(query, (owner, owner, count, start)).fetchall()
        return [json.loads(body) for (body,) in rows]

    def delete(self, answer_id: str, owner: str | None = None) -> bool:
        """Whether there was such a record; it is gone from the file, too."""
        return self._delete(f"id=? AND {_OWNED}", answer_id, owner, owner) > 0

    def delete_older(self, days: float) -> int:
        """Delete what is older; how many records that were."""
        limit = datetime.now(UTC) - timedelta(days=days)
        return self._delete("created<?", limit.isoformat(timespec="milliseconds"))

    def _delete(self, where: str, *values: str | None) -> int:
        with self._storing(), self._lock:
            with self._db:
                found = self._db.execute(f"DELETE FROM answers WHERE {where}", values).rowcount  # noqa: S608 (`where` is ours)
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the log holds old pages
        return found

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def _storing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if "not a database" in str(error):
                raise InputError(
                    f"{self.path}: not an SQLite file", "give another --audit"
                ) from error
            raise StorageError(f"{self.path}: {error}", "make room, or mend its folder") from error
        except OSError as error:
            raise StorageError(f"{self.path}: {error}", "make room, or mend its folder") from error


def record_of(
    question: Question,
    answered: Answered,
    identity: Identity,
    *,
    keep_text: bool,
) -> dict[str, Any]:
    """The record of an answer; without `keep_text` it holds digests and no text."""
    problem, settings = question.problem, question.settings
    asked = {
        "question": problem.question,
        "context": problem.context,
        "options": problem.options,
        "kind": problem.answer.kind,
    }
    method = method_body(question, answered)
    candidates = [
        {
            "answer": candidate.extraction.key,
            "problem": candidate.extraction.problem,
            "steps": [str(step) for step in candidate.chain.steps[1:]],
            "scores": list(candidate.scores),
            "tokens": candidate.tokens,
        }
        for candidate in answered.drawn.candidates
    ]
    if not keep_text:
        asked = {"kind": asked["kind"]}
        method = {key: method[key] for key in method if key not in _TEXTS}
        method["answer_text"] = None
        method["votes"] = [vote | {"text": None} for vote in method["votes"]]
        candidates = [row | {"steps": None} for row in candidates]
        if problem.options is None:  # the keys are texts, then
            method["answer"] = None
            method["votes"] = [vote | {"answer": None} for vote in method["votes"]]
            candidates = [row | {"answer": None} for row in candidates]
    return {
        "id": question.answer_id,
        "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "question_digest": digest_of([problem.question, problem.context, problem.options]),
        "asked": asked,
        "method": method,
        "candidates": candidates,
        "winner": _place(answered),
        "settings": settings.model_dump(mode="json"),
        "seed": question.seed,
        "model": {
            "id": identity.id,
            "round": identity.round,
            "policy_sha256": identity.policy_digest,
            "prm_sha256": identity.prm_digest,
        },
        "versions": {"meds3": __version__, **identity.versions},
    }


def in_short(record: dict[str, Any]) -> dict[str, Any]:
    """What a list of records shows of one; `question` is None where no text is kept."""
    method = record["method"]
    return {
        "id": record["id"],
        "created": record["created"],
        "question": record["asked"].get("question"),
        **{key: method[key] for key in ("answer", "answer_text", "confidence", "refer")},
    }


def _place(answered: Answered) -> int | None:
    """The winner's place among the candidates."""
    winner = answered.drawn.selection.winner
    return None if winner is None else answered.drawn.candidates.index(winner)
