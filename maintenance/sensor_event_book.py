"""Sensor events in the records: a problem that lasts is opened once and closed once, across restarts.

What has to be written is known from the open events in memory, so that a plant without news writes nothing. Closed
events are bounded: the oldest leave.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from forewarn.core.health import DeviceStatus, SensorEvent, SensorProblem
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import SENSOR_EVENT

Key = tuple[str, str]
"""Signal and kind."""

Detail = Mapping[str, float | str]

LIFE: dict[tuple[bool, bool], str] = {
    (False, True): "open",
    (True, False): "close",
}
"""(is an event open?, was the problem found?) -> what is done. In all other cases: nothing."""

_COLUMNS = SENSOR_EVENT.c


class SensorEventBook:
    """Events of all assets. `keep` so many closed ones are kept."""

    def __init__(self, records: Records, keep: int = 10_000) -> None:
        self._records, self._keep = records, keep
        self._turn = threading.Lock()
        self._open: dict[str, dict[Key, int]] = {}
        for event in self.events(open_only=True, limit=None):
            self._open.setdefault(event.asset, {})[event.signal, event.kind] = event.id

    def observe(
        self,
        asset: str,
        problems: Sequence[SensorProblem],
        at_us: int,
        details: Mapping[Key, Detail] | None = None,
    ) -> int:
        """Note what is wrong with the sensors of an asset now: opens events for new problems, closes those that are
        gone at `at_us`. Answers how many were opened or closed. `details` are kept with a new event."""
        found = {(problem.signal, problem.kind): problem for problem in problems}
        with self._turn:
            known = self._open.get(asset, {})
            steps = {key: LIFE.get((key in known, key in found)) for key in {*known, *found}}
            if not any(steps.values()):
                return 0
            try:
                return self._write(asset, found, known, steps, at_us, details or {})
            except IntegrityError:  # another program was faster: what it opened is open for us too
                self._open[asset] = self._opened(asset)
                return 0

    def _write(
        self,
        asset: str,
        found: Mapping[Key, SensorProblem],
        known: Mapping[Key, int],
        steps: Mapping[Key, str | None],
        at_us: int,
        details: Mapping[Key, Detail],
    ) -> int:
        opened: dict[Key, int] = {}
        closed = [key for key, step in steps.items() if step == "close"]
        with self._records.write() as connection:
            for key in sorted(key for key, step in steps.items() if step == "open"):
                opened[key] = _insert(connection, asset, found[key], details.get(key, {}))
            _close(connection, [known[key] for key in closed], at_us)
            self._forget_old(connection)
        self._open[asset] = {key: id for key, id in {**known, **opened}.items() if key not in closed}
        return len(opened) + len(closed)

    def _opened(self, asset: str) -> dict[Key, int]:
        return {(e.signal, e.kind): e.id for e in self.events(open_only=True, asset=asset, limit=None)}

    def events(self, open_only: bool = False, asset: str | None = None, limit: int | None = 200) -> list[SensorEvent]:
        """Events, newest first; only the open ones, or those of one asset, when asked."""
        query = sa.select(SENSOR_EVENT).order_by(_COLUMNS.id.desc()).limit(limit)
        if open_only:
            query = query.where(_COLUMNS.until_us.is_(None))
        if asset is not None:
            query = query.where(_COLUMNS.asset == asset)
        with self._records.read() as connection:
            return [_event(row) for row in connection.execute(query)]

    def _forget_old(self, connection: sa.Connection) -> None:
        newest = connection.execute(sa.select(sa.func.max(_COLUMNS.id))).scalar() or 0
        old = _COLUMNS.until_us.is_not(None) & (_COLUMNS.id <= newest - self._keep)
        connection.execute(SENSOR_EVENT.delete().where(old))


def _insert(connection: sa.Connection, asset: str, problem: SensorProblem, detail: Detail) -> int:
    row = {
        "asset": asset,
        "signal": problem.signal,
        "kind": problem.kind,
        "ne107": problem.status.value,
        "since_us": problem.since_us,
        "text": problem.text,
        "detail": canonical(dict(detail)),
    }
    (id,) = connection.execute(SENSOR_EVENT.insert(), row).inserted_primary_key or (0,)
    return int(id)


def _close(connection: sa.Connection, ids: Sequence[int], at_us: int) -> None:
    """An event ends after it began, even where the clock of the sensor ran ahead."""
    if ids:
        ends = sa.case((_COLUMNS.since_us > at_us, _COLUMNS.since_us), else_=at_us)
        connection.execute(SENSOR_EVENT.update().where(_COLUMNS.id.in_(ids)).values(until_us=ends))


def _event(row: sa.Row[tuple[object, ...]]) -> SensorEvent:
    return SensorEvent(
        asset=row.asset,
        signal=row.signal,
        kind=row.kind,
        status=DeviceStatus(row.ne107),
        since_us=row.since_us,
        until_us=row.until_us,
        text=row.text,
        detail=json.loads(row.detail),
        id=row.id,
    )
