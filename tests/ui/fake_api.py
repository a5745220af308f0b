"""A fake of the HTTP interface, for the browser tests of the page alone: made-up answers, the real page layer with its
content security policy. The road behind the real interface has tests of its own.

By hand, with any token as login: `python -m tests.ui.fake_api 8080`, then http://127.0.0.1:8080/login?token=fake-login
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import uvicorn
from fastapi import FastAPI, Header, Request
from fastapi.responses import JSONResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from forewarn.api import page, problems
from forewarn.api.schemas import (
    ActionIn,
    AssetDetail,
    AssetRow,
    AuditRow,
    HistoryPoint,
    LoginIn,
    Me,
    OrderDetail,
    OrderRow,
    Overview,
    SecondOpinionOut,
    Spectrum,
    StatusName,
    Trend,
)
from forewarn.api.schemas_energy import EnergyOut
from forewarn.api.schemas_jobs import CodesOut
from forewarn.api.views_jobs import codes_out
from tests.ui import fake_plant
from tests.ui.fake_jobs import FakeJobs, job_routes
from tests.ui.fake_readings import FakeReadings, reading_routes
from tests.ui.fake_shelf import FakeShelf, shelf_routes
from tests.ui.fake_telemetry import FakeTelemetry, problem, telemetry_routes

Listener = tuple[asyncio.AbstractEventLoop, "asyncio.Queue[ServerSentEvent | None]"]
LOGIN = "fake-login"
COOKIE = "fake_session"


@dataclass
class FakePlant:
    """What the answers are made of; tests change it, and `tell` the pages."""

    assets: list[AssetDetail] = field(default_factory=fake_plant.assets)
    orders: list[OrderDetail] = field(default_factory=list)
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    readings: FakeReadings = field(default_factory=FakeReadings)
    shelf: FakeShelf = field(default_factory=lambda: FakeShelf(fake_plant.NOW))
    jobs: FakeJobs = field(default_factory=lambda: FakeJobs(fake_plant.NOW))
    price_per_kwh: float | None = None
    keys: list[str] = field(default_factory=list)
    listeners: list[tuple[asyncio.AbstractEventLoop, asyncio.Queue[ServerSentEvent | None]]] = field(
        default_factory=list
    )
    live: bool = True

    def __post_init__(self) -> None:
        self.orders = self.orders or fake_plant.orders(self.assets)

    def asset(self, id: str) -> AssetDetail | None:
        return next((a for a in self.assets if a.id == id), None)

    def order(self, ref: str) -> OrderDetail | None:
        return next((o for o in self.orders if ref in (o.id, o.number)), None)

    def overview(self) -> Overview:
        return fake_plant.overview(self.assets, self.orders)

    def move(self, ref: str, status: StatusName, actor: str, note: str = "") -> OrderDetail:
        """Somebody moves an order; nobody is told."""
        order = self.order(ref)
        assert order is not None
        entry = AuditRow(
            at=order.updated_at + timedelta(hours=1), actor=actor, action=status,
            hash=f"{order.revision:02d}c0ffee0123456789", detail=f"status: {status}{f', note: {note}' if note else ''}",
        )  # fmt: skip
        changes = {
            "status": status, "revision": order.revision + 1, "allowed_actions": fake_plant.allowed(status),
            "updated_at": entry.at, "history": [*order.history, entry],
        }  # fmt: skip
        moved = order.model_copy(update=changes)
        self.orders[self.orders.index(order)] = moved
        return moved

    def change(self, ref: str, **changes: object) -> None:
        """An order is another one from now on; nobody is told."""
        order = self.order(ref)
        assert order is not None
        self.orders[self.orders.index(order)] = order.model_copy(update=changes)

    def change_asset(self, id: str, **changes: object) -> None:
        """A machine changes, and every page is told."""
        asset = self.asset(id)
        assert asset is not None
        changed = AssetDetail(**{**asset.model_dump(), **changes})
        self.assets[self.assets.index(asset)] = changed
        self.tell("asset", fake_plant.row(changed))

    def tell(self, event: str, model: BaseModel) -> None:
        self._send(ServerSentEvent(event=event, raw_data=model.model_dump_json()))

    def cut(self) -> None:
        """The stream ends, and no new one can be had until `live` is set again."""
        self.live = False
        self._send(None)

    def _send(self, message: ServerSentEvent | None) -> None:
        for loop, queue in self.listeners:
            with contextlib.suppress(RuntimeError):  # a page that has gone, with its loop closed
                loop.call_soon_threadsafe(queue.put_nowait, message)


def order_row(order: OrderDetail) -> OrderRow:
    return OrderRow(**{name: getattr(order, name) for name in OrderRow.model_fields})


def make_app(plant: FakePlant) -> FastAPI:
    app = FastAPI()
    _login_routes(app)
    _plant_routes(app, plant)
    _order_routes(app, plant)
    telemetry_routes(app, plant.telemetry)
    reading_routes(app, plant.readings)
    shelf_routes(app, plant.shelf)
    job_routes(app, plant)
    _live_route(app, plant)
    page.install(app)
    return app


def _login_routes(app: FastAPI) -> None:
    @app.middleware("http")
    async def gate(request: Request, call_next):  # type: ignore[no-untyped-def] # starlette keeps the type private
        is_private = request.url.path.startswith("/api/") and request.url.path != "/api/login"
        if is_private and COOKIE not in request.cookies:
            return problem(401, "Unauthorized", "Please log in")
        return await call_next(request)

    @app.post("/api/login", response_model=Me)
    def post_login(login: LoginIn, response: Response) -> Me | JSONResponse:
        if login.token != LOGIN:
            return problem(401, "Unauthorized", "This login is not valid, or it was used before.")
        response.set_cookie(COOKIE, "1", httponly=True, samesite="strict")
        return Me(name="planner", role="planner")

    @app.post("/api/logout")
    def post_logout(response: Response) -> dict[str, bool]:
        response.delete_cookie(COOKIE)
        return {"ok": True}

    @app.get("/api/me")
    def get_me() -> Me:
        return Me(name="planner", role="planner")


def _plant_routes(app: FastAPI, plant: FakePlant) -> None:
    @app.get("/api/overview")
    def get_overview() -> Overview:
        return plant.overview()

    @app.get("/api/assets")
    def get_assets() -> list[AssetRow]:
        return [fake_plant.row(a) for a in plant.assets]

    @app.get("/api/assets/{id}", response_model=AssetDetail)
    def get_asset(id: str) -> AssetDetail | JSONResponse:
        return plant.asset(id) or problem(404, "Not Found", f"There is no asset {id!r}")

    @app.get("/api/assets/{id}/trend", response_model=Trend)
    def get_trend(id: str, signal: str, hours: float) -> Trend | JSONResponse:
        asset = plant.asset(id)
        return fake_plant.trend(asset, signal, hours) if asset else problem(404, "Not Found")

    @app.get("/api/assets/{id}/history", response_model=list[HistoryPoint])
    def get_history(id: str, hours: float) -> list[HistoryPoint] | JSONResponse:
        asset = plant.asset(id)
        return fake_plant.history(asset, hours) if asset else problem(404, "Not Found")

    @app.get("/api/assets/{id}/second-opinion", response_model=SecondOpinionOut)
    def get_second_opinion(id: str) -> SecondOpinionOut | JSONResponse:
        asset = plant.asset(id)
        return fake_plant.second_opinion(asset) if asset else problem(404, "Not Found")

    @app.get("/api/assets/{id}/energy", response_model=EnergyOut)
    def get_energy(id: str) -> EnergyOut | JSONResponse:
        asset = plant.asset(id)
        if asset is None:
            return problem(404, "Not Found")
        if asset.state == "offline":
            return problems.problem(503, "warming-up", "Too little data", "it has not run in the last week")
        return fake_plant.energy(asset, plant.price_per_kwh)

    @app.get("/api/assets/{id}/spectrum", response_model=Spectrum)
    def get_spectrum(id: str, signal: str, kind: Literal["envelope", "amplitude"]) -> Spectrum | JSONResponse:
        asset = plant.asset(id)
        if asset is None or signal != "vib_de":
            return problem(404, "Not Found", "No waveform yet")
        return fake_plant.spectrum(asset, signal, kind)


def _order_routes(app: FastAPI, plant: FakePlant) -> None:
    @app.get("/api/orders")
    def get_orders(open: bool = False, asset: str | None = None) -> list[OrderRow]:
        ended = ("COMP", "CLOSE", "CAN")
        fits = [o for o in plant.orders if asset in (None, o.asset) and not (open and o.status in ended)]
        return [order_row(o) for o in fits]

    @app.get("/api/codes")
    def get_codes() -> CodesOut:
        return codes_out()

    @app.get("/api/orders/{ref}", response_model=OrderDetail)
    def get_order(ref: str, response: Response) -> OrderDetail | JSONResponse:
        order = plant.order(ref)
        if order is None:
            return problem(404, "Not Found", f"There is no work order {ref!r}")
        response.headers["ETag"] = f'"{order.revision}"'
        return order

    @app.post("/api/orders/{ref}/actions", response_model=OrderDetail)
    def post_action(
        ref: str, action: ActionIn, if_match: str = Header(), idempotency_key: str = Header(min_length=8)
    ) -> OrderDetail | JSONResponse:
        order = plant.order(ref)
        if order is None:
            return problem(404, "Not Found")
        if if_match != f'"{order.revision}"':
            return problem(412, "Changed meanwhile", f"{order.number} is at revision {order.revision}")
        if action.status not in order.allowed_actions:
            return problem(409, "Not allowed", f"{order.number} cannot go from {order.status} to {action.status}")
        plant.keys.append(idempotency_key)
        moved = plant.move(ref, action.status, "planner", action.note)
        plant.tell("order", order_row(moved))
        return moved


def _live_route(app: FastAPI, plant: FakePlant) -> None:
    @app.get("/api/live", response_class=EventSourceResponse)
    async def get_live() -> AsyncIterator[ServerSentEvent]:
        queue: asyncio.Queue[ServerSentEvent | None] = asyncio.Queue()
        listener = (asyncio.get_running_loop(), queue)
        if not plant.live:
            return
        plant.listeners.append(listener)
        try:
            yield ServerSentEvent(event="overview", raw_data=plant.overview().model_dump_json())
            while (message := await queue.get()) is not None:
                yield message
        finally:
            plant.listeners.remove(listener)


@contextlib.contextmanager
def serve(plant: FakePlant, port: int = 0) -> Iterator[str]:
    """The fake on a port of loopback (a free one by default) while the block runs; gives its address."""
    config = uvicorn.Config(
        make_app(plant), host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the fake server did not start")
        thread.join(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        plant.cut()
        server.should_exit = True
        thread.join(10)


if __name__ == "__main__":
    with serve(FakePlant(), int(sys.argv[1]) if len(sys.argv) > 1 else 0) as address:
        print(f"{address}/login?token={LOGIN}", flush=True)
        threading.Event().wait()
