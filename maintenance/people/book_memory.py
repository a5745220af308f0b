"""The book of people without a database: for tests and notebooks. Keeps the contract of the SQL one."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from forewarn.core.people import Technician
from forewarn.core.ports import Actor
from forewarn.core.work import Json
from forewarn.maintenance.audit import START, AuditEntry, AuditHead, as_history, chained
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


class MemoryPeopleBook:
    """`people.book.PeopleBookSql` in dictionaries; one step at a time. `messages` is its outbox: (kind, body)."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._kept: dict[tuple[str, str], Document] = {}
        self._assignments: dict[tuple[str, str], KeptAssignment] = {}
        self._audit: list[dict[str, Any]] = []
        self.messages: list[tuple[str, Json]] = []

    def save_person(self, person: Technician, actor: Actor, revision: int, at_us: int) -> Document:
        """See `PeopleBookSql.save_person`."""
        with self._transaction():
            return take_person(self, person, actor, revision, at_us)

    def save_people(self, people: Sequence[Technician], actor: Actor, at_us: int) -> dict[str, int]:
        """See `PeopleBookSql.save_people`."""
        with self._transaction():
            return take_people(self, people, actor, at_us)

    def save_outage(self, id: str, body: Json, actor: Actor, revision: int, at_us: int) -> Document:
        """See `PeopleBookSql.save_outage`."""
        with self._transaction():
            return take_document(self, "outage", id, body, actor, revision, at_us)

    def publish(
        self,
        assignments: Sequence[KeptAssignment],
        summary: Json,
        span: tuple[int, int],
        actor: Actor,
        revision: int,
        at_us: int,
    ) -> StandingSchedule:
        """See `PeopleBookSql.publish`."""
        with self._transaction():
            return take_schedule(self, assignments, summary, span, actor, revision, at_us)

    def see(self, person: str, actor: Actor, at_us: int) -> int:
        """See `PeopleBookSql.see`."""
        with self._transaction():
            return take_seen(self, person, actor, at_us)

    def documents(self, kind: str) -> list[Document]:
        """See `PeopleBookSql.documents`."""
        return sorted((d for (of, _), d in self._kept.items() if of == kind), key=lambda document: document.id)

    def schedule(self) -> StandingSchedule:
        """See `PeopleBookSql.schedule`."""
        head = self._kept.get(("schedule", WEEK), Document(WEEK, 0, 0, {}))
        in_order = sorted(self._assignments.values(), key=lambda a: (a.start_us, a.order_id, a.person))
        return StandingSchedule(head.revision, head.changed_at_us, head.body, tuple(in_order))

    def history(self, subject: str) -> list[Json]:
        """See `PeopleBookSql.history`."""
        return [as_history(row) for row in list(self._audit) if row["subject"] == subject]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._turn:
            before = dict(self._kept), dict(self._assignments), list(self._audit), list(self.messages)
            try:
                yield
            except BaseException:
                self._kept, self._assignments, self._audit, self.messages = before
                raise

    # What `people.desk.PeopleStore` asks for, within a transaction.

    def document(self, kind: str, id: str) -> Document | None:
        """See `PeopleStore`."""
        return self._kept.get((kind, id))

    def keep(self, kind: str, document: Document) -> None:
        """See `PeopleStore`."""
        self._kept[kind, document.id] = document

    def assignments(self) -> list[KeptAssignment]:
        """See `PeopleStore`."""
        return list(self._assignments.values())

    def replace_assignments(self, gone: Iterable[KeptAssignment], made: Iterable[KeptAssignment]) -> None:
        """See `PeopleStore`."""
        for one in gone:
            del self._assignments[one.order_id, one.person]
        self._assignments |= {(one.order_id, one.person): one for one in made}

    def record(self, entry: AuditEntry) -> int:
        """See `PeopleStore`."""
        head = AuditHead(len(self._audit), self._audit[-1]["hash"] if self._audit else START)
        self._audit.append(chained(entry, head))
        return len(self._audit)

    def post(self, kind: str, body: Json, at_us: int) -> None:
        """See `PeopleStore`."""
        self.messages.append((kind, {**body, "at_us": at_us}))
