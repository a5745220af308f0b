"""The use cases of the book of people, over whatever keeps it: people, outages, and the standing schedule.

Each runs inside one transaction of its `PeopleStore`: what changes and its audit row are written together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.people import Technician
from forewarn.core.ports import Actor
from forewarn.core.work import Json
from forewarn.maintenance.audit import AuditEntry
from forewarn.maintenance.people.plain_people import person_json

WEEK = "week"


@dataclass(frozen=True, slots=True)
class Document:
    """Something kept in versions. `revision` counts its changes and is checked on write; 0: it is not there yet."""

    id: str
    revision: int
    changed_at_us: int
    body: Json


@dataclass(frozen=True, slots=True)
class KeptAssignment:
    """One person at one job, as kept. `seen`: the person was told. `revision`: the schedule's when this changed."""

    order_id: str
    person: str
    start_us: int
    stop_us: int
    revision: int = 0
    seen: bool = False
    reason: str = ""

    @property
    def place(self) -> tuple[int, int]:
        """What makes it another one for the person."""
        return self.start_us, self.stop_us


@dataclass(frozen=True, slots=True)
class StandingSchedule:
    """What is in force: its revision (0: none yet), what it was worth when it was made, and the assignments."""

    revision: int
    changed_at_us: int
    summary: Json
    assignments: tuple[KeptAssignment, ...]


class PeopleStore(Protocol):
    """The book as one transaction sees it. Implemented on SQL and in memory."""

    def document(self, kind: str, id: str) -> Document | None:
        """One document of a kind (person, outage, schedule), locked against other writers."""
        ...

    def keep(self, kind: str, document: Document) -> None:
        """Insert (revision 1) or replace."""
        ...

    def assignments(self) -> list[KeptAssignment]:
        """All of the standing schedule."""
        ...

    def replace_assignments(self, gone: Iterable[KeptAssignment], made: Iterable[KeptAssignment]) -> None:
        """Take some away and put others in."""
        ...

    def record(self, entry: AuditEntry) -> int:
        """Append to the audit; its number."""
        ...

    def post(self, kind: str, body: Json, at_us: int) -> None:
        """Put a message in the outbox."""
        ...


def take_document(
    store: PeopleStore, kind: str, id: str, body: Json, actor: Actor, revision: int, at_us: int, action: str = ""
) -> Document:
    """Keep a document: new at revision 0, else as read. The same again writes nothing. Raises Conflict when stale."""
    before = store.document(kind, id)
    now = before.revision if before is not None else 0
    if revision != now:
        raise Conflict(f"{kind} {id} is at revision {now}, not {revision}: read it again")
    if before is not None and before.body == body:
        return before
    after = Document(id, now + 1, at_us, body)
    store.keep(kind, after)
    was, became = _changes(before.body if before else {}, body)
    named = action or ("added" if before is None else "changed")
    seq = store.record(AuditEntry(at_us, actor, f"{kind}:{id}", named, was, became))
    store.post(f"{kind}.{named}", {"id": id, "revision": after.revision, "audit": seq}, at_us)
    return after


def take_person(store: PeopleStore, person: Technician, actor: Actor, revision: int, at_us: int) -> Document:
    """Keep a person."""
    return take_document(store, "person", person.id, person_json(person), actor, revision, at_us)


def take_people(store: PeopleStore, people: Sequence[Technician], actor: Actor, at_us: int) -> dict[str, int]:
    """Keep all people of a file, whatever was kept of them: all or none. Counts added, changed and unchanged."""
    told = {"added": 0, "changed": 0, "unchanged": 0}
    for person in people:
        before = store.document("person", person.id)
        after = take_person(store, person, actor, before.revision if before else 0, at_us)
        told["added" if before is None else "unchanged" if after == before else "changed"] += 1
    return told


def take_schedule(
    store: PeopleStore,
    assignments: Sequence[KeptAssignment],
    summary: Json,
    span: tuple[int, int],
    actor: Actor,
    revision: int,
    at_us: int,
) -> StandingSchedule:
    """Put a schedule into force: in place of everything that starts within `span`, and of other times of the same jobs.

    What stays as it was keeps its revision and that it was seen. Raises Conflict for a stale revision and for somebody
    who would be at two jobs at once; Rejected for a person that is not kept.
    """
    for person in sorted({a.person for a in assignments}):
        if store.document("person", person) is None:
            raise Rejected("unknown_person", f"there is nobody called {person}; add them first")
    before = store.document("schedule", WEEK)
    now = before.revision if before is not None else 0
    if revision != now:
        raise Conflict(f"the schedule is at revision {now}, not {revision}: read it again")
    old = {(a.order_id, a.person): a for a in store.assignments()}
    jobs = {a.order_id for a in assignments}
    gone = [a for a in old.values() if span[0] <= a.start_us < span[1] or a.order_id in jobs]
    made = [_kept(old.get((a.order_id, a.person)), a, now + 1) for a in assignments]
    _refuse_overlaps([*(a for a in old.values() if a not in gone), *made])
    store.replace_assignments(gone, made)
    store.keep("schedule", Document(WEEK, now + 1, at_us, summary))
    was, became = _difference(gone, made)
    seq = store.record(AuditEntry(at_us, actor, "schedule", "published", was, {**became, "summary": summary}))
    store.post("schedule.published", {"revision": now + 1, "audit": seq}, at_us)
    return StandingSchedule(now + 1, at_us, summary, tuple(sorted(store.assignments(), key=_in_order)))


def take_seen(store: PeopleStore, person: str, actor: Actor, at_us: int) -> int:
    """Somebody has looked at their week; how many assignments that were new to them."""
    fresh = [a for a in store.assignments() if a.person == person and not a.seen]
    if fresh:
        store.replace_assignments(fresh, [replace(a, seen=True) for a in fresh])
        orders = sorted(a.order_id for a in fresh)
        store.record(AuditEntry(at_us, actor, "schedule", "seen", {}, {"person": person, "orders": orders}))
    return len(fresh)


def _kept(old: KeptAssignment | None, new: KeptAssignment, revision: int) -> KeptAssignment:
    if old is not None and old.place == new.place:
        return replace(new, revision=old.revision, seen=old.seen)
    return replace(new, revision=revision, seen=False)


def _refuse_overlaps(assignments: Iterable[KeptAssignment]) -> None:
    last: dict[str, KeptAssignment] = {}
    for one in sorted(assignments, key=lambda a: (a.person, a.start_us)):
        before = last.get(one.person)
        if before is not None and one.start_us < before.stop_us:
            raise Conflict(f"{one.person} would be at {before.order_id} and {one.order_id} at once: plan again")
        last[one.person] = one


def _difference(gone: Iterable[KeptAssignment], made: Iterable[KeptAssignment]) -> tuple[Json, Json]:
    """What the audit says of a new schedule: assignments that went and that came, those that stay left out."""
    was = {(a.order_id, a.person): [a.start_us, a.stop_us] for a in gone}
    became = {(a.order_id, a.person): [a.start_us, a.stop_us] for a in made}
    left = {f"{o} {p}": span for (o, p), span in sorted(was.items()) if became.get((o, p)) != span}
    come = {f"{o} {p}": span for (o, p), span in sorted(became.items()) if was.get((o, p)) != span}
    return {"assignments": left}, {"assignments": come}


def _changes(was: Json, became: Json) -> tuple[Json, Json]:
    differing = [key for key in {**was, **became} if was.get(key) != became.get(key)]
    return {k: was[k] for k in differing if k in was}, {k: became[k] for k in differing if k in became}


def _in_order(one: KeptAssignment) -> tuple[int, str, str]:
    return one.start_us, one.order_id, one.person
