"""The table of people and the book that keeps them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext

import sqlalchemy as sa

from forewarn.core.errors import Rejected
from forewarn.core.ports import Actor
from forewarn.maintenance.exchange.cells import Key, Record
from forewarn.maintenance.exchange.desk import Written
from forewarn.maintenance.exchange.kind_people import PEOPLE, person_body, person_record
from forewarn.maintenance.exchange.parsing import ParsedRow
from forewarn.maintenance.exchange.preview import Draft, Finding
from forewarn.maintenance.people.book import PeopleBookSql, PeopleRows
from forewarn.maintenance.people.desk import take_document

COLUMN_OF = {
    "week": "week", "timezone": "timezone", "rate": "rate_per_h", "company": "company", "contractor": "company",
    "holiday": "holidays", "time": "until", "skill": "skills", "skill_level": "skills", "shift": "week",
    "shifts": "week", "technician": "id",
}  # fmt: skip
"""What the book says is wrong -> the column to change."""


class PeopleSource:
    """`desk.Intake` of people. Nobody is deleted: undoing somebody new makes them not active."""

    kind = PEOPLE

    def __init__(self, book: PeopleBookSql) -> None:
        self._book = book

    def now(self, keys: Collection[Key] | None) -> dict[Key, Record]:
        """See `desk.Source`."""
        found = {(document.id,): document for document in self._book.documents("person")}
        return {key: person_record(one.body) for key, one in found.items() if keys is None or key in keys}

    def keyed(self, rows: Sequence[ParsedRow]) -> Sequence[ParsedRow]:
        """See `desk.Intake`."""
        return rows

    def settled(self, record: Record, before: Record | None) -> Record:
        """See `desk.Intake`."""
        return person_record(person_body(record, None))

    def check(self, rows: Sequence[Draft]) -> list[Finding]:
        """See `desk.Intake`."""
        found = []
        for row in rows:
            try:
                person_body(row.record, None)
            except Rejected as error:
                found.append(finding(row, COLUMN_OF.get(error.reason, ""), error))
        return found

    def write(self, connection: sa.Connection, rows: Sequence[Written], actor: Actor, at_us: int) -> None:
        """See `desk.Intake`."""
        store = PeopleRows(connection)
        for row in rows:
            before = store.document("person", row.key[0])
            if row.after is not None:
                body = person_body(row.after, before.body if before else None)
                take_document(store, "person", row.key[0], body, actor, before.revision if before else 0, at_us)

    def keeping(self) -> AbstractContextManager[None]:
        """See `desk.Intake`."""
        return nullcontext()

    def taken_back(self, row: Written) -> Written:
        """See `desk.Intake`."""
        if row.before is None and row.after is not None:
            return Written(row.key, row.after, {**row.after, "active": False})
        return Written(row.key, row.after, row.before)


def finding(row: Draft, column: str, error: Rejected) -> Finding:
    """What a book refuses, in the two parts of an issue: its sentence says what to do behind a colon or semicolon."""
    return Finding(row.row, column, *two_parts(error.detail))


def two_parts(sentence: str) -> tuple[str, str]:
    """What is wrong, and what to do.

    >>> two_parts("there is no day 2026-02-30; write 2026-12-24")
    ('there is no day 2026-02-30', 'write 2026-12-24')
    """
    for mark in ("; ", ": "):
        problem, found, fix = sentence.rpartition(mark)
        if found and fix.strip():
            return problem, fix
    return sentence, "change it, or take the row out"
