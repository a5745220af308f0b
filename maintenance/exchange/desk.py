"""The use cases of tables in and out over the sources of all kinds: preview, apply, undo, export.

A source joins one kind of table with the book that keeps it. What is applied is exactly what was previewed: the preview
is made again inside the transaction, and refused when its token is another one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol, cast

import sqlalchemy as sa

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.ports import Actor
from forewarn.maintenance.audit import AuditEntry, append
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.exchange.cells import Key, Record
from forewarn.maintenance.exchange.kinds import TableKind
from forewarn.maintenance.exchange.parsing import ParsedRow, ParsedTable, once, parsed
from forewarn.maintenance.exchange.preview import Draft, Finding, Preview, alike, drafts, previewed
from forewarn.maintenance.exchange.reading import sheets_of
from forewarn.maintenance.exchange.tables import TABLE_IMPORT
from forewarn.maintenance.outbox import post
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_postgresql import in_turn


@dataclass(frozen=True, slots=True)
class Written:
    """One row that is written: as it was (None: it was not there) and as it will be (None: it goes again)."""

    key: Key
    before: Record | None
    after: Record | None


class Source(Protocol):
    """One kind of table joined with its book."""

    @property
    def kind(self) -> TableKind:
        """Its columns."""
        ...

    def now(self, keys: Collection[Key] | None) -> dict[Key, Record]:
        """Records as they are, by key; None: all, in the order in which they are exported."""
        ...


class Intake(Source, Protocol):
    """A source that also takes tables in."""

    def keyed(self, rows: Sequence[ParsedRow]) -> Sequence[ParsedRow]:
        """Gives a key to rows that lack one, where the kind allows it."""
        ...

    def settled(self, record: Record, before: Record | None) -> Record:
        """A row as the book would give it back, so that the preview says what will be. Raises Rejected for one that
        the book refuses; `check` says why."""
        ...

    def check(self, rows: Sequence[Draft]) -> list[Finding]:
        """What the book has against drafts that are new or changed."""
        ...

    def keeping(self) -> AbstractContextManager[None]:
        """Around the transaction, for what is kept elsewhere too: put back when it fails, made known when done."""
        ...

    def write(self, connection: sa.Connection, rows: Sequence[Written], actor: Actor, at_us: int) -> None:
        """Put rows into the book, in the caller's transaction, each with its audit row."""
        ...

    def taken_back(self, row: Written) -> Written:
        """What undoing a row writes. Raises Rejected where it cannot be undone."""
        ...


@dataclass(frozen=True, slots=True)
class Applied:
    """What an import did. `id` is None where nothing was to be written."""

    id: int | None
    preview: Preview
    written: int
    left_out: int


@dataclass(frozen=True, slots=True)
class KeptImport:
    """One import of the past, without its rows."""

    id: int
    kind: str
    filename: str
    sha256: str
    at_us: int
    actor: str
    new: int
    changed: int
    wrong: int
    undone_at_us: int | None
    undone_by: str | None


class Exchange:
    """Tables in and out, on the records and the sources of its kinds."""

    def __init__(self, records: Records, sources: Mapping[str, Source]) -> None:
        self._records, self._sources = records, dict(sources)

    @property
    def kinds(self) -> tuple[TableKind, ...]:
        """All kinds."""
        return tuple(source.kind for source in self._sources.values())

    def source(self, kind: str) -> Source:
        """The source of a kind. Raises Rejected for one that is not known."""
        found = self._sources.get(kind)
        if found is None:
            raise Rejected("table_kind", f"there are no tables of kind {kind!r}; known are {', '.join(self._sources)}")
        return found

    def read(self, kind: str, data: bytes, sheet: str | None = None) -> ParsedTable:
        """The rows of a file, not compared with anything yet."""
        intake = self._intake(kind)
        table = parsed(intake.kind, sheets_of(data, intake.kind), sheet)
        return once(intake.kind, replace(table, rows=tuple(intake.keyed(table.rows))))

    def preview(self, kind: str, data: bytes, sheet: str | None = None) -> Preview:
        """What a file would change; changes nothing. Raises Rejected for a file that is no table of this kind."""
        return self._compared(kind, self.read(kind, data, sheet))

    def _compared(self, kind: str, table: ParsedTable) -> Preview:
        intake = self._intake(kind)
        now = intake.now({row.key for row in table.rows if any(row.key)})
        rows = [_settled(intake, one) for one in drafts(intake.kind, table, now)]
        lost = _lost_zeros(intake, rows)
        open_ = [r for r in rows if isinstance(r, Draft) and (r.before is None or not alike(r.before, r.record))]
        return previewed(intake.kind, table, rows, [*lost, *(intake.check(open_) if open_ else ())])

    def apply(
        self,
        kind: str,
        data: bytes,
        token: str,
        actor: Actor,
        at_us: int,
        filename: str = "",
        good_rows: bool = False,
        sheet: str | None = None,
    ) -> Applied:
        """Write what was previewed under `token`, in one transaction with its audit rows, or nothing.

        Raises Conflict when the books or the file are not those of the preview any more; Rejected while a row is wrong,
        unless `good_rows` asks for the others, and always when the table as a whole is wrong.
        """
        table = self.read(kind, data, sheet)
        intake = self._intake(kind)
        with intake.keeping(), self._records.write() as connection:
            in_turn(connection, "table", kind)
            preview = self._compared(kind, table)
            if preview.token != token:
                raise Conflict("the file or what it would change is not what was previewed: preview it again")
            wrong = preview.counts["wrong"]
            if preview.is_refused or (wrong and not good_rows):
                raise Rejected("wrong_rows", _refusal(preview))
            rows = [Written(row.key, row.before, row.record) for row in preview.to_write]
            if not rows:
                return Applied(None, preview, 0, wrong)
            intake.write(connection, rows, actor, at_us)
            id = _keep(connection, preview, rows, data, filename, actor, at_us)
        return Applied(id, preview, len(rows), wrong)

    def undo(self, id: int, actor: Actor, at_us: int) -> KeptImport:
        """Give every row of an import back what it said before. Raises Rejected for one that is not known, Conflict
        when it was undone already, or when somebody has touched a row since: then nothing is undone."""
        intake = self._intake(self._known(id).kind)
        with intake.keeping(), self._records.write() as connection:
            in_turn(connection, "table", intake.kind.name)
            query = sa.select(TABLE_IMPORT).where(TABLE_IMPORT.c.id == id).with_for_update()
            kept = connection.execute(query).one()
            if kept.undone_at_us is not None:
                raise Conflict(f"import {id} was undone already, by {kept.undone_by}")
            rows = [Written(tuple(key), before, after) for key, before, after in json.loads(kept.body)]
            back = [intake.taken_back(one) for one in reversed(rows)]
            now = intake.now({one.key for one in rows})
            touched = [one.key for one in rows if not alike(now.get(one.key), one.after)]
            if touched:
                some = ", ".join(" ".join(key) for key in touched[:5])
                told = f"{len(touched)} rows were changed since ({some})"
                raise Conflict(f"{told}: change back by hand what is not meant")
            intake.write(connection, back, actor, at_us)
            mine = TABLE_IMPORT.c.id == id
            connection.execute(TABLE_IMPORT.update().where(mine).values(undone_at_us=at_us, undone_by=actor.name))
            undone = {"kind": kept.kind, "rows": len(rows)}
            append(connection, AuditEntry(at_us, actor, f"import:{id}", "import undone", {}, dict(undone)))
            post(connection, "table.undone", {"id": id, **undone}, at_us)
        return self._known(id)

    def _known(self, id: int) -> KeptImport:
        columns = [TABLE_IMPORT.c[name] for name in KeptImport.__slots__]
        with self._records.read() as connection:
            row = connection.execute(sa.select(*columns).where(TABLE_IMPORT.c.id == id)).one_or_none()
        if row is None:
            raise Rejected("unknown_import", f"there is no import {id}: forewarn table imports lists them")
        return KeptImport(*row)

    def imports(self, limit: int = 200) -> list[KeptImport]:
        """Imports, newest first."""
        columns = [TABLE_IMPORT.c[name] for name in KeptImport.__slots__]
        query = sa.select(*columns).order_by(TABLE_IMPORT.c.id.desc()).limit(limit)
        with self._records.read() as connection:
            return [KeptImport(*row) for row in connection.execute(query)]

    def rows(self, kind: str) -> tuple[TableKind, list[Record]]:
        """A kind and all its records, to be exported."""
        source = self.source(kind)
        return source.kind, list(source.now(None).values())

    def _intake(self, kind: str) -> Intake:
        source = self.source(kind)
        if source.kind.exported:
            raise Rejected("table_kind", f"{kind} only go out: they are made by the work itself, not by tables")
        return cast(Intake, source)


def _settled(intake: Intake, one: Draft | ParsedRow) -> Draft | ParsedRow:
    if isinstance(one, ParsedRow):
        return one
    try:
        return replace(one, record=intake.settled(one.record, one.before))
    except Rejected:
        return one


def _lost_zeros(intake: Intake, rows: Sequence[Draft | ParsedRow]) -> list[Finding]:
    """New rows whose number is known with zeros before it: a spreadsheet has taken them away."""
    new = [row for row in rows if isinstance(row, Draft) and row.before is None and row.key[0].isdecimal()]
    if not new:
        return []
    known = {key[0].lstrip("0"): key[0] for key in intake.now(None) if key[0].isdecimal() and key[0].startswith("0")}
    return [
        Finding(row.row, intake.kind.keys[0], f"is new, and {known[row.key[0]]} is known", f"write {known[row.key[0]]}")
        for row in new
        if row.key[0] in known
    ]


def _refusal(preview: Preview) -> str:
    wrong = [issue for issue in preview.issues if not issue.is_warning]
    more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    told = "; ".join(issue.text for issue in wrong[:3])
    advice = "" if preview.is_refused else " (mend them, or ask for the good rows alone)"
    return f"nothing was applied: {told}{more}{advice}"


def _keep(
    connection: sa.Connection,
    preview: Preview,
    rows: Sequence[Written],
    data: bytes,
    filename: str,
    actor: Actor,
    at_us: int,
) -> int:
    counts = preview.counts
    told = {
        "kind": preview.kind,
        "filename": filename[:200],
        "sha256": hashlib.sha256(data).hexdigest(),
        "new": counts["new"],
        "changed": counts["changed"],
        "wrong": counts["wrong"],
    }
    body = canonical([[list(row.key), row.before, row.after] for row in rows])
    values = {**told, "at_us": at_us, "actor": actor.name, "body": body}
    id = int(connection.execute(TABLE_IMPORT.insert().values(values).returning(TABLE_IMPORT.c.id)).scalar_one())
    append(connection, AuditEntry(at_us, actor, f"import:{id}", "table imported", {}, dict(told)))
    post(connection, "table.imported", {"id": id, **told}, at_us)
    return id
