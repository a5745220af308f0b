"""Messages go out at least once, in order, each with a number of its own."""

from __future__ import annotations

import pytest

from forewarn.core.work import Status
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.outbox import mark_delivered, pending, posted_after
from forewarn.maintenance.records import Records
from tests.maintenance.samples import ANN, NOW_US, advice, hours


@pytest.fixture
def records(any_records: Records) -> Records:
    """All tests of this file run on both databases."""
    return any_records


def test_every_change_leaves_one_message_that_names_order_and_audit_row(records: Records, book: OrderBookSql) -> None:
    order = book.advise(advice()).order
    assert order is not None
    book.act(order.id, Status.APPR, ANN, 1, NOW_US + hours(1))
    opened, approved = pending(records)
    assert (opened.kind, approved.kind) == ("order.opened", "order.status")
    assert approved.body == {
        "order": order.id,
        "number": "WO-000001",
        "asset": "pump-03",
        "kind": "condition",
        "status": "APPR",
        "revision": 2,
        "audit": 2,
    }
    assert approved.created_at_us == NOW_US + hours(1)


def test_what_was_marked_is_not_pending_and_can_still_be_read(records: Records, book: OrderBookSql) -> None:
    for n in range(4):
        book.advise(advice(asset=f"pump-{n}"))
    first, second, *_ = pending(records)
    mark_delivered(records, [first.id], NOW_US)
    mark_delivered(records, [first.id, second.id], NOW_US + 1)
    assert [message.body["asset"] for message in pending(records)] == ["pump-2", "pump-3"]
    assert [message.body["asset"] for message in posted_after(records, first.id)] == ["pump-1", "pump-2", "pump-3"]
    assert [message.id for message in pending(records, limit=1)] == [3]
