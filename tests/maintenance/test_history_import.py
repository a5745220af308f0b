"""Past orders of another system: read row by row, shown before they are written, written once."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from forewarn.core.errors import Rejected
from forewarn.core.ports import Actor
from forewarn.core.work import OrderKind, Status, Verification
from forewarn.maintenance.audit import AuditEntry, verify_audit
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.bulk import insert_orders
from forewarn.maintenance.orders.desk import changes, snapshot
from forewarn.maintenance.orders.rows import OrderRows, read_orders
from forewarn.maintenance.orders.tables import ORDER_LINE
from forewarn.maintenance.outbox import pending
from forewarn.maintenance.plans import history_book
from forewarn.maintenance.plans.history_book import HistoryBook, closed_order
from forewarn.maintenance.plans.history_file import HistoryMap, Parsed, mapping_from, read_past
from forewarn.maintenance.plans.tables import IMPORTED_ORDER
from forewarn.maintenance.records import Records, open_records
from forewarn.maintenance.records_tables import AUDIT, AUDIT_HEAD, ORDER_CAUSE, ORDER_PART, WORK_ORDER
from tests.conftest import new_database

ANN = Actor("ann")
NOW_US = 1_800_000_000_000_000
TOLD = {
    "source": "old-cmms",
    "columns": {
        "date": "When", "asset": "Machine", "text": "Text", "kind": "Type", "cost": "Cost", "system": "System",
        "part": "Part", "failure_mode": "Mode", "finding": "Found",
    },
    "assets": {"P 1": "p1"},
    "kinds": {"CM": "corrective", "PM": "preventive"},
    "kind_rules": [{"column": "Urgent", "values": ["yes"], "kind": "emergency"}],
    "failure_modes": {"Leak": "ELP"},
    "findings": {"ok": "not_found", "worn": "confirmed"},
    "several": "_",
    "timezone": "Europe/Berlin",
}  # fmt: skip
HEADER = "When,Machine,Text,Type,Cost,System,Part,Mode,Found,Urgent"
ROWS = [
    "2020-03-01,P 1,Seal leaks,CM,120.50,Seal_Pump Casing,Seal 25,Leak,,",
    "2020-06-30,P 1,Yearly look,PM,80,Seal,,,ok,",
    "2020-07-01,P 1,Stands,CM,-3,Motor,,Burnt,,yes",
]


def mapping(**more: object) -> HistoryMap:
    return mapping_from({**TOLD, **more})


def read(*rows: str, using: HistoryMap | None = None) -> Parsed:
    return read_past([HEADER, *rows], using or mapping(), ["p1"])


def test_rows_are_read_by_the_mapping() -> None:
    parsed = read(*ROWS)
    assert parsed.errors == ()
    leak, look, stands = parsed.orders
    assert (leak.asset, leak.kind, leak.failure_mode, leak.cost) == ("p1", OrderKind.CORRECTIVE, "ELP", 120.5)
    assert leak.components == ("seal", "pump-casing")
    assert leak.at_us == 1_583_017_200_000_000, "midnight in Berlin"
    assert leak.words == {"system": "Seal_Pump Casing", "part": "Seal 25", "failure_mode": "Leak"}
    assert (look.kind, look.finding, look.failure_mode) == (OrderKind.PREVENTIVE, "not_found", "UNK")
    assert (stands.kind, stands.failure_mode) == (OrderKind.EMERGENCY, "OTH")
    assert parsed.unmapped == {"Burnt": 1}


@pytest.mark.parametrize(
    ("row", "field", "words"),
    [
        ("1.3.2020,P 1,x,CM,1,,,,,", "date", "ISO 8601"),
        ("2020-03-01,P 9,x,CM,1,,,,,", "asset", "no asset 'P 9'"),
        ("2020-03-01,,x,CM,1,,,,,", "asset", "no asset"),
        ("2020-03-01,P 1,x,CM,much,,,,,", "cost", "no amount"),
        ("2020-03-01,P 1,x,CM,nan,,,,,", "cost", "no amount"),
        ("2020-03-01,P 1,x,XX,1,,,,,", "kind", "CM, PM"),
        ("2020-03-01,P 1,x", "", "3 cells"),
        ("2020-03-01,P 1,x,CM,1,,,,,,,", "", "12 cells"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_with_its_reason_and_the_others_are_read(
    row: str, field: str, words: str
) -> None:
    parsed = read(ROWS[0], row, ROWS[1])
    assert len(parsed.orders) == 2
    [error] = parsed.errors
    assert (error.row, error.field) == (3, field)
    assert words in error.problem


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": 1}, "no colour"),
        ({"columns": {"date": "When"}}, "which column is the asset"),
        ({"columns": {"date": "When", "asset": "Machine", "smell": "x"}}, "no field smell"),
        ({"failure_modes": {"Leak": "XYZ"}}, "XYZ"),
        ({"kinds": {"CM": "big"}}, "import-history.md"),
        ({"timezone": "Mars/Olympus"}, "import-history.md"),
        ({"assets": ["p1"]}, "table of words"),
        ({"unknown_assets": "maybe"}, "import-history.md"),
    ],
)
def test_a_mapping_that_is_not_understood_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(Rejected) as refused:
        mapping_from({**TOLD, **change})
    assert words in refused.value.detail


def test_a_file_without_a_mapped_column_is_refused_before_any_row() -> None:
    with pytest.raises(Rejected, match="no column Urgent"):
        read_past([HEADER.removesuffix(",Urgent"), *ROWS], mapping(), ["p1"])
    with pytest.raises(Rejected, match="columns"):
        read_past([], mapping(), ["p1"])


def test_rows_that_say_the_same_are_two_orders_and_a_key_that_comes_twice_is_an_error() -> None:
    assert len({order.key for order in read(ROWS[0], ROWS[0]).orders}) == 2
    keyed = mapping(columns={**TOLD["columns"], "key": "Text"})  # type: ignore[dict-item]
    parsed = read(ROWS[0], ROWS[0], using=keyed)
    assert [order.key for order in parsed.orders] == ["Seal leaks"]
    assert "earlier row" in parsed.errors[0].problem


def test_a_preview_changes_nothing_and_says_what_would_come(records: Records) -> None:
    report = HistoryBook(records).preview(read(*ROWS, "x,P 1,x,CM,1,,,,,"), mapping())
    assert (report.rows, report.new, report.known, report.wrong, report.applied) == (4, 3, 0, 1, False)
    assert report.by_kind == {"corrective": 1, "emergency": 1, "preventive": 1}
    assert (report.by_asset, report.cost) == ({"p1": 3}, 197.5)
    assert OrderBookSql(records).orders() == []


def test_applied_rows_are_closed_orders_with_audit_rows_and_no_messages(any_records: Records) -> None:
    book = OrderBookSql(any_records)
    HistoryBook(any_records).apply(read(*ROWS), mapping(), ANN, NOW_US)
    stands, look, leak = book.orders()
    assert {order.status for order in (stands, look, leak)} == {Status.CLOSE}
    assert [order.number for order in (leak, look, stands)] == ["WO-000001", "WO-000002", "WO-000003"]
    assert (leak.created_at_us, leak.verification, leak.title) == (
        1_583_017_200_000_000,
        Verification.WAIVED,
        "Seal leaks",
    )
    assert [str(cause.fault) for cause in leak.causes] == ["seal:leak", "pump-casing:leak"]
    assert look.causes == ()
    assert look.report["finding"] == "not_found"
    [row] = book.history(leak.id)
    assert (row["action"], row["actor"], row["at_us"]) == ("imported", "ann", NOW_US)
    assert pending(any_records) == []
    assert verify_audit(any_records) is None
    job = book.job(leak.id)
    assert job is not None
    assert job.costs("EUR").total == 120.5


def test_the_same_file_again_writes_nothing_and_a_row_that_changed_is_named(records: Records) -> None:
    history, keyed = HistoryBook(records), mapping(columns={**TOLD["columns"], "key": "Text"})  # type: ignore[dict-item]
    assert history.apply(read(*ROWS, using=keyed), keyed, ANN, NOW_US).new == 3
    again = history.apply(read(*ROWS, using=keyed), keyed, ANN, NOW_US)
    assert (again.new, again.known, again.changed) == (0, 3, ())
    changed = history.apply(read(ROWS[0].replace("120.50", "99"), *ROWS[1:], using=keyed), keyed, ANN, NOW_US)
    assert (changed.new, changed.known, changed.changed) == (0, 2, (2,))
    assert len(OrderBookSql(records).orders()) == 3
    other = mapping(source="another")
    assert history.apply(read(*ROWS, using=other), other, ANN, NOW_US).new == 3


def test_what_was_imported_does_not_silence_an_alarm_of_today(records: Records) -> None:
    from tests.maintenance.samples import advice

    HistoryBook(records).apply(read(*ROWS), mapping(), ANN, NOW_US)
    assert OrderBookSql(records).advise(advice(asset="p1")).what == "opened"


def test_orders_written_at_once_are_those_written_one_by_one(records: Records) -> None:
    one, two, three = (closed_order(past, f"WO-{n}", mapping(), ANN) for n, past in enumerate(read(*ROWS).orders))
    with records.write() as connection:
        insert_orders(connection, [one, two], [snapshot(one), snapshot(two)])
        OrderRows(connection).keep(three)
    with records.read() as connection:
        found = read_orders(connection, WORK_ORDER.select().order_by(WORK_ORDER.c.number))
    assert [kept.order for kept in found] == [one.order, two.order, three.order]
    bare = [
        [repr(replace(o, causes=(), report={})) for o in some]
        for some in ([k.order for k in found], [one.order, two.order, three.order])
    ]
    assert bare[0] == bare[1]  # 0.0 has not become 0
    assert [kept.finished_at_us for kept in found] == [k.finished_at_us for k in (one, two, three)]
    book = OrderBookSql(records)
    assert [book.job(k.order.id) for k in (one, two, three)] == [one.job, two.job, three.job]


@pytest.mark.slow
def test_five_thousand_rows_are_one_transaction(records: Records) -> None:
    rows = [f"2020-01-{1 + n % 28:02d},P 1,Job {n},CM,{n},Seal,,Leak,," for n in range(5_000)]
    history, parsed = HistoryBook(records), read(*rows)
    assert history.apply(parsed, mapping(), ANN, NOW_US).new == 5_000
    assert history.apply(parsed, mapping(), ANN, NOW_US).known == 5_000
    assert verify_audit(records) is None


def row_by_row(records: Records, parsed: Parsed, using: HistoryMap) -> None:
    """The plain road: each order kept as every other one is, by plain inserts, one audit row after another."""
    with records.write() as connection:
        rows = OrderRows(connection)
        for past in sorted(parsed.orders, key=lambda order: (order.at_us, order.row)):
            kept = closed_order(past, rows.next_number(), using, ANN)
            rows.keep(kept)
            known = {"source": using.source, "key": past.key, "order_id": kept.order.id, "digest": past.digest}
            connection.execute(IMPORTED_ORDER.insert().values(known))
            rows.record(AuditEntry(NOW_US, ANN, kept.order.id, "imported", *changes(None, kept)))


def everything(records: Records) -> dict[str, list[tuple[object, ...]]]:
    """All rows of the tables that an import writes, as the database itself tells them; JSON as its bytes."""
    found = {}
    for table in (WORK_ORDER, ORDER_CAUSE, ORDER_PART, ORDER_LINE, IMPORTED_ORDER, AUDIT, AUDIT_HEAD):
        columns = [sa.cast(c, sa.Text) if isinstance(c.type, sa.JSON) else c for c in table.c]
        with records.read() as connection:
            rows = connection.execute(sa.select(*columns).order_by(*table.primary_key)).all()
        found[table.name] = [tuple(row) for row in rows]
    return found


@pytest.mark.parametrize("at_once", [2, 1_000])
def test_the_quick_road_writes_the_rows_and_hashes_of_the_plain_one(
    any_url: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    odd = 'Says ""why"", 5 µm\\n{} \\u0041 % :rows ?'
    told = [*ROWS, f'2020-02-29,P 1,"{odd}",CM,1e-7,Ä_B_C,"x\ty",,worn,', "2019-01-01,P 1,No cost,PM,,,,,,"]
    using, parsed = mapping(), read(*told)
    assert len(parsed.orders) == len(told)
    monkeypatch.setattr(history_book, "AT_ONCE", at_once)
    (tmp_path / "plain").mkdir()
    for other in new_database(request, any_url.partition(":")[0], tmp_path / "plain"):
        with closing(open_records(any_url)) as quick, closing(open_records(other)) as plain:
            assert HistoryBook(quick).apply(parsed, using, ANN, NOW_US).new == len(told)
            row_by_row(plain, parsed, using)
            assert everything(quick) == everything(plain)
            assert verify_audit(quick) is None
