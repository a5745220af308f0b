"""Leases and entries, which are rows of books that others keep, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from forewarn.core.errors import Retriable
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.entry_book import EntryBook
from forewarn.maintenance.lease import take_lease
from forewarn.maintenance.records import Records, open_records
from tests.maintenance.samples import ANN, NOW_US, hours

MINUTE_S = 60.0


def test_a_lease_is_kept_by_its_owner_and_free_when_it_has_ended(records: Records) -> None:
    half_us = round(MINUTE_S / 2 * 1e6)
    asked = [("a", 0), ("b", 1), ("a", half_us), ("b", 2 * half_us), ("b", 3 * half_us), ("a", 3 * half_us)]
    took = [take_lease(records, "outbox", who, NOW_US + at_us, MINUTE_S) for who, at_us in asked]
    assert took == [True, False, True, False, True, False]
    assert take_lease(records, "another", "a", NOW_US, MINUTE_S)


def test_of_programs_that_ask_for_a_lease_at_once_one_gets_it(url: str) -> None:
    at_once = 6
    start = Barrier(at_once)

    def ask(number: int) -> bool:
        with closing(open_records(url)) as records:
            start.wait()
            return take_lease(records, "outbox", f"program {number}", NOW_US, MINUTE_S)

    with ThreadPoolExecutor(at_once) as pool:
        assert sorted(pool.map(ask, range(at_once))) == [*[False] * (at_once - 1), True]


def test_an_entry_is_noted_when_it_was_stored_and_only_then(records: Records) -> None:
    book, stored = EntryBook(records), list[str]()

    def full() -> None:
        raise Retriable("the disk is full")

    book.entered("p-1", ANN, NOW_US, {"value": 1.5}, lambda: stored.append("first"))
    with pytest.raises(Retriable, match="full"):
        book.entered("p-1", ANN, NOW_US + hours(1), {"value": 2.5}, full)
    book.entered("p-1", ANN, NOW_US + hours(2), {"value": 3.5}, lambda: stored.append("third"))
    book.entered("p-2", ANN, NOW_US + hours(2), {"value": 9.0}, lambda: stored.append("other"))
    assert [row["after"] for row in book.entries("p-1", 10)] == [{"value": 3.5}, {"value": 1.5}]
    assert [row["after"] for row in book.entries("p-1", 1)] == [{"value": 3.5}]
    assert stored == ["first", "third", "other"]
    assert verify_audit(records) is None
