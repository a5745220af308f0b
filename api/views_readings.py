"""Rounds, entries and the record of entries -> what the API says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from forewarn.api.readings import Reading
from forewarn.api.schemas_readings import EnteredReading, EntryRow, ReadingsOut, RoundRow, RoundSignal
from forewarn.api.state import Plantroom
from forewarn.api.views import moment
from forewarn.core.ports import LastValue
from forewarn.core.readings import SignalSpec
from forewarn.core.work import Json
from forewarn.pipeline.manual import Round, Scale, due_since_us, rounds_of, scale_of


def rounds(room: Plantroom, due_only: bool, asset: str | None) -> list[RoundRow]:
    """Rounds, those that are due for longest first; never made ones before all."""
    assets = [one for one in room.plant.assets if asset in (None, one.id)]
    newest = {last.name: last for last in room.reader.last_values()}
    names = {one.id: one.name for one in assets}
    rows = [_round(found, names[found.asset], newest, room.now_us()) for found in rounds_of(assets)]
    wanted = [row for row in rows if row.due or not due_only]
    return sorted(wanted, key=lambda row: (not row.due, row.due_since.timestamp() if row.due_since else 0.0))


def _round(found: Round, asset_name: str, newest: Mapping[str, LastValue], now_us: int) -> RoundRow:
    last_at = {spec.signal: newest[spec.name].at_us for spec in found.signals if spec.name in newest}
    due, since_us = due_since_us(found, last_at, now_us)
    return RoundRow(
        asset=found.asset,
        asset_name=asset_name,
        round=found.name,
        every_s=found.period_s,
        due=due,
        due_since=_moment(since_us),
        signals=[_signal(spec, newest.get(spec.name)) for spec in found.signals],
    )


def _signal(spec: SignalSpec, last: LastValue | None) -> RoundSignal:
    scale = scale_of(spec)
    return RoundSignal(
        name=spec.signal,
        quantity=spec.quantity,
        unit=scale.unit,
        component=spec.component,
        low=_read(scale, spec.low),
        high=_read(scale, spec.high),
        last_value=_read(scale, last.value if last else None),
        last_at=_moment(last.at_us if last else None),
    )


def _read(scale: Scale, canonical: float | None) -> float | None:
    """As it stands on the instrument, without the noise of converting there and back."""
    return None if canonical is None else float(f"{scale.conversion.invert(canonical):.12g}")


def _moment(at_us: int | None) -> datetime | None:
    return None if at_us is None else moment(at_us)


def entered(asset: str, at_us: int, by: str, readings: Sequence[Reading]) -> ReadingsOut:
    """What is stored now."""
    rows = [
        EnteredReading(
            signal=reading.spec.signal,
            value=reading.value,
            unit=reading.spec.unit,
            remarks=reading.remarks,
            already=reading.already,
        )
        for reading in readings
    ]
    return ReadingsOut(asset=asset, at=moment(at_us), by=by, readings=rows)


def entry_row(row: Json) -> EntryRow:
    """A row of the audit."""
    told, found = cast(dict[str, Any], row["after"]), cast(dict[str, Any], row)
    return EntryRow(
        at=moment(told["at_us"]),
        entered_at=moment(found["at_us"]),
        by=found["actor"],
        values=told["values"],
        units=told["units"],
        note=told["note"],
        confirmed=told["confirmed"],
    )
