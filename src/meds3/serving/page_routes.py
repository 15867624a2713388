"""The page at `/`: its files, and the runs it shows."""

from __future__ import annotations

import asyncio
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from meds3.serving import runs_view
from meds3.serving.errors import no_such
from meds3.serving.openapi import errors
from meds3.serving.requests import Service

_FILES = files("meds3.serving") / "page"
# Path to media type: what is not listed is not served.
_SERVED = {
    "index.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "api.js": "text/javascript; charset=utf-8",
    "ask.js": "text/javascript; charset=utf-8",
    "records.js": "text/javascript; charset=utf-8",
    "runs.js": "text/javascript; charset=utf-8",
    "tree.js": "text/javascript; charset=utf-8",
    "vendor/preact.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_NOT_FOUND = errors(400, 401, 404)


def page_routes(service: Service) -> APIRouter:
    router = APIRouter(tags=["page"])
    folder = service.config.runs

    @router.get("/", include_in_schema=False)
    async def index() -> Response:
        return _file("index.html")

    @router.get("/page/{name:path}", include_in_schema=False)
    async def file(name: str) -> Response:
        return _file(name)

    @router.get("/v1/runs", responses=errors(401))
    async def runs() -> dict[str, Any]:
        """The training runs of this server's folder, the newest first."""
        return {"runs": await asyncio.to_thread(runs_view.list_runs, folder)}

    @router.get("/v1/runs/{name}", responses=_NOT_FOUND)
    async def run(name: str) -> dict[str, Any]:
        """The rounds of a run: accuracy with intervals, which have trees."""
        return await asyncio.to_thread(runs_view.run_view, folder, name)

    @router.get("/v1/runs/{name}/problems", responses=_NOT_FOUND)
    async def problems(
        name: str,
        round: Annotated[int, Query(ge=1, le=1000)] = 1,
        text: Annotated[str, Query(max_length=200)] = "",
        start: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    ) -> dict[str, Any]:
        """Fifty of the problems that a round searched, by words in them."""
        found = runs_view.find_problems
        return await asyncio.to_thread(found, folder, name, round, text, start)

    @router.get("/v1/runs/{name}/tree", responses=_NOT_FOUND)
    async def tree(
        name: str,
        problem: Annotated[str, Query(max_length=500)],
        round: Annotated[int, Query(ge=1, le=1000)] = 1,
    ) -> dict[str, Any]:
        """The tree of a problem as it stands, also while it grows."""
        return await asyncio.to_thread(runs_view.tree_view, folder, name, round, problem)

    return router


def _file(name: str) -> Response:
    if name not in _SERVED:
        raise no_such(name)
    body = _FILES.joinpath(*name.split("/")).read_bytes()
    return Response(body, media_type=_SERVED[name], headers={"Cache-Control": "no-cache"})
