"""The past of one asset: sums against a slow count, pages without gaps, and no statement that walks all orders."""

from __future__ import annotations

from collections import Counter

import pytest
import sqlalchemy as sa

from forewarn.core.jobs import LineKind, NewLine
from forewarn.core.plant import PartLine
from forewarn.core.stock import SUPPLIER, MoveReason, NewMove, PartCard, PartKind
from forewarn.core.work import NewOrder, OrderKind, Status, WorkOrder
from forewarn.maintenance.evidence import assessment_json
from forewarn.maintenance.orders import asset_file
from forewarn.maintenance.orders.asset_file import AssetFileRows, Fitted, Place
from forewarn.maintenance.orders.worked import WorkedOrders
from forewarn.maintenance.records import Records
from forewarn.maintenance.stock.book import StockBookSql
from tests.maintenance.samples import ANN, MODEL, NOW_US, advice, assessment, hours

ASSET = "pump-03"


@pytest.fixture
def records(any_records: Records) -> Records:
    return any_records


@pytest.fixture
def orders(records: Records) -> WorkedOrders:
    return WorkedOrders(records)


@pytest.fixture
def rows(records: Records) -> AssetFileRows:
    return AssetFileRows(records)


def lived(orders: WorkedOrders, count: int = 8, asset: str = ASSET) -> list[WorkOrder]:
    """Preventive orders, every second cancelled, two at each moment; the first has a corrected report."""
    made = []
    for place in range(count):
        new = NewOrder(
            asset, OrderKind.PREVENTIVE, f"Grease {place}", NOW_US + hours(place // 2), origin=f"pm:{asset}:{place}",
            parts=(PartLine("grease", 2),),
        )  # fmt: skip
        order = orders.raise_order(new, ANN).order
        assert order is not None
        if place % 2:
            order = orders.act(order.id, Status.CAN, ANN, order.revision, NOW_US + hours(place))
        made.append(order)
    return made


def test_orders_kinds_and_statuses_are_counted(orders: WorkedOrders, rows: AssetFileRows) -> None:
    made = [*lived(orders), orders.advise(advice()).order]
    lived(orders, 2, asset="pump-04")
    found, known = rows.summary(ASSET).sums, [order for order in made if order is not None]
    assert found.orders == len(known) == 9
    assert found.by_kind == Counter(order.kind.value for order in known)
    assert found.by_status == Counter(order.status.value for order in known)
    assert found.open_orders == sum(order.is_open for order in known)
    assert (found.first_at_us, found.newest_at_us) == (NOW_US, NOW_US + hours(3))
    assert found.complete
    nothing = rows.summary("nobody").sums
    assert (nothing.orders, nothing.by_kind, nothing.first_at_us) == (0, {}, None)


def test_what_was_spent_and_used_leaves_out_lines_that_were_replaced(orders: WorkedOrders, rows: AssetFileRows) -> None:
    order = lived(orders)[0]
    for status in (Status.APPR, Status.INPRG):
        order = orders.act(order.id, status, ANN, order.revision, NOW_US)
    told = [
        NewLine(LineKind.LABOUR, "ann", 6, 50),
        NewLine(LineKind.PART, "grease", 1, 8),
        NewLine(LineKind.PART, "seal", 2, 30),
    ]
    orders.report(order.id, told, ANN, order.revision, NOW_US)
    order = orders.orders(asset=ASSET, limit=99)[-1]
    known = orders.order(order.id)
    assert known is not None
    orders.report(known.id, [NewLine(LineKind.LABOUR, "ann", 7, 50, corrects=1)], ANN, known.revision, NOW_US)
    whole = rows.summary(ASSET)
    (spent,) = whole.spent
    assert (spent.labour, spent.parts, spent.other, spent.total, spent.hours) == (350, 68, 0, 418, 7)
    uses = {use.part: (use.used, use.planned, use.orders) for use in whole.parts}
    assert uses == {"seal": (2, 0, 1), "grease": (1, 16, 8)}


def test_pages_hold_every_order_once_the_newest_first(orders: WorkedOrders, rows: AssetFileRows) -> None:
    numbers = [order.number for order in lived(orders)]
    seen: list[str] = []
    place: Place | None = None
    while page := rows.orders(ASSET, place, 3):
        seen += [order.number for order in page]
        place = Place(page[-1].created_at_us, page[-1].number)
    assert seen == sorted(numbers, reverse=True)


def test_the_models_that_decided_are_named_with_how_often(orders: WorkedOrders, rows: AssetFileRows) -> None:
    said = assessment_json(assessment())
    said["versions"] = [{"name": "pump-life", "version": "4", "digest": "ff"}]
    orders.advise(advice(evidence={"assessment": said}))
    lived(orders, 2)
    found = rows.deciders(ASSET)
    assert {(one.model.name, one.model.version, one.orders) for one in found} == {
        (MODEL.name, MODEL.version, 1), ("pump-life", "4", 1)
    }  # fmt: skip


def test_sums_look_at_the_newest_orders_only_and_say_so(
    orders: WorkedOrders, rows: AssetFileRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived(orders)
    monkeypatch.setattr(asset_file, "MOST", 4)
    found = rows.summary(ASSET).sums
    assert (found.orders, found.complete, found.first_at_us) == (4, False, NOW_US + hours(2))


@pytest.mark.parametrize("any_url", ["sqlite"], indirect=True)  # it tells its plan in words
def test_no_statement_walks_all_orders(records: Records, orders: WorkedOrders, rows: AssetFileRows) -> None:
    made = lived(orders)
    asked: list[tuple[str, object]] = []

    @sa.event.listens_for(records._reader, "before_cursor_execute")
    def listen(_connection: object, _cursor: object, statement: str, values: object, *_more: object) -> None:
        asked.append((statement, values))

    rows.orders(ASSET, Place(NOW_US, "WO-000009"))
    rows.summary(ASSET)
    rows.deciders(ASSET)
    rows.changes(ASSET, [order.id for order in made])
    selects = [(text, values) for text, values in asked if text.startswith("SELECT")]
    assert len(selects) >= 7
    tables = ("work_order", "order_line", "order_part", "order_cause", "audit")
    with records.read() as connection:
        for text, values in selects:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all()  # type: ignore[arg-type]
            walked = [row.detail for row in plan if row.detail.startswith("SCAN") and row.detail.split()[1] in tables]
            assert not walked, f"{text}: {walked}"


def test_parts_from_the_store_and_pieces_that_sit_in_the_machine_are_told(
    records: Records, orders: WorkedOrders, rows: AssetFileRows
) -> None:
    stock = StockBookSql(records, orders)
    stock.save_card(PartCard("seal", "Seal", price=40.0), ANN, NOW_US)
    stock.save_card(PartCard("motor", "Motor", kind=PartKind.ROTABLE, price=900.0), ANN, NOW_US)
    stock.move(NewMove("seal", SUPPLIER, "main", 9, MoveReason.RECEIPT, NOW_US), ANN)
    stock.move(NewMove("motor", SUPPLIER, "main", 1, MoveReason.RECEIPT, NOW_US, serial="M1"), ANN)
    for asset in (ASSET, "pump-04"):
        order = orders.raise_order(NewOrder(asset, OrderKind.CORRECTIVE, "Seal leaks", NOW_US), ANN).order
        assert order is not None
        order = orders.act(order.id, Status.APPR, ANN, order.revision, NOW_US)
        stock.issue(order.id, "seal", 3, ANN, NOW_US + hours(1))
        stock.give_back(order.id, "seal", 1, ANN, NOW_US + hours(2))
        if asset == ASSET:
            stock.issue(order.id, "motor", 1, ANN, NOW_US + hours(3), serial="M1")
        stock.use(order.id, ANN, NOW_US + hours(4))
    found = rows.summary(ASSET)
    told = {use.part: (use.used, use.from_store, use.store_value, use.orders, use.last_at_us) for use in found.parts}
    assert told["seal"] == (2.0, 2, 80.0, 1, NOW_US + hours(2))
    assert told["motor"][:3] == (1.0, 1, 900.0)
    assert found.fitted == (Fitted("motor", "M1", NOW_US + hours(4)),)
    assert rows.summary("pump-04").fitted == ()
