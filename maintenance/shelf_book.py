"""Limits and machines that somebody silenced for a while, with the reason; every step has its audit row.

Shelving is no cure (ISA-18.2): it ends by itself, at the latest after `LONGEST_DAYS`.
"""

from __future__ import annotations

import sqlalchemy as sa

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.plant_limits import Shelved
from forewarn.core.ports import Actor
from forewarn.core.work import Json
from forewarn.maintenance.audit import AuditEntry, append
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_postgresql import in_turn
from forewarn.maintenance.records_tables import SHELVED

LONGEST_DAYS = 90
WHOLE = ""  # in place of the name of a limit: the whole machine


class ShelfBook:
    """What is shelved in a plant. One row per (asset, limit): shelving again moves its end."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def shelve(self, asset: str, limit: str | None, until_us: int, reason: str, actor: Actor, at_us: int) -> Shelved:
        """Silence a limit (None: the whole machine) until a time. Raises Rejected without a reason, for an end that has
        passed, and for one more than 90 days away."""
        if not reason.strip():
            raise Rejected("reason_needed", "who shelves says why: whoever meets a silent machine wants to know")
        if not at_us < until_us <= at_us + LONGEST_DAYS * US_PER_DAY:
            raise Rejected("shelved_until", f"shelving ends in the future, at most {LONGEST_DAYS} days away")
        made = Shelved(asset, limit, until_us, actor.name, reason.strip())
        row = {"until_us": until_us, "by": made.by, "reason": made.reason, "at_us": at_us}
        with self._records.write() as connection:
            in_turn(connection, "shelf", asset)
            before = _known(connection, asset, limit)
            if before is None:
                connection.execute(SHELVED.insert(), {"asset": asset, "limit": limit or WHOLE, **row})
            else:
                connection.execute(SHELVED.update().where(_is(asset, limit)).values(row))
            was = _told(before) if before else {}
            append(connection, AuditEntry(at_us, actor, _subject(asset), "shelved", was, _told(made)))
        return made

    def end(self, asset: str, limit: str | None, actor: Actor, at_us: int) -> None:
        """Let it speak again. Raises Rejected when it is not shelved now."""
        with self._records.write() as connection:
            in_turn(connection, "shelf", asset)
            before = _known(connection, asset, limit)
            if before is None or before.until_us <= at_us:
                raise Rejected("not_shelved", f"{limit or 'the machine'} of {asset} is not shelved now")
            connection.execute(SHELVED.delete().where(_is(asset, limit)))
            append(connection, AuditEntry(at_us, actor, _subject(asset), "unshelved", _told(before), {}))

    def standing(self, now_us: int) -> list[Shelved]:
        """What is silenced at a plant time, by asset and limit."""
        query = sa.select(SHELVED).where(SHELVED.c.until_us > now_us).order_by(SHELVED.c.asset, SHELVED.c.limit)
        with self._records.read() as connection:
            return [_of(row) for row in connection.execute(query)]


def _is(asset: str, limit: str | None) -> sa.ColumnElement[bool]:
    return (SHELVED.c.asset == asset) & (SHELVED.c.limit == (limit or WHOLE))


def _known(connection: sa.Connection, asset: str, limit: str | None) -> Shelved | None:
    row = connection.execute(sa.select(SHELVED).where(_is(asset, limit))).one_or_none()
    return None if row is None else _of(row)


def _of(row: sa.Row[tuple[object, ...]]) -> Shelved:
    return Shelved(row.asset, row.limit or None, row.until_us, row.by, row.reason)


def _told(shelved: Shelved) -> Json:
    return {"limit": shelved.limit, "until_us": shelved.until_us, "by": shelved.by, "reason": shelved.reason}


def _subject(asset: str) -> str:
    return f"shelf:{asset}"
