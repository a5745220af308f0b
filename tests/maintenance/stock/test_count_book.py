"""Counts on both databases: drawn blind, posted once, with the ledger, the audit and the message in one transaction."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Conflict, ForewarnError, Rejected
from forewarn.core.ports import Actor
from forewarn.core.stock import SUPPLIER, MoveReason, NewMove, PartCard, PartKind, Place
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import OUTBOX
from forewarn.maintenance.stock.book import StockBookSql
from forewarn.maintenance.stock.count_book import CountBook
from forewarn.maintenance.stock.counting import Count, Need, Sheet, SheetState
from forewarn.maintenance.stock.walks import CountRules

ANN = Actor("ann", "planner")
NOW = 1_800_000_000_000_000
CLASSES = {"seal": "A", "belt": "C"}


class Store:
    """Two shelves: ten seals and four belts on one, three seals on the other; a motor with its number."""

    def __init__(self, records: Records, rules: CountRules | None = None) -> None:
        self.records, self.stock = records, StockBookSql(records)
        self.counts = CountBook(records, self.stock, rules)
        for place in ("main/a-1", "main/a-2"):
            self.stock.save_place(Place(place), ANN, NOW)
        self.stock.save_card(PartCard("seal", "Seal", price=5.0), ANN, NOW)
        self.stock.save_card(PartCard("belt", "Belt", price=2.0), ANN, NOW)
        self.stock.save_card(PartCard("motor", "Motor", kind=PartKind.ROTABLE, price=800.0), ANN, NOW)
        for part, place, pieces in (("seal", "main/a-1", 10), ("belt", "main/a-1", 4), ("seal", "main/a-2", 3)):
            self.receive(part, place, pieces)
        for serial in ("M1", "M2"):
            self.receive("motor", "main/a-2", 1, serial)

    def receive(self, part: str, place: str, pieces: int, serial: str = "", at_us: int = NOW) -> None:
        self.stock.move(NewMove(part, SUPPLIER, place, pieces, MoveReason.RECEIPT, at_us, serial=serial), ANN)

    def draw(self, *places: str, at_us: int = NOW + 1) -> Sheet:
        return self.counts.draw("main", places or ("main/a-1", "main/a-2"), CLASSES, ANN, at_us)

    def tell(
        self, sheet: Sheet, line: int, pieces: int, by: str = "bob", at_us: int = NOW + 10, **told: object
    ) -> Sheet:
        return self.counts.count(sheet.id, line, Count(pieces, by, at_us, **told), ANN, at_us)  # type: ignore[arg-type]

    def lies(self, part: str) -> dict[str, int]:
        return {one.place: one.quantity for one in self.stock.balances(part)}


@pytest.fixture
def store(any_records: Records) -> Store:
    return Store(any_records)


def counted_sheet(store: Store) -> Sheet:
    """The first shelf, counted: one belt is missing, which two people found."""
    sheet = store.draw("main/a-1")
    for line in sheet.lines:
        sheet = store.tell(sheet, line.seq, 10 if line.spot.part == "seal" else 3)
    belt = next(line.seq for line in sheet.lines if line.spot.part == "belt")
    return store.tell(sheet, belt, 3, "eve")


def test_a_sheet_is_drawn_counted_and_posted_and_the_ledger_says_what_lies_there(store: Store) -> None:
    sheet = counted_sheet(store)
    assert sheet.state is SheetState.READY
    posted = store.counts.post(sheet.id, ANN, sheet.revision, NOW + 20)
    assert (posted.state, store.lies("belt"), store.lies("seal")) == (
        SheetState.POSTED,
        {"main/a-1": 3},
        {"main/a-1": 10, "main/a-2": 3},
    )
    [move] = store.stock.moves(reasons=[MoveReason.COUNT])
    assert (move.part, move.quantity, move.to_place, move.by) == ("belt", 1, "@difference", "ann")
    assert move.note == f"{posted.number} line {next(x.seq for x in posted.lines if x.spot.part == 'belt')}"
    kept = store.counts.sheet(sheet.id)
    assert kept is not None
    assert [line.moves for line in kept.lines if line.spot.part == "belt"] == [(move.seq,)]
    actions = [row["action"] for row in store.counts.history(sheet.id)]
    assert actions == ["drawn", "counted", "counted", "counted", "posted"]
    with store.records.read() as connection:
        posts = connection.execute(sa.select(OUTBOX.c.body).where(OUTBOX.c.kind == "count.posted")).scalars().all()
    assert [json.loads(body)["value"] for body in posts] == [-2.0]
    assert verify_audit(store.records) is None


def test_what_is_told_of_a_posted_sheet_stays_what_was_booked(store: Store) -> None:
    sheet = counted_sheet(store)
    store.counts.post(sheet.id, ANN, sheet.revision, NOW + 20)
    store.receive("belt", "main/a-1", 50, at_us=NOW + 5)  # booked late
    kept = store.counts.sheet(sheet.id)
    assert kept is not None
    assert {one.line.spot.part: one.difference for one in store.counts.judged(kept)} == {"belt": -1, "seal": 0}


def test_a_move_between_sheet_and_count_is_reckoned_with(store: Store) -> None:
    sheet = store.draw("main/a-1")
    store.stock.move(NewMove("seal", "main/a-1", "main/a-2", 4, MoveReason.TRANSFER, NOW + 5), ANN)
    for line in sheet.lines:
        sheet = store.tell(sheet, line.seq, 6 if line.spot.part == "seal" else 4)
    store.counts.post(sheet.id, ANN, sheet.revision, NOW + 20)
    assert store.stock.moves(reasons=[MoveReason.COUNT]) == []
    assert store.lies("seal") == {"main/a-1": 6, "main/a-2": 7}


def test_a_move_that_was_booked_late_sends_a_line_back_to_be_counted(store: Store) -> None:
    sheet = store.draw("main/a-1")
    for line in sheet.lines:
        sheet = store.tell(sheet, line.seq, line.spot.pieces)
    assert sheet.state is SheetState.READY
    late = NewMove("seal", "main/a-1", "main/a-2", 4, MoveReason.TRANSFER, NOW + 5)
    store.stock.move(late, ANN)
    seal = next(line.seq for line in sheet.lines if line.spot.part == "seal")
    with pytest.raises(Conflict, match=f"lines {seal} still have to be counted"):
        store.counts.post(sheet.id, ANN, sheet.revision, NOW + 20)
    again = store.tell(sheet, seal, 6, "eve", NOW + 30)
    assert again.state is SheetState.READY
    store.counts.post(again.id, ANN, again.revision, NOW + 40)
    assert store.lies("seal") == {"main/a-1": 6, "main/a-2": 7}


def test_two_people_post_a_sheet_and_its_differences_are_booked_once(store: Store) -> None:
    sheet = counted_sheet(store)
    told = at_once(lambda: store.counts.post(sheet.id, ANN, sheet.revision, NOW + 20), 2)
    assert sorted(type(one).__name__ for one in told) == ["Conflict", "Sheet"]
    assert [move.quantity for move in store.stock.moves(reasons=[MoveReason.COUNT])] == [1]
    assert store.lies("belt") == {"main/a-1": 3}


def test_a_shelf_is_on_one_sheet_at_a_time(store: Store) -> None:
    told = at_once(lambda: store.draw("main/a-1"), 2)
    assert sorted(type(one).__name__ for one in told) == ["Conflict", "Sheet"]
    [drawn] = [one for one in told if isinstance(one, Sheet)]
    with pytest.raises(Conflict, match=f"is being counted on {drawn.number}"):
        store.draw()
    store.counts.cancel(drawn.id, ANN, drawn.revision, "rained in", NOW + 5)
    assert store.draw().state is SheetState.OPEN


def test_a_piece_with_a_number_is_missed_and_found_by_its_number(store: Store) -> None:
    sheet = store.draw("main/a-2")
    motor = next(line.seq for line in sheet.lines if line.spot.part == "motor")
    seal = next(line.seq for line in sheet.lines if line.spot.part == "seal")
    sheet = store.tell(sheet, seal, 3)
    sheet = store.tell(sheet, motor, 2, serials=("M1", "M9"))
    sheet = store.tell(sheet, motor, 2, "eve", serials=("M9", "M1"))
    store.counts.post(sheet.id, ANN, sheet.revision, NOW + 20)
    where = {one.serial: one.place for one in store.stock.serials("motor")}
    assert (where["M1"], where["M2"], where["M9"]) == ("main/a-2", "@difference", "main/a-2")
    assert store.stock.level("motor", NOW + 30).on_hand == 2


def test_nothing_is_posted_when_one_move_cannot_be(store: Store) -> None:
    """A count that takes more than lies there now: the pieces were issued since, so somebody has to look again."""
    sheet = store.draw("main/a-1")
    for line in sheet.lines:
        sheet = store.tell(sheet, line.seq, 0)
        sheet = store.tell(sheet, line.seq, 0, "eve")
    store.stock.move(NewMove("seal", "main/a-1", "main/a-2", 4, MoveReason.TRANSFER, NOW + 15), ANN)
    with pytest.raises(Conflict, match="seal"):
        store.counts.post(sheet.id, ANN, sheet.revision, NOW + 20)
    kept = store.counts.sheet(sheet.id)
    assert kept is not None
    assert kept.state is SheetState.READY
    assert store.lies("belt") == {"main/a-1": 4}
    assert store.stock.moves(reasons=[MoveReason.COUNT]) == []


def test_stale_unknown_and_ended_sheets_are_refused_with_what_to_do(store: Store) -> None:
    sheet = counted_sheet(store)
    with pytest.raises(Conflict, match="read it again"):
        store.counts.post(sheet.id, ANN, sheet.revision - 1, NOW + 20)
    with pytest.raises(Rejected, match="there is no count sheet 99"):
        store.counts.post(99, ANN, 1, NOW + 20)
    with pytest.raises(Rejected, match="not in the future"):
        store.counts.count(sheet.id, 1, Count(1, "bob", NOW + 99), ANN, NOW + 20)
    with pytest.raises(Rejected, match="no line 9"):
        store.tell(sheet, 9, 1)
    with pytest.raises(Rejected, match="nothing is to be counted"):
        store.draw("quarantine")
    posted = store.counts.post(sheet.id, ANN, sheet.revision, NOW + 20)
    with pytest.raises(Conflict, match="final"):
        store.counts.post(sheet.id, ANN, posted.revision, NOW + 30)
    with pytest.raises(Conflict, match="final"):
        store.counts.cancel(sheet.id, ANN, posted.revision, "late", NOW + 30)
    assert len(store.stock.moves(reasons=[MoveReason.COUNT])) == 1


def test_the_rolling_count_draws_what_is_due_and_rests_until_it_is_due_again(store: Store) -> None:
    later = NOW + 31 * US_PER_DAY
    due_now = [one.spot.part for one in store.counts.due(CLASSES, later) if one.urgency >= 1]
    assert due_now == ["seal", "seal"]
    sheet = store.counts.draw_next(CLASSES, ANN, later)
    assert sheet is not None
    assert [(line.spot.part, line.spot.place) for line in sheet.lines] == [("seal", "main/a-1"), ("seal", "main/a-2")]
    assert store.counts.draw_next(CLASSES, ANN, later) is None
    for line in sheet.lines:
        sheet = store.tell(sheet, line.seq, line.spot.pieces, at_us=later + 1)
    store.counts.post(sheet.id, ANN, sheet.revision, later + 2)
    assert store.counts.draw_next(CLASSES, ANN, later + US_PER_DAY) is None
    assert store.counts.draw_next(CLASSES, ANN, later + 31 * US_PER_DAY) is not None


def test_every_counted_line_is_told_with_its_difference(store: Store) -> None:
    sheet = counted_sheet(store)
    assert store.counts.differences(0, NOW * 2) == []
    store.counts.post(sheet.id, ANN, sheet.revision, NOW + 20)
    told = store.counts.differences(NOW, NOW + 11)
    assert [(d.part, d.pieces, d.price, d.abc, d.by) for d in told] == [
        ("belt", -1, 2.0, "C", "eve"),
        ("seal", 0, 5.0, "A", "bob"),
    ]
    later = replace(told[0], at_us=NOW + 99)
    assert (store.counts.counted_before(later), store.counts.counted_before(told[0])) == (NOW + 10, None)
    assert store.counts.judged(sheet)[0].need is Need.NOTHING


def at_once(act: Callable[[], Sheet], people: int) -> list[Sheet | ForewarnError]:
    """What each of several people who do the same at the same moment is told."""
    start, told = threading.Barrier(people), list[Sheet | ForewarnError]()

    def one() -> None:
        start.wait()
        try:
            told.append(act())
        except ForewarnError as error:
            told.append(error)

    threads = [threading.Thread(target=one) for _ in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told
