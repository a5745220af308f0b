"""What every book of people keeps, whatever it keeps it in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.people import Absence, Contractor, Technician
from forewarn.core.ports import Actor
from forewarn.core.shifts import Shift, ShiftPlan
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.outbox import pending
from forewarn.maintenance.people.book import PeopleBookSql
from forewarn.maintenance.people.book_memory import MemoryPeopleBook
from forewarn.maintenance.people.desk import KeptAssignment
from forewarn.maintenance.people.plain_people import person_from
from forewarn.maintenance.records import Records

Book = PeopleBookSql | MemoryPeopleBook
PAT = Actor("pat", "planner")
NOW_US = 1_800_000_000_000_000
HOUR_US = 3_600_000_000
WEEK = (NOW_US, NOW_US + 168 * HOUR_US)
ANN = Technician(
    "ann",
    "Ann Weber",
    {"mechanical": 3, "wélding": 1},
    ShiftPlan((Shift(0, 360, 840), Shift(6, 1320, 1440))),
    "hall-1",
    52.5,
    (Absence(NOW_US, NOW_US + HOUR_US, "ill"),),
    Contractor("Rotating Ltd", NOW_US + 10 * HOUR_US, frozenset({"preventive"})),
)


@pytest.fixture
def book(any_records_or_none: Records | None) -> Book:
    return MemoryPeopleBook() if any_records_or_none is None else PeopleBookSql(any_records_or_none)


def at(order: str, person: str, start_h: int, stop_h: int) -> KeptAssignment:
    return KeptAssignment(order, person, NOW_US + start_h * HOUR_US, NOW_US + stop_h * HOUR_US, reason="free then")


def staffed(book: Book) -> Book:
    book.save_people([ANN, replace(ANN, id="bob", name="Bob")], PAT, NOW_US)
    return book


def test_a_person_is_kept_whole_and_each_change_is_audited(book: Book) -> None:
    assert book.save_person(ANN, PAT, 0, NOW_US).revision == 1
    kept = book.document("person", "ann")
    assert kept is not None
    assert person_from(kept.body) == ANN
    assert book.save_person(ANN, PAT, 1, NOW_US).revision == 1  # nothing new: nothing written
    book.save_person(replace(ANN, rate_per_h=60.0), PAT, 1, NOW_US + 1)
    told = [(row["action"], row["actor"], row["after"]) for row in book.history("person:ann")]
    assert told[1:] == [("changed", "pat", {"rate_per_h": 60.0})]
    assert told[0][0] == "added"


def test_a_stale_revision_changes_nothing(book: Book) -> None:
    book.save_person(ANN, PAT, 0, NOW_US)
    for stale in (0, 2):
        with pytest.raises(Conflict, match="revision 1"):
            book.save_person(replace(ANN, name="Other"), PAT, stale, NOW_US)
    assert [d.revision for d in book.documents("person")] == [1]
    assert len(book.history("person:ann")) == 1


def test_a_file_of_people_is_kept_whole_or_not_at_all(book: Book) -> None:
    assert staffed(book).save_people([ANN, replace(ANN, id="eva")], PAT, NOW_US) == {
        "added": 1, "changed": 0, "unchanged": 1,
    }  # fmt: skip
    assert [d.id for d in book.documents("person")] == ["ann", "bob", "eva"]


def test_a_schedule_replaces_what_begins_in_its_span(book: Book) -> None:
    staffed(book)
    first = book.publish([at("1", "ann", 1, 2), at("2", "bob", 1, 3)], {"cost": 7.5}, WEEK, PAT, 0, NOW_US)
    assert (first.revision, first.summary, len(first.assignments)) == (1, {"cost": 7.5}, 2)
    second = book.publish([at("1", "ann", 1, 2), at("3", "bob", 2, 3)], {}, WEEK, PAT, 1, NOW_US)
    assert [(a.order_id, a.person, a.revision) for a in second.assignments] == [("1", "ann", 1), ("3", "bob", 2)]
    assert book.schedule() == second
    later = (WEEK[1], WEEK[1] + 168 * HOUR_US)
    third = book.publish([at("1", "ann", 170, 171)], {}, later, PAT, 2, NOW_US)  # moved to the week after
    assert [(a.order_id, a.start_us) for a in third.assignments] == [
        ("3", NOW_US + 2 * HOUR_US),
        ("1", NOW_US + 170 * HOUR_US),
    ]


def test_what_was_seen_stays_seen_until_it_moves(book: Book) -> None:
    staffed(book).publish([at("1", "ann", 1, 2), at("2", "ann", 2, 3)], {}, WEEK, PAT, 0, NOW_US)
    assert (book.see("ann", PAT, NOW_US), book.see("ann", PAT, NOW_US), book.see("bob", PAT, NOW_US)) == (2, 0, 0)
    moved = book.publish([at("1", "ann", 1, 2), at("2", "ann", 4, 5)], {}, WEEK, PAT, 1, NOW_US)
    assert [(a.order_id, a.seen) for a in moved.assignments] == [("1", True), ("2", False)]


def test_a_schedule_is_refused_stale_with_strangers_and_with_somebody_at_two_places(book: Book) -> None:
    staffed(book).publish([at("1", "ann", 1, 3)], {}, WEEK, PAT, 0, NOW_US)
    with pytest.raises(Conflict, match="revision 1"):
        book.publish([], {}, WEEK, PAT, 0, NOW_US)
    with pytest.raises(Rejected, match="eva"):
        book.publish([at("1", "eva", 1, 3)], {}, WEEK, PAT, 1, NOW_US)
    with pytest.raises(Conflict, match="at once"):
        book.publish([at("1", "ann", 1, 3), at("2", "ann", 2, 4)], {}, WEEK, PAT, 1, NOW_US)
    with pytest.raises(Conflict, match="at once"):  # with what begins outside of the span, too
        book.publish([at("2", "ann", 2, 4)], {}, (NOW_US + 2 * HOUR_US, WEEK[1]), PAT, 1, NOW_US)
    assert [a.order_id for a in book.schedule().assignments] == ["1"]
    assert [row["action"] for row in book.history("schedule")] == ["published"]


def test_an_outage_is_kept_in_versions(book: Book) -> None:
    told = {"name": "Spring", "from_us": 0, "to_us": 5, "assets": [], "orders": ["1"]}
    assert book.save_outage("spring", told, PAT, 0, NOW_US).revision == 1
    assert book.save_outage("spring", {**told, "orders": []}, PAT, 1, NOW_US).body["orders"] == []
    assert [row["action"] for row in book.history("outage:spring")] == ["added", "changed"]


def test_every_change_has_its_row_in_the_chain_and_its_message(any_records: Records) -> None:
    book = staffed(PeopleBookSql(any_records))
    assert isinstance(book, PeopleBookSql)
    book.publish([at("1", "ann", 1, 2)], {}, WEEK, PAT, 0, NOW_US)
    book.see("ann", PAT, NOW_US)
    assert verify_audit(any_records) is None
    assert [m.kind for m in pending(any_records)] == ["person.added", "person.added", "schedule.published"]
