"""Maintenance windows in the records: who planned which, until when; every change has its audit row."""

from __future__ import annotations

import uuid
import zoneinfo
from dataclasses import replace
from datetime import UTC, tzinfo
from typing import Any

import sqlalchemy as sa

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.ports import Actor
from forewarn.core.windows import MaintenanceWindow, Repeat, Scope
from forewarn.core.work import Json
from forewarn.maintenance.audit import AuditEntry, append
from forewarn.maintenance.autonomy.tables import MAINTENANCE_WINDOW
from forewarn.maintenance.records import Records


class WindowBook:
    """Plans, lists and ends maintenance windows."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def plan(self, window: MaintenanceWindow, actor: Actor, at_us: int) -> MaintenanceWindow:
        """Keep a new window; its id is given here. Raises Rejected without a reason, and for a one-off that is over."""
        if not window.reason.strip():
            raise Rejected(
                "reason_needed", "say what is done in the window: whoever meets a silent machine wants to know"
            )
        if window.at(at_us) is None and window.after(at_us) is None:
            raise Rejected("window_over", "the window is over already: give a later start, or let it repeat")
        made = replace(window, id=str(uuid.uuid4()), reason=window.reason.strip(), by=actor.name, revision=1)
        row = {**_row(made), "id": made.id, "by": made.by, "at_us": at_us, "ended": False, "revision": 1}
        with self._records.write() as connection:
            connection.execute(MAINTENANCE_WINDOW.insert(), row)
            append(connection, AuditEntry(at_us, actor, _subject(made), "planned", {}, _row(made)))
        return made

    def end(self, id: str, actor: Actor, revision: int, at_us: int) -> None:
        """Take a window back; what it held is looked at again at the next assessment. Raises Rejected when there is
        none of this id, Conflict for a stale revision."""
        with self._records.write() as connection:
            query = sa.select(MAINTENANCE_WINDOW).where(MAINTENANCE_WINDOW.c.id == id, ~MAINTENANCE_WINDOW.c.ended)
            row = connection.execute(query.with_for_update()).one_or_none()
            if row is None:
                raise Rejected("unknown_window", f"there is no maintenance window {id}: list them first")
            if row.revision != revision:
                raise Conflict(f"the window is at revision {row.revision}, not {revision}: read it again")
            ended = {"ended": True, "revision": revision + 1}
            connection.execute(MAINTENANCE_WINDOW.update().where(MAINTENANCE_WINDOW.c.id == id).values(ended))
            before = _of(row)
            append(connection, AuditEntry(at_us, actor, _subject(before), "ended", _row(before), {}))

    def windows(self) -> list[MaintenanceWindow]:
        """Every window that was not taken back, by its first start."""
        with self._records.read() as connection:
            return windows_now(connection)

    def window(self, id: str) -> MaintenanceWindow | None:
        """One of them."""
        return next((window for window in self.windows() if window.id == id), None)


def windows_now(connection: sa.Connection) -> list[MaintenanceWindow]:
    """Every window that was not taken back, by its first start."""
    table = MAINTENANCE_WINDOW
    query = sa.select(table).where(~table.c.ended).order_by(table.c.start_us, table.c.id)
    return [_of(row) for row in connection.execute(query)]


def zone_of(name: str) -> tzinfo:
    """The time zone of an IANA name. Raises Rejected for one that this machine does not know."""
    try:
        return UTC if name == "UTC" else zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Rejected(
            "unknown_zone", f"there is no time zone {name!r}: give an IANA name, such as Europe/Berlin"
        ) from error


def _of(row: sa.Row[Any]) -> MaintenanceWindow:
    return MaintenanceWindow(
        row.id,
        Scope(row.scope),
        row.of,
        row.start_us,
        row.hours,
        Repeat(row.repeat),
        row.every,
        row.until_us,
        zone_of(row.zone),
        row.zone,
        row.reason,
        row.by,
        row.revision,
    )


def _row(window: MaintenanceWindow) -> Json:
    return {
        "scope": window.scope.value,
        "of": window.of,
        "start_us": window.start_us,
        "hours": window.hours,
        "repeat": window.repeat.value,
        "every": window.every,
        "until_us": window.until_us,
        "zone": window.zone_name,
        "reason": window.reason,
    }


def _subject(window: MaintenanceWindow) -> str:
    return f"window:{window.id}"
