"""The page in a real browser: asked, watched, explored; nothing leaves the server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from meds3.serving.keys import new_key
from tests.serving.conftest import QUESTION, RIGHT, WRONG, Serve, Told
from tests.serving.runs import make_run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium"),
]
playwright_api = pytest.importorskip("playwright.sync_api")
expect = playwright_api.expect
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Watched:
    """A tab, what its console complained of, and where it asked."""

    def __init__(self, browser: Any, size: str, scheme: str) -> None:
        width, height = SIZES[size]
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def strangers(self, url: str) -> list[str]:
        return [one for one in self.asked if not one.startswith((url, "blob:", "data:"))]


@pytest.fixture(params=[("desktop", "light"), ("phone", "dark")], ids=["desktop", "phone"])
def tab(browser: Any, request: pytest.FixtureRequest) -> Iterator[Watched]:
    watched = Watched(browser, *request.param)
    yield watched
    watched.context.close()


def test_a_question_is_answered_before_ones_eyes(serve: Serve, tab: Watched) -> None:
    with serve(Told((RIGHT, RIGHT, WRONG), delay=0.3)) as running:
        page = tab.page
        page.goto(running.url)
        page.get_by_role("button", name="a choice").click()
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.get_by_role("progressbar")).to_be_visible()
        answer = page.get_by_test_id("answer")
        expect(answer).to_contain_text("A. naloxone")
        expect(answer).to_contain_text("not calibrated")
        votes = page.locator(".votes li")
        expect(votes).to_have_count(2)
        expect(votes.first).to_contain_text("A. naloxone")
        expect(page.locator(".chains ol").first.locator("li").first).to_contain_text("0.90")
        expect(page.get_by_text("The runner-up: B")).to_be_visible()
        assert "Which drug reverses" in running.engine.prompts[0]
        with page.expect_popup() as popup:
            page.get_by_role("button", name="Record ans-").click()
        expect(popup.value.get_by_text("What was asked")).to_be_visible()
        assert tab.complaints == []
        assert tab.strangers(running.url) == []


def test_low_confidence_says_where_to_go(serve: Serve, tab: Watched) -> None:
    with serve(Told((RIGHT, WRONG)), abstain_below=0.95) as running:
        tab.page.goto(running.url)
        tab.page.get_by_label("Question", exact=True).fill("Which?\nA. naloxone\nB. aspirin")
        tab.page.get_by_role("button", name="Ask", exact=True).click()
        expect(tab.page.get_by_text("Low confidence: refer to a clinician.")).to_be_visible()


def test_what_the_server_refuses_is_said(serve: Serve, tab: Watched) -> None:
    with serve(max_question_chars=50) as running:
        tab.page.goto(running.url)
        tab.page.get_by_label("Question", exact=True).fill("why? " * 30)
        tab.page.get_by_role("button", name="Ask", exact=True).click()
        expect(tab.page.get_by_role("alert")).to_contain_text("at most 50")


def test_stop_frees_the_work(serve: Serve, tab: Watched) -> None:
    with serve(Told(delay=60)) as running:
        page = tab.page
        page.goto(running.url)
        page.get_by_role("button", name="a number").click()
        page.get_by_role("button", name="Ask", exact=True).click()
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("button", name="Ask", exact=True)).to_be_enabled()
        page.wait_for_timeout(500)
        assert running.engine.at_work == 0


def test_a_key_is_asked_for_and_used(serve: Serve, tab: Watched, tmp_path: Path) -> None:
    secret = new_key(tmp_path / "keys.jsonl", "ward")
    with serve(keys=tmp_path / "keys.jsonl") as running:
        page = tab.page
        page.goto(running.url)
        page.get_by_label("API key").fill(secret)
        page.get_by_role("button", name="Use it").click()
        expect(page.get_by_text("model ward-7")).to_be_visible()
        page.get_by_role("button", name="a choice").click()
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.get_by_test_id("answer")).to_contain_text("naloxone")


def test_a_record_is_looked_up_and_deleted(serve: Serve, tab: Watched) -> None:
    body = {"model": "meds3", "messages": [{"role": "user", "content": QUESTION}]}
    with serve(Told((RIGHT, WRONG))) as running:
        ids = [
            httpx.post(f"{running.url}/v1/chat/completions", json=body).json()["meds3"]["audit_id"]
            for _ in range(2)
        ]
        page = tab.page
        page.goto(running.url)
        page.get_by_role("link", name="Records").click()
        records = page.locator(".records li")
        expect(records).to_have_count(2)
        expect(records.first).to_contain_text("Which drug reverses an opioid overdose?")
        expect(records.first).to_contain_text(ids[1])
        with page.expect_popup() as popup:
            records.first.get_by_role("button").first.click()
        expect(popup.value.locator("body")).to_contain_text(ids[1])
        page.get_by_label("Id of an answer").fill(ids[0])
        with page.expect_popup() as popup:
            page.get_by_role("button", name="Open").click()
        expect(popup.value.locator("body")).to_contain_text(ids[0])
        page.get_by_role("button", name=f"Delete {ids[0]}").click()
        page.get_by_role("button", name="Delete for good").click()
        expect(records).to_have_count(1)
        assert httpx.get(f"{running.url}/v1/audit/{ids[0]}").status_code == 404
        assert httpx.get(f"{running.url}/v1/audit/{ids[1]}").status_code == 200
        assert tab.strangers(running.url) == []
    assert tab.complaints == []


def test_a_tree_of_two_thousand_nodes_is_explored(
    serve: Serve, tab: Watched, tmp_path: Path
) -> None:
    make_run(tmp_path / "runs", nodes=2000)
    with serve(runs=tmp_path / "runs") as running:
        page = tab.page
        page.goto(f"{running.url}/#runs")
        expect(page.get_by_text("Accuracy on 100 held-out questions")).to_be_visible()
        expect(page.get_by_text("45.0%")).to_be_visible()
        page.get_by_label("Search").fill("question 0")
        problems = page.locator(".problems button")
        expect(problems).to_have_count(1)
        expect(problems).to_contain_text("<b>bold</b>")  # as text
        problems.click()
        nodes = page.locator(".tree g.node")
        expect(nodes).to_have_count(2000)
        nodes.first.focus()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("heading", name="step 1")).to_be_visible()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("heading", name="step 2")).to_be_visible()
        expect(page.get_by_text("completions from here were verified right")).to_be_visible()
        assert tab.complaints == []
        assert tab.strangers(running.url) == []


def test_a_tree_that_grows_is_drawn_anew(serve: Serve, tab: Watched, tmp_path: Path) -> None:
    root = make_run(tmp_path / "runs", nodes=40)
    with serve(runs=tmp_path / "runs") as running:
        page = tab.page
        page.goto(f"{running.url}/#runs/ward-run/1/exam-2")
        expect(page.get_by_text("still growing")).to_be_visible()
        expect(page.locator(".tree g.node")).to_have_count(3)
        _grow(root)
        expect(page.locator(".tree g.node")).to_have_count(4)


def _grow(root: Path) -> None:
    """One more node, as a search in another process writes it."""
    import sqlite3

    with sqlite3.connect(root / "journal.sqlite") as db:
        db.execute(
            "INSERT INTO nodes SELECT round, problem_id, 3, 0, 1, kind, text, value, own_value, "
            "visits, valued, complete, verdict, rollouts FROM nodes "
            "WHERE problem_id='exam-2' AND id=2"
        )


@pytest.mark.parametrize("view", ["ask", "records", "runs"])
def test_axe_finds_no_serious_fault(serve: Serve, tab: Watched, tmp_path: Path, view: str) -> None:
    axe_api = pytest.importorskip("axe_playwright_python.sync_playwright")
    make_run(tmp_path / "runs", nodes=40)
    with serve(Told((RIGHT, WRONG)), runs=tmp_path / "runs", abstain_below=0.99) as running:
        page = tab.page
        if view == "ask":
            page.goto(running.url)
            page.get_by_role("button", name="yes, no, maybe").click()
            page.get_by_role("button", name="Ask", exact=True).click()
            expect(page.get_by_test_id("answer")).to_be_visible()
        elif view == "records":
            body = {"model": "meds3", "messages": [{"role": "user", "content": QUESTION}]}
            httpx.post(f"{running.url}/v1/chat/completions", json=body)
            page.goto(f"{running.url}/#records")
            expect(page.locator(".records li")).to_have_count(1)
        else:
            page.goto(f"{running.url}/#runs/ward-run/1/exam-2")
            expect(page.locator(".tree g.node").first).to_be_visible()
            expect(page.locator(".problems [aria-pressed=true]")).to_be_visible()
        found = axe_api.Axe().run(page).response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in serious] == []
