"""Errors as RFC 9457 problem documents. The reaction follows the base class only (see `core.errors`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from forewarn.core.errors import Conflict, ForewarnError, NotReady, Rejected, Retriable

STATUS_OF: dict[type[ForewarnError], tuple[int, str, str]] = {
    Rejected: (422, "rejected", "The input cannot be used"),
    Conflict: (409, "conflict", "It changed in between, or this step is not allowed now"),
    Retriable: (503, "try-again", "Not possible right now; the same request may work later"),
    NotReady: (503, "warming-up", "Too little data for an honest answer"),
}
SLUGS = {
    400: "bad-request",
    401: "login-needed",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    412: "stale",
    413: "too-large",
    415: "wrong-content-type",
    428: "if-match-needed",
    429: "slow-down",
}


PLAIN_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class BadFields(Rejected):
    """A form whose fields do not hold together: field -> what is wrong with it ("" = with the whole)."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)
        super().__init__("bad_fields", "; ".join(f"{name}: {text}" if name else text for name, text in fields.items()))

    def __str__(self) -> str:
        return self.detail


class Stale(Conflict):
    """The caller's revision is not the current one (HTTP 412)."""


def problem(
    status: int, slug: str, title: str, detail: str = "", errors: list[dict[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:  # fmt: skip
    """One problem document."""
    body = {"type": f"urn:forewarn:{slug}", "title": title, "status": status, "detail": detail, "errors": errors or []}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Answer every error of the app with a problem document."""

    @app.exception_handler(ForewarnError)
    async def _ours(_: Request, error: ForewarnError) -> JSONResponse:
        if isinstance(error, Stale):
            return problem(412, "stale", "Somebody changed it since you read it", str(error))
        fields = error.fields if isinstance(error, BadFields) else {}
        errors = [{"pointer": f"body/{name}", "detail": text} for name, text in fields.items()]
        for base, (status, slug, title) in STATUS_OF.items():
            if isinstance(error, base):
                return problem(status, slug, title, str(error), errors)
        return problem(500, "internal", "Something failed here", type(error).__name__)

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        slug = SLUGS.get(error.status_code, "http")
        return problem(error.status_code, slug, str(error.detail), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        fields = [{"pointer": "/".join(map(str, e["loc"])), "detail": e["msg"]} for e in error.errors()]
        return problem(422, "invalid", "The request does not have the documented shape", errors=fields)

    @app.exception_handler(Exception)
    async def _bug(_: Request, error: Exception) -> JSONResponse:
        # answered outside of every other layer: nobody else adds these headers; the error is logged by the server
        return problem(500, "internal", "Something failed here", type(error).__name__, headers=PLAIN_HEADERS)
