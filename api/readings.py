"""The desk at which people enter readings: judged, durable in the journal, noted in the audit, in this order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from forewarn.api.problems import BadFields
from forewarn.api.telemetry import Control
from forewarn.core.errors import Conflict, ForewarnError
from forewarn.core.plant import Asset
from forewarn.core.ports import Actor, SeriesReader
from forewarn.core.readings import SignalSpec, Track
from forewarn.maintenance.entry_book import EntryBook
from forewarn.pipeline import manual
from forewarn.pipeline.plant_units import UnitError, did_you_mean

ENTER_TIMEOUT_S = 5.0


class Doubtful(ForewarnError):
    """Unlikely values: field -> what is to be confirmed."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)
        super().__init__("; ".join(fields.values()))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants to enter. `values` and `units` by signal; `confirmed`: doubts were seen."""

    at_us: int
    values: Mapping[str, float]
    units: Mapping[str, str]
    note: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """One value on its way: `value` in the canonical unit, `read` and `unit` as the person saw it."""

    spec: SignalSpec
    value: float
    read: float
    unit: str
    doubts: list[str]
    remarks: list[str]
    stored: float | None

    @property
    def already(self) -> bool:
        """Was the same value entered for this time before?"""
        return self.stored is not None and math.isclose(self.stored, self.value, rel_tol=1e-12, abs_tol=1e-12)


class ReadingDesk:
    """`retention_us`: how long readings are kept. `control` is the way to the ingest process."""

    def __init__(self, reader: SeriesReader, book: EntryBook, control: Control, retention_us: int) -> None:
        self._reader, self._control, self._retention_us = reader, control, retention_us
        self.book = book

    def enter(self, asset: Asset, wanted: Wanted, actor: Actor, now_us: int) -> list[Reading]:
        """Store readings and note who entered them; answers when they are durable.

        Raises BadFields for what is wrong, Doubtful for what is to be confirmed, Conflict where another value is stored
        for this very time, Retriable while the ingest process is away.
        """
        wrong = manual.time_fault(wanted.at_us, now_us, self._retention_us)
        if wrong:
            raise BadFields({"at": wrong})
        readings = self._judged(asset, wanted)
        fresh = [reading for reading in readings if not reading.already]
        if fresh:
            told = _told(wanted, fresh)
            self.book.entered(asset.id, actor, now_us, told, lambda: self._store(fresh, wanted.at_us, actor))
        return readings

    def _judged(self, asset: Asset, wanted: Wanted) -> list[Reading]:
        wrong, readings = dict[str, str](), list[Reading]()
        for name in {**wanted.values, **wanted.units}:
            try:
                readings.append(self._reading(asset, name, wanted))
            except UnitError as error:
                wrong[f"units/{name}"] = str(error)
            except LookupError as error:
                wrong[f"values/{name}"] = str(error.args[0])
        if wrong:
            raise BadFields(wrong)
        for reading in readings:
            if reading.stored is not None and not reading.already:
                raise Conflict(_other_value(reading))
        doubtful = {f"values/{r.spec.signal}": "; ".join(r.doubts) for r in readings if r.doubts and not r.already}
        if doubtful and not wanted.confirmed:
            raise Doubtful(doubtful)
        return readings

    def _reading(self, asset: Asset, name: str, wanted: Wanted) -> Reading:
        """Raises LookupError for what is no signal to enter, UnitError for a wrong unit."""
        spec = asset.signal(name)
        scalars = [s.signal for s in asset.signals if s.kind == "scalar"]
        if spec is None or name not in scalars:
            raise LookupError(f"{asset.id} has no signal {name!r} to enter{did_you_mean(name, scalars)}")
        if name not in wanted.values:
            raise LookupError("a unit without a value")
        scale = manual.scale_of(spec, wanted.units.get(name))
        value = scale.conversion.apply(wanted.values[name])
        if not math.isfinite(value):
            raise LookupError(f"too large for {scale.unit}")
        around = self._around(spec, wanted.at_us)
        doubts = manual.doubts(spec, value, wanted.at_us, around, scale)
        remarks = manual.remarks(spec, value, wanted.at_us, around, scale)
        stored = manual.same_time(wanted.at_us, around)
        return Reading(spec, value, wanted.values[name], scale.unit, doubts, remarks, stored)

    def _around(self, spec: SignalSpec, at_us: int) -> Track:
        number = self._reader.names().get(spec.name)
        if number is None:
            return Track(np.zeros(0, np.int64), np.zeros(0))
        span_us = manual.look_back_us(spec)
        found = self._reader.read(number, at_us - span_us, at_us + span_us)
        return Track(found.at, found.value)

    def _store(self, readings: list[Reading], at_us: int, actor: Actor) -> None:
        entered = [{"series": r.spec.name, "at_us": at_us, "value": r.value} for r in readings]
        self._control.ask("enter", timeout_s=ENTER_TIMEOUT_S, by=actor.name, readings=entered)


def _told(wanted: Wanted, fresh: list[Reading]) -> dict[str, object]:
    """What the audit says."""
    return {
        "at_us": wanted.at_us,
        "values": {reading.spec.signal: reading.read for reading in fresh},
        "units": {reading.spec.signal: reading.unit for reading in fresh},
        "note": wanted.note,
        "confirmed": list(_confirmed(fresh)),
    }


def _confirmed(fresh: list[Reading]) -> Iterator[str]:
    for reading in fresh:
        yield from (f"{reading.spec.signal}: {doubt}" for doubt in reading.doubts)


def _other_value(reading: Reading) -> str:
    stored = f"{reading.stored:.6g} {reading.spec.unit}"
    return f"{reading.spec.signal} has another value at this time already ({stored}): enter it at another minute"
