"""The application: OpenAI's endpoints, health, metrics, records, the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from meds3 import SAFETY_NOTE, __version__
from meds3.errors import MedS3Error
from meds3.serving.admission import Admission
from meds3.serving.audit import AuditLog
from meds3.serving.config import ServingConfig
from meds3.serving.errors import ApiError
from meds3.serving.keys import read_keys
from meds3.serving.metrics import Counted, Metrics
from meds3.serving.openai_api import openai_routes
from meds3.serving.operations import operation_routes
from meds3.serving.page_routes import page_routes
from meds3.serving.reasoner import Reasoner
from meds3.serving.requests import ClientGone, Service
from meds3.serving.security import Gate

_LOCAL = ("localhost", "127.0.0.1", "::1")


def create_app(reasoner: Reasoner, config: ServingConfig) -> ASGIApp:
    """The server as an ASGI application. It owns the reasoner and closes it at its end.

    Raises `InputError` for a file of keys or of records that cannot be read.
    """
    keys = read_keys(config.keys) if config.keys else []
    admission = Admission(config.at_once, config.waiting)
    service = Service(reasoner, config, admission, AuditLog(config.audit), Metrics(admission))

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        try:
            await reasoner.start()
            yield
        finally:
            await reasoner.close()
            service.audit.close()

    app = FastAPI(
        title="MedS3",
        version=__version__,
        description=f"A small medical reasoner behind OpenAI's API. {SAFETY_NOTE}",
        docs_url=None,  # its pages fetch from elsewhere; /openapi.json is complete
        redoc_url=None,
        lifespan=life,
    )
    app.include_router(openai_routes(service))
    app.include_router(operation_routes(service))
    app.include_router(page_routes(service))
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientGone, _nobody)
    app.add_exception_handler(MedS3Error, _failed)
    app.add_exception_handler(Exception, _failed)
    gate = Gate(app, config, keys, _names(config))
    return Counted(gate, service.metrics)


def _names(config: ServingConfig) -> set[str] | None:
    """The hosts it answers to; None: all, behind keys on an address of no name."""
    if config.loopback or config.hosts:
        return {*_LOCAL, config.host, *config.hosts}
    return None


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 (registered for it)
    return error.response()


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for it)
    body = {"message": error.detail, "type": "invalid_request_error", "param": None, "code": None}
    return JSONResponse({"error": body}, error.status_code, error.headers)


async def _failed(request: Request, error: Exception) -> Response:
    """What was told to the owner's log is not told to strangers, but for our own messages."""
    told = error.message if isinstance(error, MedS3Error) else "the server failed; its log says how"
    return ApiError(500, told, type="server_error", code="internal_error").response()


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (registered for it)
    fault = error.errors()[0]
    param = str(fault["loc"][-1])
    told = ApiError(400, f"{param}: {fault['msg']}", code="invalid_value", param=param)
    return told.response()


async def _nobody(request: Request, error: Exception) -> Response:
    return Response(status_code=499)  # nginx's number for it; nobody reads it
