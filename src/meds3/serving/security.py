"""What stands before every request: size, host, key, and headers on every response."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from meds3.serving.config import ServingConfig
from meds3.serving.errors import ApiError
from meds3.serving.keys import Key, owner_of

OWNER = "meds3.owner"  # in a request's state: whose key it came with
_OPEN = ("/healthz", "/readyz")  # answered without a key; they tell nothing
_PAGE = ("/", "/page/")  # the page's files hold nothing secret; it asks for the key itself

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
}


class Gate:
    """Refuses what is too large or too slow, comes for another host, or lacks its key."""

    def __init__(
        self, app: ASGIApp, config: ServingConfig, keys: list[Key], hosts: Collection[str] | None
    ) -> None:
        self._app = app
        self._max_body = config.max_body_bytes
        self._body_seconds = config.body_seconds
        self._keys = keys
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            self._check(scope)
            body = _Limited(receive, self._max_body, self._body_seconds)
            await self._app(scope, body, sent)
        except ApiError as error:
            await error.response()(scope, receive, sent)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        # A page of another site may name this machine; its browser then sends that site's host.
        host = urlsplit(f"//{headers.get('host', '')}").hostname if headers.get("host") else None
        if self._hosts is not None and (host or "") not in self._hosts:
            raise ApiError(421, f"this server is not called {host!r}", code="wrong_host")
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._max_body:
            raise _too_large(self._max_body)
        path = scope["path"]
        if not self._keys or path in _OPEN or path == _PAGE[0] or path.startswith(_PAGE[1]):
            return
        scheme, _, given = headers.get("authorization", "").partition(" ")
        owner = owner_of(self._keys, given.strip()) if scheme.lower() == "bearer" else None
        if owner is None:
            told = "Incorrect API key provided" if given else "No API key provided"
            raise ApiError(
                401,
                f"{told}: send Authorization: Bearer KEY",
                type="authentication_error",
                code="invalid_api_key",
            )
        scope.setdefault("state", {})[OWNER] = owner


class _Limited:
    """A body of at most so many bytes, whatever length was announced, that comes in time."""

    def __init__(self, receive: Receive, most: int, seconds: float) -> None:
        self._receive = receive
        self._left = most
        self._most = most
        self._seconds = seconds
        self._until = asyncio.get_running_loop().time() + seconds
        self._whole = False

    async def __call__(self) -> Message:
        if self._whole:  # what comes now is that the client went away
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError as error:
            told = f"the body did not come within {self._seconds:g} seconds"
            raise ApiError(408, told, code="request_timeout") from error
        if message["type"] == "http.request":
            self._whole = not message.get("more_body", False)
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise _too_large(self._most)
        return message


def _too_large(most: int) -> ApiError:
    return ApiError(413, f"the request is larger than {most:,} bytes", code="request_too_large")
