"""The record cannot be changed, and who changes it all the same is found: in a chain of a thousand rows."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from forewarn.core.errors import Conflict, Rejected, Retriable
from forewarn.core.work import Status
from forewarn.maintenance.audit import (
    START,
    AuditEntry,
    AuditHead,
    audit_doubt,
    audit_head,
    chained,
    doubt,
    verify_audit,
)
from forewarn.maintenance.audit_heads import (
    HeadKey,
    export_head,
    forged,
    note_head,
    read_heads,
    read_noted,
    told_head,
)
from forewarn.maintenance.orders import desk as order_desk
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.outbox import pending
from forewarn.maintenance.records import Records, open_records
from forewarn.maintenance.records_tables import AUDIT, AUDIT_HEAD
from tests.conftest import DATABASES, new_database
from tests.maintenance.samples import ANN, NOW_US, advice

ROWS = 1_000
COLUMNS = ("seq", "at_us", "actor", "role", "subject", "action", "before", "after", "prev", "hash")
Row = dict[str, Any]


def chain(count: int, seed: int = 0) -> tuple[list[Row], AuditHead]:
    """Rows of a plant that works, and their head."""
    head, rows = AuditHead(0, START), list[Row]()
    for n in range(count):
        entry = AuditEntry(NOW_US + n, ANN, f"order-{n % 97}", "APPR", {"priority": 3}, {"priority": n % 5, "by": seed})
        rows.append(chained(entry, head))
        head = AuditHead(n + 1, rows[-1]["hash"])
    return rows, head


@pytest.fixture(scope="module", params=DATABASES)
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    """A thousand rows. Nobody changes them for good: see `tampered`."""
    for url in new_database(request, request.param, tmp_path_factory.mktemp("audit")):
        records = open_records(url)
        rows, head = chain(ROWS)
        with records.write() as connection:
            connection.execute(AUDIT.insert(), rows)
            connection.execute(AUDIT_HEAD.update().values(seq=head.seq, hash=head.hash))
        yield records
        records.close()


class Undone(Exception):
    """Nothing of this shall stay."""


@contextmanager
def tampered(records: Records, *statements: str) -> Iterator[sa.Connection]:
    """What somebody with the database in hands can do: guards away, then anything. Undone at the end."""
    try:
        with records.write() as connection:
            unguarded(connection)
            for statement in statements:
                connection.exec_driver_sql(statement)
            yield connection
            raise Undone
    except Undone:
        pass


def tampered_for_good(records: Records, filled: tuple[list[Row], AuditHead] | None, *statements: str) -> None:
    """Rows into an empty record, or changes to a full one, that stay."""
    with records.write() as connection:
        if filled is not None:
            rows, head = filled
            connection.execute(AUDIT.insert(), rows)
            connection.execute(AUDIT_HEAD.update().values(seq=head.seq, hash=head.hash))
            return
        for trigger in ("audit_no_update", "audit_no_delete"):
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            connection.exec_driver_sql(statement)


def unguarded(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        return
    for trigger in ("audit_no_update", "audit_no_delete"):
        connection.exec_driver_sql(f"DROP TRIGGER {trigger}")


def test_an_untouched_record_is_whole_and_its_rows_are_numbered_without_gaps(kept: Records) -> None:
    assert verify_audit(kept) is None
    assert audit_head(kept).seq == ROWS


@pytest.mark.parametrize(
    ("what", "statements", "first_bad"),
    [
        ("edit", ["UPDATE audit SET actor = 'bob' WHERE seq = 417"], 417),
        ("one microsecond", ["UPDATE audit SET at_us = at_us + 1 WHERE seq = 417"], 417),
        ("delete", ["DELETE FROM audit WHERE seq = 417"], 417),
        ("delete the first", ["DELETE FROM audit WHERE seq = 1"], 1),
        (
            "swap",
            [f"UPDATE audit SET seq = {new} WHERE seq = {old}" for old, new in ((417, 9999), (418, 417), (9999, 418))],
            417,
        ),
        ("truncate", ["DELETE FROM audit WHERE seq > 900"], 901),
        ("empty", ["DELETE FROM audit"], 1),
        (
            "insert",
            [
                "UPDATE audit SET seq = -seq - 1 WHERE seq > 417",
                "UPDATE audit SET seq = -seq WHERE seq < 0",
                "INSERT INTO audit SELECT 418, at_us, actor, role, subject, action, before, after, prev, hash "
                "FROM audit WHERE seq = 417",
            ],
            418,
        ),
        (
            "insert behind the head",
            [
                f"INSERT INTO audit SELECT {ROWS + 1}, at_us, actor, role, subject, action, before, after, prev, hash "
                f"FROM audit WHERE seq = {ROWS}"
            ],
            ROWS + 1,
        ),
    ],
)
def test_each_way_to_change_it_is_found_and_the_first_bad_row_named(
    kept: Records, what: str, statements: Sequence[str], first_bad: int
) -> None:
    with tampered(kept, *statements):
        found = audit_doubt(kept)
    assert found is not None, what
    assert found.seq == first_bad
    assert str(first_bad) in found.why or str(first_bad - 1) in found.why
    assert verify_audit(kept) is None  # and the test left no trace


def test_a_row_that_was_rewritten_with_its_own_hash_breaks_the_chain_behind_it(kept: Records) -> None:
    for seq, first_bad in ((417, 418), (ROWS, ROWS)):
        with tampered(kept) as connection:
            prev = connection.execute(sa.select(AUDIT.c.prev).where(AUDIT.c.seq == seq)).scalar_one()
            forged = chained(AuditEntry(NOW_US, ANN, "order", "APPR", {}, {"priority": 5}), AuditHead(seq - 1, prev))
            connection.execute(AUDIT.update().where(AUDIT.c.seq == seq).values(forged))
            assert verify_audit(kept) == first_bad


def test_a_tail_cut_together_with_its_head_is_found_by_a_head_that_was_noted_elsewhere(
    kept: Records, tmp_path: Path
) -> None:
    noted = tmp_path / "heads"
    assert note_head(noted, audit_head(kept), NOW_US)
    cut = (
        "DELETE FROM audit WHERE seq > 900",
        "UPDATE audit_head SET seq = 900, hash = (SELECT hash FROM audit WHERE seq = 900)",
    )
    with tampered(kept, *cut):
        assert verify_audit(kept) is None, "the record alone cannot tell"
        assert verify_audit(kept, *read_heads(noted)) == 901
        assert verify_audit(kept, audit_head(kept)) is None


def test_a_record_rolled_back_to_yesterday_that_went_on_is_found(kept: Records) -> None:
    """The backup of row 900 was put back, and other things happened since."""
    rows, _ = chain(ROWS)
    noted = [AuditHead(row["seq"], row["hash"]) for row in (rows[799], rows[949], rows[ROWS - 1])]
    with tampered(kept, "DELETE FROM audit WHERE seq > 900") as connection:
        head = AuditHead(900, rows[899]["hash"])
        for n in range(100):
            row = chained(AuditEntry(NOW_US + n, ANN, "order-1", "CAN", {}, {"other": n}), head)
            connection.execute(AUDIT.insert().values(row))
            head = AuditHead(row["seq"], row["hash"])
        connection.execute(AUDIT_HEAD.update().values(seq=head.seq, hash=head.hash))
        assert verify_audit(kept) is None
        found = audit_doubt(kept, noted)
    assert found is not None
    assert (found.seq, "behind row 800" in found.why) == (950, True)


def test_no_changed_character_stays_unseen() -> None:
    """Every ninth row of a thousand, each column in turn, at a random place: the first bad row is always that row."""
    rows, head = chain(ROWS)
    rng = random.Random(1)
    for n in range(0, ROWS, 9):
        row, column = rows[n], COLUMNS[n % len(COLUMNS)]
        at = rng.randrange(len(str(row[column])))
        text = str(row[column])[:at] + chr(ord(str(row[column])[at]) ^ 1) + str(row[column])[at + 1 :]
        changed = {**row, column: int(text) if isinstance(row[column], int) else text}
        found = doubt([*rows[:n], changed], head)
        assert found is not None, (n, column)
        assert found.seq == n + 1, (n, column)


@pytest.fixture
def filled(any_records: Records) -> Records:
    """Four rows of two orders."""
    book = OrderBookSql(any_records)
    for n in range(2):
        order = book.advise(advice(asset=f"pump-{n}")).order
        assert order is not None
        book.act(order.id, Status.APPR, ANN, 1, NOW_US)
    return any_records


def test_the_database_refuses_to_change_the_record_and_the_evidence(filled: Records) -> None:
    statements = [
        "UPDATE audit SET actor = 'bob' WHERE seq = 4",
        "DELETE FROM audit WHERE seq = 4",
        "DELETE FROM audit",
        "UPDATE order_cause SET evidence = '{}'",
        "UPDATE order_cause SET component = 'other'",
        "DELETE FROM order_cause",
        "DELETE FROM audit_head",
    ]
    if filled.dialect == "postgresql":
        statements += [f"TRUNCATE {table} CASCADE" for table in ("audit", "audit_head", "order_cause", "work_order")]
    for statement in statements:
        with pytest.raises(IntegrityError, match=r"never|frozen"), filled.write() as connection:
            connection.exec_driver_sql(statement)
    assert verify_audit(filled) is None


NO_SPACE = {
    "sqlite": ("CREATE TRIGGER no_space BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no space'); END",),
    "postgresql": (
        "CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'; END $$",
        "CREATE TRIGGER no_space BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION no_space()",
    ),
}


def test_a_change_whose_row_cannot_be_written_does_not_happen(any_records: Records) -> None:
    book = OrderBookSql(any_records)
    with any_records.write() as connection:
        for statement in NO_SPACE[any_records.dialect]:
            connection.exec_driver_sql(statement)
    with pytest.raises((IntegrityError, Retriable), match="no space"):
        book.advise(advice())
    assert book.orders() == []
    assert pending(any_records) == []
    on = " ON audit" if any_records.dialect == "postgresql" else ""
    with any_records.write() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER no_space{on}")
    assert book.advise(advice()).order == book.order("WO-000001")  # the number was given back


def test_a_full_disk_makes_the_action_fail_and_leaves_the_chain_whole(sqlite_records: Records) -> None:
    """SQLite's own limit of pages stands in for a full disk: the same error, at whichever write it comes."""
    records, book = sqlite_records, OrderBookSql(sqlite_records)
    with records.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 12}")
    done, told = 0, ""
    while not told and done < 1_000:
        try:
            book.advise(advice(asset=f"pump-{done}", evidence={"text": "x" * 500}))
            done += 1
        except Retriable as error:
            told = str(error)
    assert "full" in told
    assert len(book.orders(limit=1_000)) == len(pending(records, 1_000)) == audit_head(records).seq == done > 0
    assert verify_audit(records) is None


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


def test_the_frozen_evidence_is_the_one_in_the_record(records: Records, book: OrderBookSql) -> None:
    book.advise(advice())
    with records.read() as connection:
        text = connection.execute(sa.text("SELECT evidence FROM order_cause LIMIT 1")).scalar_one()
    [row] = book.history(book.orders()[-1].id)
    assert isinstance(row["after"], dict)
    assert row["after"]["causes"][0]["evidence_sha256"] == hashlib.sha256(text.encode()).hexdigest()


def test_a_head_is_exported_when_something_was_written_and_only_then(filled: Records, tmp_path: Path) -> None:
    file = tmp_path / "heads"
    before = len(pending(filled))
    assert [export_head(filled, file, NOW_US + n) for n in range(3)] == [True, False, False]
    assert read_heads(file) == [audit_head(filled)]
    message = pending(filled)[before]
    assert (message.kind, message.body) == ("audit.head", told_head(audit_head(filled), NOW_US))
    OrderBookSql(filled).advise(advice(asset="pump-9"))
    assert export_head(filled, file, NOW_US + 9)
    assert [head.seq for head in read_heads(file)] == [4, 5]


def test_a_file_that_cannot_be_written_does_not_keep_the_head_from_the_outbox(filled: Records, tmp_path: Path) -> None:
    told: list[str] = []
    assert export_head(filled, tmp_path / "no-folder" / "heads", NOW_US, told.append)
    assert pending(filled)[-1].kind == "audit.head"
    assert "no-folder" in told[0]


def test_a_torn_last_line_of_noted_heads_is_passed_over_and_another_wrong_one_is_not(tmp_path: Path) -> None:
    file = tmp_path / "heads"
    note_head(file, AuditHead(1, "a" * 64), NOW_US)
    with file.open("a") as out:
        out.write('{"seq": 2, "ha')
    assert note_head(file, AuditHead(3, "c" * 64), NOW_US)
    assert read_heads(file) == [AuditHead(1, "a" * 64), AuditHead(3, "c" * 64)]
    file.write_text(json.dumps({"sequence": 1}) + "\n")
    with pytest.raises(Rejected, match="no_audit_head"):
        read_heads(file)


KEY = HeadKey(b"k" * 32)


def signed_heads(file: Path, rows: Sequence[Row], every: int = 10) -> None:
    for row in rows[::every]:
        note_head(file, AuditHead(row["seq"], row["hash"]), row["at_us"], KEY)


def test_a_head_leaves_signed_by_file_and_message(filled: Records, tmp_path: Path) -> None:
    assert export_head(filled, tmp_path / "heads", NOW_US, key=KEY)
    (noted,) = read_noted(tmp_path / "heads")
    assert forged([noted], KEY) is None
    assert pending(filled)[-1].body == told_head(audit_head(filled), NOW_US, KEY)
    assert KEY.secret.decode() not in (tmp_path / "heads").read_text() + repr(KEY)


@pytest.mark.parametrize("field", ["seq", "hash", "at_us", "signature", "key"])
def test_a_head_that_was_changed_is_named_whatever_was_changed(tmp_path: Path, field: str) -> None:
    file = tmp_path / "heads"
    signed_heads(file, chain(100)[0])
    assert forged(read_noted(file), KEY) is None
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[3][field] = lines[4][field] if field != "key" else "0" * 16
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = forged(read_noted(file), KEY)
    assert found is not None
    assert (found.line, found.seq) == (4, lines[3]["seq"])


def test_a_head_of_a_forger_is_named_and_so_is_one_without_a_signature_after_signed_ones(tmp_path: Path) -> None:
    file = tmp_path / "heads"
    rows, head = chain(100)
    note_head(file, AuditHead(1, rows[0]["hash"]), NOW_US)  # of a time when heads were not signed yet
    signed_heads(file, rows[10:])
    assert forged(read_noted(file), KEY) is None
    whole = file.read_bytes()
    for other in (HeadKey(b"x" * 32), None):
        file.write_bytes(whole)
        note_head(file, head, NOW_US, other)
        found = forged(read_noted(file), KEY)
        assert found is not None
        assert (found.line, found.seq) == (11, 100)
    assert forged(read_noted(file)[:10], None) is not None  # signed, and nobody here can tell by whom
