"""Records: what was asked, every candidate, why this one; and that deleted is gone."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from meds3.errors import InputError
from meds3.serving.audit import AuditLog
from meds3.serving.keys import new_key
from tests.serving.conftest import QUESTION, RIGHT, WRONG, Serve, Told
from tests.serving.test_openai_client import ASKED, client


def ask(url: str) -> str:
    answer = client(url).chat.completions.create(model="meds3", messages=ASKED, seed=5)
    found: str = answer.model_extra["meds3"]["audit_id"]
    return found


def test_an_answer_is_found_again_by_its_id(serve: Serve) -> None:
    with serve(Told((WRONG, RIGHT))) as running:
        record = httpx.get(f"{running.url}/v1/audit/{ask(running.url)}").json()
    assert record["asked"]["question"] == QUESTION.split("\n")[0]
    assert record["asked"]["options"] == {"A": "naloxone", "B": "aspirin"}
    assert [c["answer"] for c in record["candidates"]] == ["B", "A", "B", "A"]
    assert record["candidates"][1]["scores"] == [0.9, 0.9]
    assert record["winner"] == 1
    assert record["model"]["policy_sha256"] == "a" * 64
    assert record["seed"] == 5
    assert record["method"]["answer"] == "A"
    assert "meds3" in record["versions"]


def test_records_outlive_the_server_and_are_the_owners_alone(serve: Serve) -> None:
    with serve() as running:
        answer_id = ask(running.url)
    assert running.audit.stat().st_mode & 0o077 == 0
    log = AuditLog(running.audit, create=False)
    record = log.get(answer_id)
    assert record is not None
    assert record["id"] == answer_id
    assert [one["id"] for one in log.latest(5)] == [answer_id]


def test_without_text_only_digests_are_kept(serve: Serve) -> None:
    with serve(keep_text=False) as running:
        answer_id = ask(running.url)
        page = httpx.get(f"{running.url}/v1/audit/{answer_id}/page").text
    kept = b"".join(path.read_bytes() for path in running.audit.parent.glob("audit.sqlite*"))
    for text in (b"overdose", b"naloxone", b"Naloxone", b"aspirin"):
        assert text not in kept
    record = AuditLog(running.audit).get(answer_id)
    assert record is not None
    assert re.fullmatch(r"[0-9a-f]{64}", record["question_digest"])
    assert record["candidates"][0]["scores"] == [0.9, 0.9]
    assert "Not kept" in page


def test_a_deleted_record_is_gone_from_the_file(serve: Serve) -> None:
    with serve() as running:
        answer_id = ask(running.url)
        url = f"{running.url}/v1/audit/{answer_id}"
        assert httpx.delete(url).status_code == 204
        assert httpx.delete(url).status_code == 404
        assert httpx.get(url).status_code == 404
        kept = b"".join(path.read_bytes() for path in running.audit.parent.glob("audit.sqlite*"))
        assert b"overdose" not in kept


def test_old_records_are_deleted_by_age(serve: Serve) -> None:
    with serve() as running:
        ask(running.url)
    log = AuditLog(running.audit)
    assert log.delete_older(1) == 0
    assert log.delete_older(0) == 1
    assert log.latest(5) == []


def test_records_are_listed_the_newest_first_fifty_at_a_time(serve: Serve) -> None:
    with serve() as running:
        asked = [ask(running.url) for _ in range(53)]
        first = httpx.get(f"{running.url}/v1/audit").json()
        rest = httpx.get(f"{running.url}/v1/audit?start=50").json()
    assert [one["id"] for one in first["records"] + rest["records"]] == asked[::-1]
    assert (len(first["records"]), first["more"], rest["more"]) == (50, True, False)
    shown = rest["records"][0]
    assert shown["question"] == QUESTION.split("\n")[0]
    assert (shown["answer"], shown["answer_text"]) == ("A", "naloxone")


def test_a_key_sees_and_deletes_only_its_own_records(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "keys.jsonl"
    ward, lab = ({"Authorization": f"Bearer {new_key(file, name)}"} for name in ("ward-7", "lab"))
    body = {"model": "meds3", "messages": ASKED}
    with serve(keys=file) as running:
        reply = httpx.post(f"{running.url}/v1/chat/completions", json=body, headers=ward)
        mine = reply.json()["meds3"]["audit_id"]
        records, one = f"{running.url}/v1/audit", f"{running.url}/v1/audit/{mine}"
        assert httpx.get(records).status_code == 401
        assert httpx.get(records, headers=lab).json()["records"] == []
        assert [r["id"] for r in httpx.get(records, headers=ward).json()["records"]] == [mine]
        for url in (one, f"{one}/page"):
            assert httpx.get(url, headers=lab).status_code == 404
        assert httpx.delete(one, headers=lab).status_code == 404
        assert httpx.get(one, headers=ward).json()["id"] == mine
        assert httpx.delete(one, headers=ward).status_code == 204


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_page_fetches_nothing_and_escapes_all(serve: Serve) -> None:
    evil = " <script>alert(1)</script> Naloxone.\n\nStep 2: The answer is A."
    with serve(Told((evil,))) as running:
        found = httpx.get(f"{running.url}/v1/audit/{ask(running.url)}/page")
    page = Page()
    page.feed(found.text)
    assert {"script", "img", "link", "iframe"}.isdisjoint(page.seen)
    assert page.links == []
    assert "&lt;script&gt;" in found.text
    assert "default-src 'none'" in found.headers["content-security-policy"]
    assert "not a medical device" in found.text


def test_what_is_no_record_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no record"):
        AuditLog(tmp_path / "none.sqlite", create=False)
    (tmp_path / "text.sqlite").write_text("not a database, and long enough to be looked at" * 9)
    with pytest.raises(InputError, match="not an SQLite file"):
        AuditLog(tmp_path / "text.sqlite")
