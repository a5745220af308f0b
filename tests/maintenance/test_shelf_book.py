"""What is silenced: with a reason, for a while, one row per machine and limit however many programs ask."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.plant_limits import Shelved
from forewarn.maintenance.audit import history_of, verify_audit
from forewarn.maintenance.records import Records, open_records
from forewarn.maintenance.shelf_book import LONGEST_DAYS, ShelfBook
from tests.maintenance.samples import ANN, NOW_US, hours

WHY = "the cooling water is being changed"


def test_machines_and_limits_are_silent_side_by_side_until_their_time(records: Records) -> None:
    book = ShelfBook(records)
    limit = book.shelve("p-2", "hot", NOW_US + hours(2), f" {WHY} ", ANN, NOW_US)
    machine = book.shelve("p-2", None, NOW_US + hours(1), WHY, ANN, NOW_US)
    other = book.shelve("p-1", None, NOW_US + hours(3), WHY, ANN, NOW_US)
    assert limit == Shelved("p-2", "hot", NOW_US + hours(2), "ann", WHY)
    assert book.standing(NOW_US) == [other, machine, limit]
    assert book.standing(NOW_US + hours(1)) == [other, limit]
    assert book.standing(NOW_US + hours(3)) == []


def test_shelving_again_moves_the_end_and_ending_it_is_told_with_what_was(records: Records) -> None:
    book = ShelfBook(records)
    first = book.shelve("p-1", None, NOW_US + hours(1), WHY, ANN, NOW_US)
    later = book.shelve("p-1", None, NOW_US + hours(9), "it takes longer", ANN, NOW_US + hours(2))
    assert book.standing(NOW_US + hours(2)) == [later]
    book.end("p-1", None, ANN, NOW_US + hours(3))
    assert book.standing(NOW_US + hours(3)) == []
    with pytest.raises(Rejected, match="not_shelved"):
        book.end("p-1", None, ANN, NOW_US + hours(3))
    with records.read() as connection:
        rows = history_of(connection, "shelf:p-1")
    assert [row["action"] for row in rows] == ["shelved", "shelved", "unshelved"]
    assert rows[1]["before"] == {"limit": None, "until_us": first.until_us, "by": "ann", "reason": WHY}
    assert rows[2]["before"] == rows[1]["after"]
    assert verify_audit(records) is None


def test_what_has_ended_by_itself_cannot_be_ended(records: Records) -> None:
    book = ShelfBook(records)
    book.shelve("p-1", "hot", NOW_US + hours(1), WHY, ANN, NOW_US)
    with pytest.raises(Rejected, match="not_shelved"):
        book.end("p-1", "hot", ANN, NOW_US + hours(1))


@pytest.mark.parametrize(
    ("until_us", "reason", "slug"),
    [
        (NOW_US + hours(1), " ", "reason_needed"),
        (NOW_US, WHY, "shelved_until"),
        (NOW_US + LONGEST_DAYS * US_PER_DAY + 1, WHY, "shelved_until"),
    ],
)
def test_what_is_refused_leaves_nothing(records: Records, until_us: int, reason: str, slug: str) -> None:
    with pytest.raises(Rejected, match=slug):
        ShelfBook(records).shelve("p-1", None, until_us, reason, ANN, NOW_US)
    with records.read() as connection:
        assert history_of(connection, "shelf:p-1") == []
    assert ShelfBook(records).standing(0) == []


def test_programs_that_silence_the_same_machine_at_once_leave_one_row_and_all_are_told(url: str) -> None:
    at_once = 6
    start = Barrier(at_once)

    def shelve(number: int) -> None:
        with closing(open_records(url)) as records:
            start.wait()
            ShelfBook(records).shelve("p-1", None, NOW_US + hours(number), WHY, ANN, NOW_US)

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(shelve, range(1, at_once + 1)))
    with closing(open_records(url)) as records:
        (standing,) = ShelfBook(records).standing(NOW_US)
        with records.read() as connection:
            rows = history_of(connection, "shelf:p-1")
        assert verify_audit(records) is None
    assert len(rows) == at_once
    assert rows[-1]["after"]["until_us"] == standing.until_us  # type: ignore[index]
    for earlier, row in itertools.pairwise(rows):
        assert row["before"] == earlier["after"]
