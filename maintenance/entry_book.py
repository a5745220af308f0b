"""Who entered which reading: rows of the audit, chained like those of orders; the values are in the series."""

from __future__ import annotations

from collections.abc import Callable

from forewarn.core.ports import Actor
from forewarn.core.work import Json
from forewarn.maintenance.audit import AuditEntry, append, history_of
from forewarn.maintenance.records import Records

ENTERED = "reading_entered"


class EntryBook:
    """Entries by asset."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def entered(self, asset: str, actor: Actor, at_us: int, told: Json, store: Callable[[], None]) -> None:
        """Note an entry and `store` it in the series: the note becomes durable only when `store` has returned, and is
        not written when it raises. After a crash in between the same entry, made again, is a duplicate there."""
        with self._records.write() as connection:
            append(connection, AuditEntry(at_us, actor, _subject(asset), ENTERED, {}, told))
            store()

    def entries(self, asset: str, limit: int) -> list[Json]:
        """Rows of the audit about readings of an asset, newest first."""
        with self._records.read() as connection:
            return history_of(connection, _subject(asset))[: -limit - 1 : -1]


def _subject(asset: str) -> str:
    return f"readings:{asset}"
