"""Routes of telemetry: sources and their promise, gaps, sensors, signals to adopt, quarantine."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from forewarn.api import views_telemetry as views
from forewarn.api.auth import Caller
from forewarn.api.schemas import QuarantineRow
from forewarn.api.schemas_telemetry import (
    AdoptedOut,
    AdoptIn,
    GapRow,
    NodeRow,
    PlaceRow,
    ReasonRow,
    ReplayIn,
    ReplayOut,
    SensorEventRow,
    SourceRow,
    TelemetryOverview,
)
from forewarn.api.state import Plantroom, Room
from forewarn.api.telemetry import TelemetryDesk
from forewarn.ingest.adoption import wire_of

router = APIRouter(prefix="/api")
Limit = Annotated[int, Query(ge=1, le=500)]


def desk_of(room: Plantroom) -> TelemetryDesk:
    """The way to the ingest process, or 503 where there is none."""
    if room.telemetry is None:
        raise HTTPException(503, "This server has no ingest process to ask")
    return room.telemetry


@router.get("/telemetry")
def get_telemetry(room: Room, _: Caller) -> TelemetryOverview:
    """The books, and how many things want to be looked at."""
    return views.overview(room)


@router.get("/telemetry/sources")
def get_sources(room: Room, _: Caller) -> list[SourceRow]:
    """Every sender with what it may rely on, the newest first."""
    return views.sources(room)


@router.get("/telemetry/gaps")
def get_gaps(room: Room, _: Caller, limit: Limit = 200) -> list[GapRow]:
    """Messages that senders numbered and nobody received, newest first."""
    return [views.gap_row(gap) for gap in room.book.gaps(limit)]


@router.get("/telemetry/sensors")
def get_sensor_events(
    room: Room, _: Caller, open: bool = True, asset: str | None = None, limit: Limit = 200
) -> list[SensorEventRow]:
    """Sensors that cannot be believed, newest first; `open=false`: also those that have recovered."""
    events = room.sensor_events.events(open_only=open, asset=asset, limit=limit) if room.sensor_events else []
    return [views.sensor_event_row(event) for event in events]


@router.get("/telemetry/nodes")
def get_nodes(room: Room, _: Caller) -> list[NodeRow]:
    """Sparkplug edge nodes and their devices: online, stale (births are asked for) or offline, by name."""
    return views.nodes(room)


@router.get("/telemetry/places")
def get_places(room: Room, _: Caller, limit: Limit = 200) -> list[PlaceRow]:
    """Signals to adopt: numbers that arrive where the plant file names no signal, most often seen first."""
    return views.places(room, limit)


@router.post("/telemetry/adopted", status_code=201)
def post_adopted(wanted: AdoptIn, room: Room, _: Caller) -> AdoptedOut:
    """Adopt a place as a signal from now on; its refused messages are read again. 422 tells what does not fit."""
    desk = desk_of(room)
    if room.plant.asset(wanted.asset) is None:
        raise HTTPException(404, f"There is no asset {wanted.asset!r} in this plant")
    entry: dict[str, str | None] = {"topic": wanted.topic, "field": wanted.field, "unit": wanted.unit}
    entry |= {"quantity": wanted.quantity, "component": wanted.component}
    sample = views.sample_of(room, wanted.topic, wanted.field or "")
    entry |= wire_of(wanted.topic, wanted.field or "", sample, room.plant.signals)
    desk.adopt(wanted.asset, wanted.signal, {key: value for key, value in entry.items() if value})
    asked = desk.replay(topic=wanted.topic)["asked"] if wanted.replay else 0
    return AdoptedOut(asset=wanted.asset, signal=wanted.signal, replayed=asked)


@router.delete("/telemetry/adopted/{asset}/{signal}", status_code=204)
def delete_adopted(asset: str, signal: str, room: Room, _: Caller) -> None:
    """Take an adopted signal back. What was stored of it stays; a signal of the plant file is not touched."""
    desk_of(room).give_up(asset, signal)


@router.get("/quarantine")
def get_quarantine(
    room: Room,
    _: Caller,
    limit: Limit = 100,
    before: Annotated[int | None, Query(ge=1)] = None,
    reason: Annotated[str | None, Query(max_length=60)] = None,
    search: Annotated[str | None, Query(max_length=200)] = None,
) -> list[QuarantineRow]:
    """Refused messages, newest first, each with its reason. `before`: rows below this one; `search`: topic, sender or
    detail hold this text."""
    return [views.quarantine_row(r) for r in room.book.quarantine(limit, before, reason, search)]


@router.get("/quarantine/reasons")
def get_reasons(room: Room, _: Caller) -> list[ReasonRow]:
    """How many messages were refused for which reason."""
    return [views.reason_row(one) for one in room.book.quarantine_summary()]


@router.post("/quarantine/replay")
def post_replay(wanted: ReplayIn, room: Room, _: Caller) -> ReplayOut:
    """Read refused messages again, with the plant as it is now. What is still wrong stays where it is."""
    return ReplayOut(**desk_of(room).replay(rows=wanted.rows, reason=wanted.reason, topic=wanted.topic))
