"""What `/openapi.json` says of the endpoints whose bodies are read by hand."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
_REASONS = {
    400: "A field that cannot be; `param` names it",
    401: "No key, or a wrong one",
    404: "No such model or record",
    413: "The request is too large",
    415: "Not JSON",
    421: "The server is not called by that name",
    429: "The queue is full; see Retry-After",
    503: "The engine is gone",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error responses of an endpoint."""
    content = {"application/json": {"schema": _ERROR}}
    return {status: {"description": _REASONS[status], "content": content} for status in statuses}


def _answer(kind: str) -> dict[str, Any]:
    choice = {"message": {"type": "object"}}
    if kind == "text_completion":
        choice = {"text": {"type": "string"}}
    return {
        "type": "object",
        "required": ["id", "object", "created", "model", "choices", "usage", "meds3"],
        "properties": {
            "id": {"type": "string"},
            "object": {"const": kind},
            "created": {"type": "integer"},
            "model": {"type": "string"},
            "choices": {"type": "array", "items": {"type": "object", "properties": choice}},
            "usage": {"type": "object"},
            "meds3": {
                "type": "object",
                "description": "answer, confidence, votes, steps with scores, samples used and why "
                "no more, audit_id: docs/serving.md",
            },
        },
    }


def answer_responses(kind: str) -> dict[int | str, dict[str, Any]]:
    """What an endpoint that answers may respond with; `kind` is the response's `object`."""
    ok = {
        "description": "The answer; with `stream`, server-sent events",
        "content": {
            "application/json": {"schema": _answer(kind)},
            "text/event-stream": {"schema": {"type": "string"}},
        },
    }
    return {200: ok, **errors(400, 401, 404, 413, 415, 421, 429, 503)}


def request_body(model: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra` of an endpoint whose body is a `model`."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema = _inlined(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _inlined(node: Any, defined: dict[str, Any]) -> Any:
    """References to a model's own parts, replaced by the parts."""
    if isinstance(node, dict):
        if "$ref" in node:
            return _inlined(defined[node["$ref"].rpartition("/")[2]], defined)
        return {key: _inlined(value, defined) for key, value in node.items()}
    return [_inlined(one, defined) for one in node] if isinstance(node, list) else node
