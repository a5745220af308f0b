"""Reads of a catalogue: series, newest values, and the book of delivery (quarantine, gaps, places, senders)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from forewarn.core.ports import LastValue, QuarantineSummary, Refusal
from forewarn.core.telemetry import Gap, SeenPlace, SourceRecord

_REFUSALS = (
    "SELECT received_at, source, topic, reason, detail, coalesce(payload, x''), readings, flags, cut, quarantine.id"
    " FROM quarantine LEFT JOIN quarantine_payload ON quarantine_payload.id = quarantine.id"
)
_SUMMARY = (
    "SELECT reason, sum(row_count), sum(kept), sum(gone), max(newest) FROM ("
    " SELECT reason, count(*) AS row_count, sum(readings) AS kept, 0 AS gone, max(received_at) AS newest"
    " FROM quarantine GROUP BY reason"
    " UNION ALL SELECT reason, 0, 0, readings, newest_at FROM summary"
    ") GROUP BY reason ORDER BY sum(kept) + sum(gone) DESC, reason"
)


class BookReads(ABC):
    """The part of `core.ports.StoreReader` that the catalogue alone can answer."""

    @abstractmethod
    def _query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of the catalogue; none while it does not exist."""

    def names(self) -> Mapping[str, int]:
        """Series name -> number."""
        return {str(name): int(number) for name, number in self._query("SELECT name, id FROM series")}

    def last_values(self, after_sequence: int = 0) -> list[LastValue]:
        """Newest reading of every series that changed after a sequence number, in the order of change."""
        rows = self._query(
            "SELECT series, name, at, value, quality, sequence FROM last JOIN series ON id = series"
            " WHERE sequence > ?1 AND (SELECT sequence FROM state) > ?1 ORDER BY sequence, series",
            (after_sequence,),
        )
        return [LastValue(*row) for row in rows]

    @property
    def position(self) -> int:
        """The store's durable cursor."""
        return int(next(iter(self._query("SELECT cursor FROM state")), (0,))[0])

    def memory(self, prefix: str = "") -> Mapping[str, bytes]:
        """What the decoders asked to remember, of the keys that begin so."""
        behind = prefix + "\U0010ffff"
        return dict(self._query("SELECT key, value FROM memory WHERE key >= ? AND key < ?", (prefix, behind)))

    def quarantine(
        self, limit: int = 100, before_row: int | None = None, reason: str | None = None, search: str | None = None
    ) -> list[Refusal]:
        """Newest refusals first: rows below `before_row`, of one reason, with a text in topic, source or detail."""
        wanted: list[tuple[str, Sequence[Any]]] = []
        if before_row is not None:
            wanted.append(("quarantine.id < ?", (before_row,)))
        if reason is not None:
            wanted.append(("reason = ?", (reason,)))
        if search:
            like = "%" + search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            places = " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in ("topic", "source", "detail"))
            wanted.append((f"({places})", (like,) * 3))
        where = " AND ".join(condition for condition, _ in wanted)
        sql = f"{_REFUSALS} {'WHERE ' + where if where else ''} ORDER BY quarantine.id DESC LIMIT ?"
        return [Refusal(*row) for row in self._query(sql, [*(v for _, values in wanted for v in values), limit])]

    def refusal(self, row: int) -> Refusal | None:
        """One row of the quarantine."""
        found = self._query(f"{_REFUSALS} WHERE quarantine.id = ?", (row,))
        return Refusal(*found[0]) if found else None

    def quarantine_summary(self) -> list[QuarantineSummary]:
        """Every reason there is, most readings first."""
        return [QuarantineSummary(*row) for row in self._query(_SUMMARY)]

    def summarised(self) -> Mapping[str, int]:
        """Reason -> readings whose refusals had to leave the full quarantine."""
        return {str(reason): int(n) for reason, n in self._query("SELECT reason, readings FROM summary")}

    def gaps(self, limit: int = 500) -> list[Gap]:
        """Messages that are still missing, newest first."""
        sql = "SELECT stream, boot, first, last, noticed_at FROM gap ORDER BY noticed_at DESC, stream, first LIMIT ?"
        return [Gap(*row) for row in self._query(sql, (limit,))]

    def places(self, limit: int = 500) -> list[SeenPlace]:
        """Signals to adopt, most often seen first."""
        columns = "topic, field, source, first_at, last_at, count, value, low, high, sample"
        sql = f"SELECT {columns} FROM place ORDER BY count DESC, topic, field LIMIT ?"
        return [SeenPlace(*row) for row in self._query(sql, (limit,))]

    def sources(self) -> list[SourceRecord]:
        """Every sender, newest first."""
        columns = "source, first_at, last_at, messages, qos0, without_time, without_sequence, skew"
        return [
            SourceRecord(*row) for row in self._query(f"SELECT {columns} FROM source ORDER BY last_at DESC, source")
        ]

    def _refused_totals(self) -> tuple[int, int, int]:
        """Readings in quarantine, summarised, replayed."""
        totals = (
            "SELECT (SELECT coalesce(sum(readings), 0) FROM quarantine),"
            " (SELECT coalesce(sum(readings), 0) FROM summary), (SELECT replayed FROM state)"
        )
        rows = self._query(totals)
        return (int(rows[0][0]), int(rows[0][1]), int(rows[0][2])) if rows else (0, 0, 0)
