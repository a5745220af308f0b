"""The book of people in the records: people, outages and the standing schedule, on SQLite or PostgreSQL.

Several programs may use it at once. Every change is one transaction with its audit row and its message.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import cast

import sqlalchemy as sa

from forewarn.core.people import Technician
from forewarn.core.ports import Actor
from forewarn.core.work import Json
from forewarn.maintenance.audit import AuditEntry, append, history_of
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.outbox import post
from forewarn.maintenance.people.desk import (
    WEEK,
    Document,
    KeptAssignment,
    StandingSchedule,
    take_document,
    take_people,
    take_person,
    take_schedule,
    take_seen,
)
from forewarn.maintenance.people.tables import ASSIGNMENT, DOCUMENTS
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_postgresql import in_turn


class PeopleBookSql:
    """`core.people` and what is planned for them, kept. See `people.desk` for the rules."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def save_person(self, person: Technician, actor: Actor, revision: int, at_us: int) -> Document:
        """Keep a person, new at revision 0. Raises Conflict for a stale revision."""
        with self._records.write() as connection:
            return take_person(PeopleRows(connection), person, actor, revision, at_us)

    def save_people(self, people: Sequence[Technician], actor: Actor, at_us: int) -> dict[str, int]:
        """Keep all people of a file, all or none; counts `added`, `changed`, `unchanged`."""
        with self._records.write() as connection:
            return take_people(PeopleRows(connection), people, actor, at_us)

    def save_outage(self, id: str, body: Json, actor: Actor, revision: int, at_us: int) -> Document:
        """Keep an outage (`people.outages`), new at revision 0. Raises Conflict for a stale revision."""
        with self._records.write() as connection:
            return take_document(PeopleRows(connection), "outage", id, body, actor, revision, at_us)

    def publish(
        self,
        assignments: Sequence[KeptAssignment],
        summary: Json,
        span: tuple[int, int],
        actor: Actor,
        revision: int,
        at_us: int,
    ) -> StandingSchedule:
        """Put a schedule into force; see `desk.take_schedule`."""
        with self._records.write() as connection:
            return take_schedule(PeopleRows(connection), assignments, summary, span, actor, revision, at_us)

    def see(self, person: str, actor: Actor, at_us: int) -> int:
        """Somebody has looked at their week; how many assignments were new to them."""
        with self._records.write() as connection:
            return take_seen(PeopleRows(connection), person, actor, at_us)

    def document(self, kind: str, id: str) -> Document | None:
        """One person or outage as kept."""
        table = DOCUMENTS[kind]
        found = self._documents(sa.select(table).where(table.c.id == id))
        return found[0] if found else None

    def documents(self, kind: str) -> list[Document]:
        """All people or outages, by id."""
        table = DOCUMENTS[kind]
        return self._documents(sa.select(table).order_by(table.c.id))

    def schedule(self) -> StandingSchedule:
        """What is in force now, in order of start."""
        in_order = (ASSIGNMENT.c.start_us, ASSIGNMENT.c.order_id, ASSIGNMENT.c.person)
        schedule = DOCUMENTS["schedule"]
        with self._records.read() as connection:
            head = connection.execute(sa.select(schedule).where(schedule.c.id == WEEK)).one_or_none()
            rows = connection.execute(sa.select(ASSIGNMENT).order_by(*in_order))
            told = tuple(_assignment(row) for row in rows)
        if head is None:
            return StandingSchedule(0, 0, {}, told)
        return StandingSchedule(head.revision, head.changed_at_us, json.loads(head.body), told)

    def history(self, subject: str) -> list[Json]:
        """Audit rows of `person:ID`, `outage:ID` or `schedule`, oldest first."""
        with self._records.read() as connection:
            return history_of(connection, subject)

    def _documents(self, query: sa.Select[tuple[object, ...]]) -> list[Document]:
        with self._records.read() as connection:
            return [_document(row) for row in connection.execute(query)]


class PeopleRows:
    """`desk.PeopleStore` over one transaction; writers of this book take turns."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        in_turn(connection, "people")

    def document(self, kind: str, id: str) -> Document | None:
        """See `PeopleStore`."""
        table = DOCUMENTS[kind]
        row = self._connection.execute(sa.select(table).where(table.c.id == id)).one_or_none()
        return None if row is None else _document(cast("sa.Row[tuple[object, ...]]", row))

    def keep(self, kind: str, document: Document) -> None:
        """See `PeopleStore`."""
        table = DOCUMENTS[kind]
        values = {
            "revision": document.revision,
            "changed_at_us": document.changed_at_us,
            "body": canonical(document.body),
        }
        if document.revision == 1:
            self._connection.execute(table.insert(), {"id": document.id, **values})
        else:
            self._connection.execute(table.update().where(table.c.id == document.id).values(values))

    def assignments(self) -> list[KeptAssignment]:
        """See `PeopleStore`."""
        return [_assignment(row) for row in self._connection.execute(sa.select(ASSIGNMENT))]

    def replace_assignments(self, gone: Iterable[KeptAssignment], made: Iterable[KeptAssignment]) -> None:
        """See `PeopleStore`."""
        of = ASSIGNMENT.c
        for one in gone:
            self._connection.execute(ASSIGNMENT.delete().where(of.order_id == one.order_id, of.person == one.person))
        rows = [{name: getattr(one, name) for name in KeptAssignment.__slots__} for one in made]
        if rows:
            self._connection.execute(ASSIGNMENT.insert(), rows)

    def record(self, entry: AuditEntry) -> int:
        """See `PeopleStore`."""
        return append(self._connection, entry)

    def post(self, kind: str, body: Json, at_us: int) -> None:
        """See `PeopleStore`."""
        post(self._connection, kind, body, at_us)


def _document(row: sa.Row[tuple[object, ...]]) -> Document:
    return Document(row.id, row.revision, row.changed_at_us, json.loads(row.body))


def _assignment(row: sa.Row[tuple[object, ...]]) -> KeptAssignment:
    return KeptAssignment(*(getattr(row, name) for name in KeptAssignment.__slots__))
