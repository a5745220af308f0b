"""The book of delivery -> what the API says."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from forewarn.api.schemas import QuarantineRow
from forewarn.api.schemas_telemetry import (
    Books,
    BrokerStatus,
    GapRow,
    GuessOut,
    IngestStatus,
    NodeRow,
    PlaceRow,
    Promise,
    ReasonRow,
    SensorEventRow,
    SourceRow,
    TelemetryOverview,
)
from forewarn.api.state import Plantroom
from forewarn.api.views import moment
from forewarn.core.health import SensorEvent
from forewarn.core.ports import QuarantineSummary, Refusal
from forewarn.core.telemetry import Gap, SeenPlace, SourceRecord
from forewarn.ingest.adoption import guess
from forewarn.ingest.imports import BY_HAND
from forewarn.ingest.sparkplug.memory import NODE_ROWS, NodeStatus, statuses_in

BROKER = "broker:"
REFUSED = "refused_"
PREVIEW_BYTES = 200
MOST = 1_000_000
BY_PEOPLE = Promise(level="D3", text="what was entered is on our disk, and is stored exactly once", losses=[])


def overview(room: Plantroom) -> TelemetryOverview:
    """Delivery at a glance."""
    counts = room.book.counts()
    events = room.sensor_events.events(open_only=True, asset=None, limit=MOST) if room.sensor_events else []
    return TelemetryOverview(
        books=Books(acknowledged=counts.acknowledged, **asdict(counts)),
        ingest=ingest_status(room.telemetry.status() if room.telemetry else None),
        sources=len(room.book.sources()),
        missing_messages=sum(gap.missing for gap in room.book.gaps(MOST)),
        sensor_events=len(events),
        places=len(unnamed(room, MOST)),
    )


def ingest_status(status: dict[str, Any] | None) -> IngestStatus:
    """The figures that a person looks at."""
    if status is None:
        return IngestStatus(running=False)
    commit, journal, door = status["commit"], status["journal"], status["door"]
    return IngestStatus(
        running=True,
        **{name: door[name] for name in ("connections", "messages", "take_overs", "paced")},
        refused={name.removeprefix(REFUSED): times for name, times in door.items() if name.startswith(REFUSED)},
        brokers=[BrokerStatus(name=name, **figures) for name, figures in status["brokers"].items()],
        lag_bytes=max((one["lag_bytes"] for one in status["consumers"]), default=0),
        journal_bytes=journal["kept_bytes"],
        fsync_p99_ms=round(1e3 * commit["fsync_s"]["p99"], 2),
        acknowledge_p99_ms=round(1e3 * commit["acknowledge_s"]["p99"], 2),
    )


def sources(room: Plantroom) -> list[SourceRow]:
    """Every sender."""
    known = room.telemetry.promises() if room.telemetry else {}
    return [source_row(record, known) for record in room.book.sources()]


def source_row(record: SourceRecord, promises: dict[str, dict[str, Any]]) -> SourceRow:
    """One sender with what it may rely on."""
    by_hand = record.source.startswith(BY_HAND)
    of_broker = record.source.removeprefix(BROKER) if record.source.startswith(BROKER) else None
    via = "manual" if by_hand else of_broker or "front door"
    return SourceRow(
        source=record.source,
        via=via,
        first_at=moment(record.first_at_us),
        last_at=moment(record.last_at_us),
        messages=record.messages,
        qos0=record.qos0,
        without_time=record.without_time,
        without_sequence=record.without_sequence,
        clock_error_s=None if record.skew_us is None or by_hand else round(record.skew_us / 1e6, 3),
        promise=BY_PEOPLE if by_hand else promise_of(record, promises.get(via)),
    )


def promise_of(record: SourceRecord, broker: dict[str, Any] | None) -> Promise:
    """The level of the road, less what the sender itself leaves out.

    >>> promise_of(SourceRecord("gw", 0, 1, 10, 0, 0, 10, None), None).level
    'D3'
    >>> promise_of(SourceRecord("gw", 0, 1, 10, 10, 0, 10, None), None).level
    'D0'
    """
    losses = list(broker["losses"]) if broker else []
    level, text = "D3", "what was acknowledged is on our disk, and is stored exactly once"
    if record.source.startswith(BROKER):
        level, text = ("D1", "not known yet: this broker has not been heard since the start")
        level, text = (broker["level"], broker["text"]) if broker else (level, text)
    if record.qos0 == record.messages:
        level, text = "D0", "it sends with QoS 0: what is on its way when anything stops is lost"
    elif record.qos0:
        losses.append(f"{record.qos0} of {record.messages} messages came with QoS 0")
    if record.without_time:
        losses.append("messages without a time are stamped on arrival: sent twice, they are stored twice")
    if record.without_sequence:
        losses.append("messages without a sequence number: what was lost before us cannot be told from silence")
    return Promise(level=level, text=text, losses=losses)


def gap_row(gap: Gap) -> GapRow:
    """One gap."""
    return GapRow(
        stream=gap.stream,
        boot=gap.boot,
        first=gap.first,
        last=gap.last,
        missing=gap.missing,
        noticed_at=moment(gap.noticed_at_us),
    )


def nodes(room: Plantroom) -> list[NodeRow]:
    """Every Sparkplug edge node and device that was heard of, by name."""
    found = statuses_in(room.book.memory(NODE_ROWS))
    return [node_row(one) for one in sorted(found, key=lambda one: (one.group, one.node, one.device))]


def node_row(one: NodeStatus) -> NodeRow:
    """One edge node or device."""
    return NodeRow(
        group=one.group,
        node=one.node,
        device=one.device,
        state=cast(Any, str(one.state)),
        since=moment(one.since_us),
        bd_seq=one.bd_seq,
        last_seq=one.last_seq,
        rebirths=one.rebirths,
    )


def sensor_event_row(event: SensorEvent) -> SensorEventRow:
    """One sensor event."""
    return SensorEventRow(
        asset=event.asset,
        signal=event.signal,
        kind=event.kind,
        ne107=event.status.value,
        since=moment(event.since_us),
        until=None if event.until_us is None else moment(event.until_us),
        text=event.text,
    )


def unnamed(room: Plantroom, limit: int) -> list[SeenPlace]:
    """Places that the plant still does not name."""
    named = {(spec.topic, spec.field or "") for asset in room.plant.assets for spec in asset.signals}
    seen = room.book.places(limit + len(named))
    return [place for place in seen if (place.topic, place.field) not in named][:limit]


def places(room: Plantroom, limit: int) -> list[PlaceRow]:
    """Places that the plant still does not name, with a guess each."""
    assets = [asset.id for asset in room.plant.assets]
    rows = []
    for place in unnamed(room, limit):
        found = guess(place.topic, place.field, place.value, "", assets)
        rows.append(
            PlaceRow(
                topic=place.topic,
                field=place.field,
                source=place.source,
                first_at=moment(place.first_at_us),
                last_at=moment(place.last_at_us),
                count=place.count,
                value=place.value,
                low=place.low,
                high=place.high,
                sample=place.sample,
                guess=GuessOut(**asdict(found)),
            )
        )
    return rows


def sample_of(room: Plantroom, topic: str, field: str) -> str:
    """A piece of the newest payload that was seen at a place, or of its topic; "" when there was none."""
    seen = {place.field: place.sample for place in room.book.places(MOST) if place.topic == topic}
    return seen.get(field) or next(iter(seen.values()), "")


def quarantine_row(refusal: Refusal) -> QuarantineRow:
    """A refused message, its payload as printable text."""
    text = refusal.payload[:PREVIEW_BYTES].decode("utf-8", errors="replace")
    return QuarantineRow(
        row=refusal.row,
        received_at=moment(refusal.received_at_us),
        source=refusal.source,
        topic=refusal.topic,
        reason=refusal.reason,
        detail=refusal.detail,
        payload_preview="".join(c if c.isprintable() else "." for c in text),
        payload_bytes=len(refusal.payload) + refusal.cut_bytes,
        readings=refusal.readings,
        can_replay=refusal.cut_bytes == 0 and refusal.readings > 0,
    )


def reason_row(one: QuarantineSummary) -> ReasonRow:
    """Refusals of one reason."""
    return ReasonRow(
        reason=one.reason,
        rows=one.rows,
        readings=one.readings,
        summarised=one.summarised,
        newest_at=moment(one.newest_at_us),
    )
