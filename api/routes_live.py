"""Live changes as Server-Sent Events: `overview`, `asset`, `order`, and `values` of the one asset that is looked at."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from forewarn.api import views
from forewarn.api.auth import Caller
from forewarn.api.schemas import Values
from forewarn.api.state import Plantroom, Room
from forewarn.pipeline.live import Change

router = APIRouter(prefix="/api")
OVERVIEW_EVERY_S = 1.0


class _Inbox:
    """Changes since the last look, without repetition: a slow page gets the newest state only."""

    def __init__(self, watched: str | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._watched, self._changes = watched, dict[Change, None]()
        self._event = asyncio.Event()

    def note(self, change: Change) -> None:
        """Called in any thread."""
        if change[0] != "values" or change[1] == self._watched:
            with contextlib.suppress(RuntimeError):  # the server's loop has closed: the page is gone, scoring is not
                self._loop.call_soon_threadsafe(self._add, change)

    def _add(self, change: Change) -> None:
        self._changes[change] = None
        self._event.set()

    async def take(self, timeout_s: float) -> list[Change]:
        """Everything new, or nothing after the timeout."""
        try:
            await asyncio.wait_for(self._event.wait(), timeout_s)
        except TimeoutError:
            return []
        self._event.clear()
        taken, self._changes = list(self._changes), {}
        return taken


@router.get("/live", response_class=EventSourceResponse)
async def get_live(room: Room, _: Caller, asset: str | None = None) -> AsyncIterator[ServerSentEvent]:
    """Changes as they happen. `asset`: also send the newest values of this one's signals (`values`)."""
    inbox = _Inbox(asset)
    end = room.hub.listen(inbox.note)
    loop = asyncio.get_running_loop()
    next_overview = loop.time()
    try:
        while True:
            if loop.time() >= next_overview:
                next_overview = loop.time() + OVERVIEW_EVERY_S
                yield _event("overview", await run_in_threadpool(views.overview, room))
            for kind, id in await inbox.take(max(0.0, next_overview - loop.time())):
                shown = await run_in_threadpool(_shown, room, kind, id)
                if shown is not None:
                    yield _event(kind, shown)
    finally:
        end()


def _event(kind: str, model: BaseModel) -> ServerSentEvent:
    return ServerSentEvent(event=kind, raw_data=model.model_dump_json())


def _shown(room: Plantroom, kind: str, id: str) -> BaseModel | None:
    if kind == "order":
        order = room.orders.order(id)
        return views.order_row(room, order) if order else None
    asset = room.plant.asset(id)
    if asset is None:
        return None
    return views.asset_row(room, asset) if kind == "asset" else Values(asset=id, signals=views.signals(room, asset))
