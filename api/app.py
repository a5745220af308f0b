"""The HTTP application. Every route under /api but the login asks for a caller; a test walks all of them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from forewarn.api import page, problems, routes_live, routes_login, routes_orders, routes_plant
from forewarn.api.auth import Gate
from forewarn.api.state import Plantroom
from forewarn.core import VERSION


def create_app(
    room: Plantroom, gate: Gate, hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "testserver")
) -> FastAPI:
    """The app over one plant room. `hosts` are the names it answers to."""
    app = _routes()
    app.state.room, app.state.gate = room, gate

    @app.get("/api/{rest:path}", include_in_schema=False)
    def unknown(rest: str) -> None:
        raise HTTPException(404, f"There is no /api/{rest}")

    page.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    return app


def openapi_document() -> dict[str, Any]:
    """The OpenAPI 3.1 document, without starting anything."""
    return _routes().openapi()


def _routes() -> FastAPI:
    app = FastAPI(
        title="Forewarn",
        version=VERSION,
        summary="Which machine is going to fail, of what and when, and the work order for it.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # its scripts would come from elsewhere; the page policy refuses them
        redoc_url=None,
    )
    problems.install(app)
    for module in (routes_login, routes_plant, routes_orders, routes_live):
        app.include_router(module.router)
    return app
