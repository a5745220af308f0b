"""Serves the built page under a strict content security policy: a fresh nonce per answer, nothing unsafe.

Why an own layer: the nonce has to be written into the HTML and the header of the same answer, and a cached 304 must
never marry an old page to a new nonce.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = Path(__file__).parent / "static"
MARK = b"__CSP_NONCE__"
NOT_BUILT = (
    "The web page is not built. Run 'sh run ui' in the checkout, then start Forewarn again. The API is at /api.\n"
)
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; style-src-attr 'none'; "
    "img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
CONDITIONAL = (b"if-none-match", b"if-modified-since", b"range")


def install(app: FastAPI, static: Path = STATIC) -> None:
    """Serve the page at `/`, or a line that says how to build it. Call after every API route was added."""
    if (static / "index.html").is_file():
        app.frontend("/", directory=static)
    else:

        @app.get("/", include_in_schema=False)
        def not_built() -> PlainTextResponse:
            return PlainTextResponse(NOT_BUILT, 503)

    app.add_middleware(PageHeaders)


class PageHeaders:
    """Pure ASGI layer: security headers on every answer, nonce in HTML, long caching of hashed assets."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass through; streams are not collected, HTML is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asset = scope["path"].startswith("/assets/")
        if not asset:
            scope = dict(scope, headers=[h for h in scope["headers"] if h[0] not in CONDITIONAL])
        await self._app(scope, receive, _Dresser(send, asset).send)


class _Dresser:
    def __init__(self, send: Send, asset: bool) -> None:
        self._send, self._asset = send, asset
        self._nonce = secrets.token_urlsafe(16)
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            self._dress(headers, kept=self._asset and message["status"] in (200, 304))
            if headers.get("content-type", "").startswith("text/html"):
                self._start = message
                return
        elif self._start is not None and message["type"] == "http.response.body":
            await self._html(message)
            return
        await self._send(message)

    def _dress(self, headers: MutableHeaders, kept: bool) -> None:
        for name, value in SAFE_HEADERS.items():
            headers[name] = value
        headers["Content-Security-Policy"] = POLICY.format(nonce=self._nonce)
        if kept:
            headers["Cache-Control"] = "max-age=31536000, immutable"
        elif "cache-control" not in headers:
            headers["Cache-Control"] = "no-store"

    async def _html(self, message: Message) -> None:
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        assert self._start is not None
        body = self._body.replace(MARK, self._nonce.encode())
        headers = MutableHeaders(scope=self._start)
        headers["Content-Length"] = str(len(body))
        headers["Cache-Control"] = "no-store"
        for stale in ("etag", "last-modified"):
            if stale in headers:
                del headers[stale]
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})
