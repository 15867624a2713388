"""Errors in the form that OpenAI clients understand."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse


class ApiError(Exception):
    """An answer other than 200: its status and the body that clients read."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {
            "error": {"message": message, "type": type, "param": param, "code": code}
        }
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}

    def response(self) -> JSONResponse:
        return JSONResponse(self.body, self.status, self.headers)


def unsupported(param: str, why: str) -> ApiError:
    """A field that would change the answer and that this server cannot honour."""
    return ApiError(400, f"{param}: {why}", code="unsupported_parameter", param=param)


def not_allowed(param: str, message: str) -> ApiError:
    """A value that is of the right type and still cannot be."""
    return ApiError(400, f"{param}: {message}", code="invalid_value", param=param)


def busy(seconds: int) -> ApiError:
    return ApiError(
        429,
        f"the queue is full; try again in about {seconds} s",
        type="rate_limit_error",
        code="queue_full",
        retry_after=seconds,
    )


def no_such(what: str) -> ApiError:
    return ApiError(404, f"{what}: not found", code="not_found")


def no_such_model(name: str, known: str) -> ApiError:
    return ApiError(
        404,
        f"the model {name!r} does not exist; this server has {known!r}",
        code="model_not_found",
        param="model",
    )


def engine_down(message: str) -> ApiError:
    return ApiError(503, message, type="server_error", code="engine_unavailable", retry_after=30)
