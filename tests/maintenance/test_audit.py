"""The record cannot be changed, and who changes it all the same is found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from forewarn.core.errors import Conflict
from forewarn.core.work import Status
from forewarn.maintenance.audit import AuditEntry, AuditHead, audit_head, chained, verify_audit
from forewarn.maintenance.orders import desk as order_desk
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.outbox import pending
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import AUDIT
from tests.maintenance.samples import ANN, NOW_US, advice


@pytest.fixture
def records(any_records: Records) -> Records:
    """All tests of this file run on both databases."""
    return any_records


COLUMNS = ("seq", "at_us", "actor", "role", "subject", "action", "before", "after", "prev", "hash")


@pytest.fixture
def filled(records: Records, book: OrderBookSql) -> Records:
    """Ten rows of five orders."""
    for n in range(5):
        order = book.advise(advice(asset=f"pump-{n}")).order
        assert order is not None
        book.act(order.id, Status.APPR, ANN, 1, NOW_US)
    return records


def forced(records: Records, *statements: str) -> None:
    """What somebody with the file in hands can do: triggers away, then anything."""
    with records.write() as connection:
        for trigger in ("audit_no_update", "audit_no_delete"):
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_an_untouched_record_is_whole_and_its_rows_are_numbered_without_gaps(filled: Records) -> None:
    assert verify_audit(filled) is None
    assert audit_head(filled).seq == 10


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'bob' WHERE seq = 4",
        "DELETE FROM audit WHERE seq = 4",
        "DELETE FROM audit",
        "UPDATE order_cause SET evidence = '{}'",
        "UPDATE order_cause SET component = 'other'",
        "DELETE FROM order_cause",
        "DELETE FROM audit_head",
    ],
)
def test_the_database_refuses_to_change_the_record_and_the_evidence(filled: Records, statement: str) -> None:
    with pytest.raises(IntegrityError, match=r"never|frozen"), filled.write() as connection:
        connection.exec_driver_sql(statement)
    assert verify_audit(filled) is None


@pytest.mark.parametrize("column", COLUMNS)
def test_one_changed_field_is_found(filled: Records, column: str) -> None:
    value = "seq + 100" if column == "seq" else "at_us + 1" if column == "at_us" else f"{column} || ' '"
    forced(filled, f'UPDATE audit SET "{column}" = {value} WHERE seq = 4')
    assert verify_audit(filled) == 4


@pytest.mark.parametrize("seq", [1, 4, 9])
def test_a_removed_row_is_found(filled: Records, seq: int) -> None:
    forced(filled, f"DELETE FROM audit WHERE seq = {seq}")
    assert verify_audit(filled) == seq


def test_rows_that_changed_places_are_found(filled: Records) -> None:
    moves = [(4, 99), (5, 4), (99, 5)]
    forced(filled, *(f"UPDATE audit SET seq = {new} WHERE seq = {old}" for old, new in moves))
    assert verify_audit(filled) == 4


def test_a_cut_tail_is_found(filled: Records) -> None:
    forced(filled, "DELETE FROM audit WHERE seq > 7")
    assert verify_audit(filled) == 8


@pytest.mark.parametrize(("seq", "first_bad"), [(4, 5), (10, 10)])
def test_a_row_that_was_rewritten_with_its_own_hash_breaks_the_chain_behind_it(
    filled: Records, seq: int, first_bad: int
) -> None:
    with filled.read() as connection:
        prev = connection.execute(sa.text("SELECT prev FROM audit WHERE seq = :seq"), {"seq": seq}).scalar_one()
    forged = chained(AuditEntry(NOW_US, ANN, "order", "APPR", {}, {"priority": 5}), AuditHead(seq - 1, prev))
    forced(filled)
    with filled.write() as connection:
        connection.execute(AUDIT.update().where(AUDIT.c.seq == seq).values(forged))
    assert verify_audit(filled) == first_bad


def test_a_tail_cut_together_with_its_head_is_found_by_a_head_that_was_written_down(filled: Records) -> None:
    noted = audit_head(filled)
    forced(
        filled,
        "DELETE FROM audit WHERE seq > 7",
        "UPDATE audit_head SET seq = 7, hash = (SELECT hash FROM audit WHERE seq = 7)",
    )
    assert verify_audit(filled) is None
    assert verify_audit(filled, noted) == 10
    assert verify_audit(filled, AuditHead(7, audit_head(filled).hash)) is None


def test_a_row_that_was_added_behind_the_head_is_found(filled: Records) -> None:
    copied = ", ".join("11" if name == "seq" else f'"{name}"' for name in COLUMNS)
    forced(filled, f"INSERT INTO audit SELECT {copied} FROM audit WHERE seq = 10")
    assert verify_audit(filled) == 11


def test_a_change_whose_row_cannot_be_written_does_not_happen(records: Records, book: OrderBookSql) -> None:
    with records.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no space'); END"
        )
    with pytest.raises(IntegrityError, match="no space"):
        book.advise(advice())
    assert book.orders() == []
    with records.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")
    assert book.advise(advice()).order == book.order("WO-000001")  # the number was given back


def test_a_message_that_cannot_be_written_undoes_the_change(
    records: Records, book: OrderBookSql, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = book.advise(advice()).order
    assert order is not None
    changes: Callable[..., object] = order_desk.changes
    with monkeypatch.context() as patch:
        patch.setattr(order_desk, "changes", lambda *_: (_ for _ in ()).throw(Conflict("torn in the middle")))
        with pytest.raises(Conflict, match="torn"):
            book.act(order.id, Status.APPR, ANN, 1, NOW_US)
    assert order_desk.changes is changes
    assert book.order(order.id) == order
    assert len(pending(records)) == 1


def test_the_frozen_evidence_is_the_one_in_the_record(filled: Records, book: OrderBookSql) -> None:
    import hashlib

    with filled.read() as connection:
        text = connection.execute(sa.text("SELECT evidence FROM order_cause LIMIT 1")).scalar_one()
    [row, _] = book.history(book.orders()[-1].id)
    assert isinstance(row["after"], dict)
    assert row["after"]["causes"][0]["evidence_sha256"] == hashlib.sha256(text.encode()).hexdigest()
