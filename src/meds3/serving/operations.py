"""Health, metrics, and the records of answers."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from meds3.serving.audit import in_short
from meds3.serving.audit_page import audit_page
from meds3.serving.errors import no_such
from meds3.serving.openapi import errors
from meds3.serving.requests import Service, owner

_PAGE = 50
_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def operation_routes(service: Service) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process lives."""
        return {"status": "ok"}

    @router.get("/readyz", responses=errors(503))
    async def readyz() -> dict[str, Any]:
        """It takes questions: the engine is there and the queue has room."""
        service.admission.check()
        return {
            "status": "ready",
            "model": service.reasoner.identity.id,
            "in_flight": service.admission.inside,
        }

    @router.get("/metrics", responses=errors(401), response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(service.metrics.text(), media_type=_PROMETHEUS)

    @router.get("/v1/audit", responses=errors(400, 401))
    async def records(
        request: Request, start: Annotated[int, Query(ge=0, le=10_000_000)] = 0
    ) -> dict[str, Any]:
        """Fifty records in short, the newest first; where keys are used, those of the key."""
        log, whose = service.audit, owner(request)
        found = await asyncio.to_thread(log.latest, _PAGE + 1, start=start, owner=whose)
        return {"records": [in_short(one) for one in found[:_PAGE]], "more": len(found) > _PAGE}

    @router.get("/v1/audit/{answer_id}", responses=errors(401, 404))
    async def audit(request: Request, answer_id: str) -> dict[str, Any]:
        """The record of an answer: all candidates, step scores, model digests, seed."""
        return _record(service, request, answer_id)

    @router.get(
        "/v1/audit/{answer_id}/page", responses=errors(401, 404), response_class=HTMLResponse
    )
    async def page(request: Request, answer_id: str) -> Response:
        """The record as one page, to print or to file."""
        record = _record(service, request, answer_id)
        # The page's style stands in the page, which holds no script.
        policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        return HTMLResponse(audit_page(record), headers={"Content-Security-Policy": policy})

    @router.delete("/v1/audit/{answer_id}", status_code=204, responses=errors(401, 404))
    async def forget(request: Request, answer_id: str) -> Response:
        """Delete a record, from the file too."""
        if not service.audit.delete(answer_id, owner(request)):
            raise no_such(f"record {answer_id}")
        return Response(status_code=204)

    return router


def _record(service: Service, request: Request, answer_id: str) -> dict[str, Any]:
    record = service.audit.get(answer_id, owner(request))
    if record is None:
        raise no_such(f"record {answer_id}")
    return record
