"""A FAKE of the telemetry routes and of what lies behind them, for the browser tests of the page alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response

from forewarn.api.schemas import Problem, QuarantineRow
from forewarn.api.schemas_telemetry import (
    AdoptedOut,
    AdoptIn,
    Books,
    BrokerStatus,
    GapRow,
    GuessOut,
    IngestStatus,
    NodeRow,
    PlaceRow,
    Promise,
    ReasonRow,
    ReplayIn,
    ReplayOut,
    SensorEventRow,
    SourceRow,
    TelemetryOverview,
)
from forewarn.pipeline.plant_units import UnitError, resolve_unit
from tests.ui.fake_plant import NOW

RUNNING = IngestStatus(
    running=True, connections=214, messages=4_902_118, take_overs=2, paced=31,
    refused={"bad_login": 4, "packet_too_large": 1}, lag_bytes=0, journal_bytes=48_213_004, fsync_p99_ms=4.2,
    brokers=[BrokerStatus(name="north", connections=3, messages=81_220)], acknowledge_p99_ms=9.8,
)  # fmt: skip


def problem(status: int, title: str, detail: str = "", errors: list[dict[str, Any]] | None = None) -> JSONResponse:
    body = Problem(type=f"fake/{status}", title=title, status=status, detail=detail, errors=errors or [])
    return JSONResponse(body.model_dump(), status, media_type="application/problem+json")


def sources() -> list[SourceRow]:
    """One of each promise: the front door, a broker in between, QoS 0."""
    stored = Promise(level="D3", text="what was acknowledged is on our disk, and is stored exactly once", losses=[])
    broker = Promise(
        level="D3'", text="what the broker delivers is stored exactly once",
        losses=["senders that publish with QoS 0 lose what is on its way",
                "the broker does not say what it is: ask whether its PUBACK waits for its disk"],
    )  # fmt: skip
    once = Promise(
        level="D0", text="it sends with QoS 0: what is on its way when anything stops is lost",
        losses=["messages without a time are stamped on arrival: sent twice, they are stored twice",
                "messages without a sequence number: what was lost before us cannot be told from silence"],
    )  # fmt: skip
    told: list[tuple[str, str, int, int, int, int, float | None, Promise]] = [
        ("gateway-2", "front door", 2_411_902, 0, 0, 0, 0.02, stored),
        ("broker:north", "north", 81_220, 0, 0, 0, 9e5, broker),
        ("handheld-7", "front door", 1_204, 1_204, 1_204, 1_204, None, once),
    ]
    return [
        SourceRow(
            source=source, via=via, first_at=NOW - timedelta(days=40), last_at=NOW - timedelta(minutes=9 * i),
            messages=messages, qos0=qos0, without_time=no_time, without_sequence=no_seq, clock_error_s=error,
            promise=promise,
        )
        for i, (source, via, messages, qos0, no_time, no_seq, error, promise) in enumerate(told)
    ]  # fmt: skip


def nodes() -> list[NodeRow]:
    told: list[tuple[str, Literal["online", "stale", "offline"]]] = [("", "online"), ("drive", "offline")]
    return [
        NodeRow(group="hall", node="edge-1", device=device, state=state, since=NOW, bd_seq=3, last_seq=9, rebirths=1)
        for device, state in told
    ]


def gaps() -> list[GapRow]:
    return [
        GapRow(
            stream="riverside/pump-04",
            boot="b7",
            first=4_711,
            last=4_715,
            missing=5,
            noticed_at=NOW - timedelta(hours=2),
        ),
        GapRow(
            stream="riverside/fan-02/power", boot="", first=88, last=88, missing=1, noticed_at=NOW - timedelta(hours=9)
        ),
    ]


def sensor_events() -> list[SensorEventRow]:
    told = [
        ("pump-05", "temp_de", "stuck", "failure", "61.3 degC for 26 h, while the load changed", None),
        ("mix-02", "level", "silent", "failure", "nothing for 41 min, its period is 60 s", None),
        ("fan-02", "power", "unit_suspect", "function_check", "leapt by 1000: kW and W?", None),
        ("pump-04", "vib_de", "gap", "maintenance_required", "a pause of 12 min", NOW - timedelta(hours=3)),
    ]
    return [
        SensorEventRow(
            asset=asset,
            signal=signal,
            kind=kind,
            ne107=state,
            since=NOW - timedelta(hours=5 * i + 4),
            until=until,
            text=text,
        )
        for i, (asset, signal, kind, state, text, until) in enumerate(told)
    ]


def places() -> list[PlaceRow]:
    """A good guess, and none."""
    seal = GuessOut(
        asset="pump-04",
        signal="seal_temp",
        quantity="temperature",
        unit="degC",
        confidence=0.9,
        why="temp, asset pump-04",
    )
    blank = GuessOut(asset=None, signal="x17", quantity=None, unit=None, confidence=0.0, why="")
    told = [
        ("riverside/pump-04/env", "seal.temp", 4_021, 61.4, 18.2, 66.0, '{"seal": {"temp": 61.4}}', seal),
        ("lab/box-3/x17", "", 12, 0.25, 0.0, 1.0, "0.25", blank),
    ]
    return [
        PlaceRow(
            topic=topic,
            field=path,
            source="gateway-2",
            first_at=NOW - timedelta(days=3 + i),
            last_at=NOW - timedelta(minutes=2 * i),
            count=count,
            value=value,
            low=low,
            high=high,
            sample=sample,
            guess=guess,
        )
        for i, (topic, path, count, value, low, high, sample, guess) in enumerate(told)
    ]


def quarantine(more: int = 60) -> list[QuarantineRow]:
    """Refused messages, newest first: four of a kind each, then many of one."""
    told = [
        ("not_finite", "value is NaN", "riverside/pump-04/temp_de", '{"t": 1795435200000, "v": NaN}'),
        ("unknown_topic", "no signal of the plant file has this topic", "riverside/pump-99/speed", "1480.2"),
        ("too_deep", "JSON nested deeper than 32 levels", "riverside/fan-02/power", "[" * 120),
        ("packet_too_large", "10485800 bytes, at most 1048576", "hall/camera", ""),
    ]
    late = ("future", "time is 31 d ahead of the plant", "riverside/mix-02/speed", '{"t": 1798113600000, "v": 88.1}')
    return [
        QuarantineRow(
            received_at=NOW - timedelta(hours=7 * i, minutes=5), source="gateway-2", topic=topic, reason=reason,
            detail=detail, payload_preview=preview, row=100 - i, payload_bytes=len(preview), readings=bool(preview),
            can_replay=bool(preview),
        )
        for i, (reason, detail, topic, preview) in enumerate([*told, *[late] * more])
    ]  # fmt: skip


@dataclass
class FakeTelemetry:
    """What the answers are made of; tests change it. A replay takes rows of the reasons in `mended` out."""

    ingest: IngestStatus = field(default_factory=lambda: RUNNING)
    sources: list[SourceRow] = field(default_factory=sources)
    nodes: list[NodeRow] = field(default_factory=nodes)
    gaps: list[GapRow] = field(default_factory=gaps)
    sensors: list[SensorEventRow] = field(default_factory=sensor_events)
    places: list[PlaceRow] = field(default_factory=places)
    quarantine: list[QuarantineRow] = field(default_factory=quarantine)
    adopted: dict[tuple[str, str], AdoptIn] = field(default_factory=dict)
    replays: list[ReplayIn] = field(default_factory=list)
    mended: set[str] = field(default_factory=set)

    def clear(self) -> None:
        """A plant to which nothing has happened yet."""
        for rows in (self.sources, self.nodes, self.gaps, self.sensors, self.places, self.quarantine):
            rows.clear()

    def open_places(self) -> list[PlaceRow]:
        taken = {(one.topic, one.field) for one in self.adopted.values()}
        return [place for place in self.places if (place.topic, place.field) not in taken]

    def overview(self) -> TelemetryOverview:
        books = Books(
            acknowledged=4_821_337, stored=4_810_212, duplicates=10_877, conflicts=14, quarantined=242, summarised=0,
            replayed=8,
        )  # fmt: skip
        return TelemetryOverview(
            books=books, ingest=self.ingest, sources=len(self.sources), places=len(self.open_places()),
            missing_messages=sum(gap.missing for gap in self.gaps),
            sensor_events=sum(event.until is None for event in self.sensors),
        )  # fmt: skip

    def reasons(self) -> list[ReasonRow]:
        names = dict.fromkeys(row.reason for row in self.quarantine)
        rows = {name: [row for row in self.quarantine if row.reason == name] for name in names}
        return [
            ReasonRow(reason=name, rows=len(of), readings=len(of), summarised=0, newest_at=of[0].received_at)
            for name, of in rows.items()
        ]

    def replay(self, wanted: ReplayIn) -> ReplayOut:
        self.replays.append(wanted)
        chosen = [
            row for row in self.quarantine
            if row.row in (wanted.rows or ()) or wanted.reason == row.reason or wanted.topic == row.topic
        ]  # fmt: skip
        whole = [row for row in chosen if row.can_replay]
        for row in whole:
            if row.reason in self.mended:
                self.quarantine.remove(row)
        return ReplayOut(asked=len(whole), payload_cut=[row.row for row in chosen if not row.can_replay], missing=[])


def telemetry_routes(app: FastAPI, fake: FakeTelemetry) -> None:
    """The routes of `api.routes_telemetry`, answered by the fake."""
    _reading(app, fake)
    _doing(app, fake)


def _reading(app: FastAPI, fake: FakeTelemetry) -> None:
    @app.get("/api/telemetry")
    def get_telemetry() -> TelemetryOverview:
        return fake.overview()

    @app.get("/api/telemetry/sources")
    def get_sources() -> list[SourceRow]:
        return fake.sources

    @app.get("/api/telemetry/nodes")
    def get_nodes() -> list[NodeRow]:
        return fake.nodes

    @app.get("/api/telemetry/gaps")
    def get_gaps() -> list[GapRow]:
        return fake.gaps

    @app.get("/api/telemetry/sensors")
    def get_sensors(open: bool = True) -> list[SensorEventRow]:
        return [event for event in fake.sensors if not open or event.until is None]

    @app.get("/api/telemetry/places")
    def get_places() -> list[PlaceRow]:
        return fake.open_places()

    @app.get("/api/quarantine")
    def get_quarantine(
        limit: int = 100, before: int | None = None, reason: str | None = None, search: str | None = None
    ) -> list[QuarantineRow]:
        text = (search or "").lower()
        rows = [
            row for row in fake.quarantine
            if (before is None or row.row < before) and reason in (None, row.reason)
            and text in f"{row.topic}\n{row.source}\n{row.detail}".lower()
        ]  # fmt: skip
        return rows[:limit]

    @app.get("/api/quarantine/reasons")
    def get_reasons() -> list[ReasonRow]:
        return fake.reasons()


def _doing(app: FastAPI, fake: FakeTelemetry) -> None:
    away = "the ingest process does not answer"

    @app.post("/api/telemetry/adopted", status_code=201, response_model=AdoptedOut)
    def post_adopted(wanted: AdoptIn) -> AdoptedOut | JSONResponse:
        if not fake.ingest.running:
            return problem(503, "Not possible right now", away)
        try:
            resolve_unit(wanted.unit, wanted.quantity)
        except UnitError as error:
            return problem(422, "The input cannot be used", "unit", [{"pointer": "body/unit", "detail": str(error)}])
        fake.adopted[wanted.asset, wanted.signal] = wanted
        return AdoptedOut(asset=wanted.asset, signal=wanted.signal, replayed=12 if wanted.replay else 0)

    @app.delete("/api/telemetry/adopted/{asset}/{signal}", status_code=204, response_class=Response)
    def delete_adopted(asset: str, signal: str) -> None:
        del fake.adopted[asset, signal]

    @app.post("/api/quarantine/replay", response_model=ReplayOut)
    def post_replay(wanted: ReplayIn) -> ReplayOut | JSONResponse:
        return fake.replay(wanted) if fake.ingest.running else problem(503, "Not possible right now", away)
