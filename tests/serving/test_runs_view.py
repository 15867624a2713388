"""What the page reads of runs; names are no paths."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.serving.conftest import Serve
from tests.serving.runs import make_run


def test_runs_rounds_problems_and_trees(serve: Serve, tmp_path: Path) -> None:
    make_run(tmp_path / "runs", nodes=40)
    with serve(runs=tmp_path / "runs") as running:

        def get(path: str, **query: object) -> dict[str, object]:
            found = httpx.get(f"{running.url}/v1/runs{path}", params=query)  # type: ignore[arg-type]
            assert found.status_code == 200
            body: dict[str, object] = found.json()
            return body

        assert get("")["runs"] == [
            {"name": "ward-run", "created": "2026-11-01T10:00:00+00:00", "results": True}
        ]
        run = get("/ward-run")
        assert run["searched"] == [{"round": 1, "trees": 2, "growing": 1}]
        problems = get("/ward-run/problems", text="QUESTION 0")["problems"]
        assert [(p["id"], p["nodes"], p["solved"]) for p in problems] == [("exam/1 ü", 40, True)]  # type: ignore[attr-defined]
        tree = get("/ward-run/tree", problem="exam/1 ü")
        assert len(tree["nodes"]) == 40  # type: ignore[arg-type]
        assert tree["problem"]["gold"] == "A. iron"  # type: ignore[index]
        assert tree["nodes"][1]["rollouts_right"] == 1  # type: ignore[index]


@pytest.mark.parametrize(
    "path",
    [
        "/nobody",
        "/..%2f..%2fetc",
        "/.hidden",
        "/ward-run/tree?problem=none",
        "/ward-run/tree?problem=exam-2&round=9",
        "/%00",
    ],
)
def test_what_is_not_there_is_404(serve: Serve, tmp_path: Path, path: str) -> None:
    make_run(tmp_path / "runs", nodes=4)
    with serve(runs=tmp_path / "runs") as running:
        assert httpx.get(f"{running.url}/v1/runs{path}").status_code == 404


@pytest.mark.parametrize("query", ["round=0", "round=x", "start=-1", f"text={'x' * 300}"])
def test_queries_that_cannot_be_are_400(serve: Serve, tmp_path: Path, query: str) -> None:
    make_run(tmp_path / "runs", nodes=4)
    with serve(runs=tmp_path / "runs") as running:
        found = httpx.get(f"{running.url}/v1/runs/ward-run/problems?{query}")
        assert found.status_code == 400
        assert found.json()["error"]["param"] == query.partition("=")[0]


@pytest.mark.parametrize("name", ["../app.py", "..%2fapp.py", "vendor/entry.js", "index.html/x"])
def test_only_the_pages_own_files_are_served(serve: Serve, name: str) -> None:
    with serve() as running:
        assert httpx.get(f"{running.url}/page/{name}").status_code == 404
        assert httpx.get(f"{running.url}/").status_code == 200
        served = httpx.get(f"{running.url}/page/app.js")
        assert served.headers["content-type"].startswith("text/javascript")


def test_a_run_that_cannot_be_read_is_an_error_with_a_form(serve: Serve, tmp_path: Path) -> None:
    root = make_run(tmp_path / "runs", nodes=4)
    (root / "journal.sqlite").write_bytes(b"no database, and long enough to be looked at" * 99)
    with serve(runs=tmp_path / "runs") as running:
        found = httpx.get(f"{running.url}/v1/runs/ward-run")
    assert found.status_code == 500
    assert found.json()["error"]["type"] == "server_error"
