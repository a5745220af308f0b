"""The HTTP application. Every route under /api but the login asks for a caller; a test walks all of them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from forewarn.api import (
    page,
    problems,
    routes_analysis,
    routes_asset_file,
    routes_autonomy,
    routes_buying,
    routes_counts,
    routes_deadlines,
    routes_demand,
    routes_departments,
    routes_energy,
    routes_exchange,
    routes_jobs,
    routes_live,
    routes_login,
    routes_models,
    routes_order_parts,
    routes_orders,
    routes_outbox,
    routes_people,
    routes_plans,
    routes_plant,
    routes_purchases,
    routes_readings,
    routes_schedule,
    routes_shelf,
    routes_stock,
    routes_telemetry,
    routes_verification,
)
from forewarn.api.auth import COOKIE, Caller, Gate
from forewarn.api.schemas import Problem
from forewarn.api.state import Plantroom
from forewarn.core import VERSION


def create_app(room: Plantroom, gate: Gate, hosts: tuple[str, ...] = ("127.0.0.1", "localhost")) -> FastAPI:
    """The app over one plant room. `hosts` are the names it answers to."""
    app = _routes()
    app.state.room, app.state.gate = room, gate

    @app.get("/api/{rest:path}", include_in_schema=False)
    def unknown(rest: str) -> None:
        raise HTTPException(404, f"There is no /api/{rest}")

    # from the inside out: what is refused for its host is dressed with the safe headers too, and the nonce is written
    # before the page is compressed
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    page.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    return app


def openapi_document() -> dict[str, Any]:
    """The OpenAPI 3.1 document, without starting anything."""
    return _routes().openapi()


class _Api(FastAPI):
    """Describes what FastAPI cannot know: who may call, and that every error is a problem document."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document of the routes so far."""
        if self.openapi_schema is None:
            document = super().openapi()
            schemas = document["components"]["schemas"]
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            schemas["Problem"] = Problem.model_json_schema()
            document["components"]["securitySchemes"] = {
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
                "token": {"type": "http", "scheme": "bearer"},
            }
            for path, operations in document["paths"].items():
                for operation in operations.values():
                    _describe(operation, is_open=path == "/api/login")
        return super().openapi()  # kept since the first call


def _describe(operation: dict[str, Any], is_open: bool) -> None:
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = {
        "description": "A problem document (RFC 9457)",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if not is_open:
        operation["security"] = [{"session": []}, {"token": []}]


def _routes() -> FastAPI:
    app = _Api(
        title="Forewarn",
        version=VERSION,
        summary="Which machine is going to fail, of what and when, and the work order for it.",
        openapi_url=None,  # served below, to those who are logged in
        docs_url=None,  # its scripts would come from elsewhere; the page policy refuses them
        redoc_url=None,
    )
    problems.install(app)
    for module in (
        routes_login,
        routes_plant,
        routes_energy,
        routes_readings,
        routes_telemetry,
        routes_orders,
        routes_plans,
        routes_stock,
        routes_order_parts,
        routes_counts,
        routes_demand,
        routes_people,
        routes_schedule,
        routes_jobs,
        routes_models,
        routes_shelf,
        routes_outbox,
        routes_autonomy,
        routes_asset_file,
        routes_analysis,
        routes_departments,
        routes_deadlines,
        routes_verification,
        routes_exchange,
        routes_buying,
        routes_purchases,
        routes_live,
    ):
        app.include_router(module.router)

    @app.get("/api/openapi.json", include_in_schema=False)
    def document(_: Caller) -> dict[str, Any]:
        return app.openapi()

    return app
