"""Preview, apply and undo of tables over their books, on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.ports import Actor
from forewarn.core.stock import MoveReason, NewMove, PartCard
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.buying.book import BuyingBookSql
from forewarn.maintenance.exchange.desk import Applied, Exchange
from forewarn.maintenance.exchange.preview import Preview
from forewarn.maintenance.exchange.source_history import HistorySource
from forewarn.maintenance.exchange.source_parts import PartsSource, StockSource, SuppliersSource
from forewarn.maintenance.exchange.source_people import PeopleSource
from forewarn.maintenance.exchange.source_plans import PlansSource
from forewarn.maintenance.exchange.write_csv import csv_of
from forewarn.maintenance.exchange.write_xlsx import xlsx_of
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.outbox import pending
from forewarn.maintenance.people.book import PeopleBookSql
from forewarn.maintenance.plans.book import PlanBookSql
from forewarn.maintenance.records import Records
from forewarn.maintenance.stock.book import StockBookSql

PAT = Actor("pat", "planner")
NOW_US = 1_795_000_000_000_000
PEOPLE = "id,name,skills,week,rate_per_h\nann,Ann,mechanical:3,mon-fri 06:00-14:00,50\nbob,Bob,,sat 06:00-12:00,40\n"
PLANS = (
    "id,title,trigger,start,every,assets,meter,meter_every,season_first,season_last,steps\n"
    'g1,Grease,fixed,2027-01-04,2 weeks,p1; p2,,,11-01,03-31,"Lock out; Grease"\n'
    "m1,Oil,meter,2027-01-04,,p1,running_hours,500,,,\n"
)
HISTORY = (
    "date,asset,text,kind,cost,number,system,failure_mode\n"
    "2025-03-20,p1,Bearing changed,repair,1250.5,WO-1,bearing; seal,VIB\n"
    "2025-03-21T10:30Z,p1,,pm,,,,\n"
    "2025-03-21T10:30Z,p1,,pm,,,,\n"
)
PARTS = "id,name,price,lead time (weeks),substitutes,contains\nA,Bearing,12.5,2,B,\nB,Other,1,,A,\nK,Kit,0,,,A:2; B:1\n"
STOCK = "part,qty,location\nA,10,main\nB,3,main\n"
SUPPLIERS = "vendor,name,mail\ns1,SKF,a@example.com\ns2,FAG,\n"
ALL = {"people": PEOPLE, "plans": PLANS, "history": HISTORY, "parts": PARTS, "suppliers": SUPPLIERS}


@pytest.fixture
def records(any_records: Records) -> Records:
    return any_records


@pytest.fixture
def stock(records: Records) -> StockBookSql:
    return StockBookSql(records)


@pytest.fixture
def exchange(records: Records, stock: StockBookSql) -> Exchange:
    return made(records, stock)


def made(records: Records, stock: StockBookSql) -> Exchange:
    sources: list[Any] = [
        PartsSource(stock),
        StockSource(stock, lambda: NOW_US),
        SuppliersSource(BuyingBookSql(records, stock)),
        PeopleSource(PeopleBookSql(records)),
        PlansSource(PlanBookSql(records, OrderBookSql(records)), lambda: ["p1", "p2"]),
        HistorySource(records, lambda: ["p1", "p2"], lambda: "EUR"),
    ]
    return Exchange(records, {source.kind.name: source for source in sources})


def take(exchange: Exchange, kind: str, text: str, good_rows: bool = False) -> Applied:
    data = text.encode()
    token = exchange.preview(kind, data).token
    return exchange.apply(kind, data, token, PAT, NOW_US, f"{kind}.csv", good_rows)


def counts(exchange: Exchange, kind: str, data: bytes | str) -> dict[str, int]:
    return exchange.preview(kind, data.encode() if isinstance(data, str) else data).counts


def same(count: int) -> dict[str, int]:
    return {"new": 0, "changed": 0, "same": count, "wrong": 0}


def texts(preview: Preview) -> list[str]:
    return [issue.text for issue in preview.errors]


@pytest.mark.parametrize("kind", list(ALL))
def test_the_same_file_again_and_what_went_out_change_nothing(exchange: Exchange, kind: str) -> None:
    rows = len(ALL[kind].splitlines()) - 1
    assert counts(exchange, kind, ALL[kind]) == {"new": rows, "changed": 0, "same": 0, "wrong": 0}
    assert take(exchange, kind, ALL[kind]).written == rows
    assert counts(exchange, kind, ALL[kind]) == same(rows)
    assert take(exchange, kind, ALL[kind]).id is None
    described, kept = exchange.rows(kind)
    assert [counts(exchange, kind, write(described, kept)) for write in (csv_of, xlsx_of)] == [same(rows), same(rows)]


def test_a_preview_says_field_by_field_what_changes_and_writes_nothing(exchange: Exchange, records: Records) -> None:
    take(exchange, "people", PEOPLE)
    before = len(exchange.imports())
    preview = exchange.preview("people", b"id,rate_per_h,place\nbob,45.5,hall-2\nann,50,\n")
    assert [(row.key, [(c.column, c.old, c.new) for c in row.changes]) for row in preview.rows] == [
        (("bob",), [("place", "", "hall-2"), ("rate_per_h", 40.0, 45.5)]),
        (("ann",), []),
    ]
    assert len(exchange.imports()) == before
    assert PeopleBookSql(records).document("person", "bob").body["rate_per_h"] == 40.0  # type: ignore[union-attr]


def test_columns_that_a_file_does_not_have_keep_what_is_there(exchange: Exchange) -> None:
    take(exchange, "people", PEOPLE)
    take(exchange, "people", "id,place\nann,hall-1\n")
    ann = exchange.rows("people")[1][0]
    assert (ann["place"], ann["rate_per_h"], ann["skills"]) == ("hall-1", 50.0, {"mechanical": 3})


def test_a_new_row_needs_what_a_known_one_may_leave_out(exchange: Exchange) -> None:
    take(exchange, "people", PEOPLE)
    assert texts(exchange.preview("people", b"id,place\nann,x\ncy,x\n")) == [
        "row 3, column week: cy is new and has no week: add the column"
    ]


def test_while_a_row_is_wrong_nothing_is_applied_and_with_good_rows_the_others(exchange: Exchange) -> None:
    wrong = PEOPLE + "cy,Cy,mechanical:9,mon-fri 06:00-14:00,1\n"
    with pytest.raises(Rejected, match="row 4, column skills: 'mechanical:9' has 9 for mechanical: write 1 to 4"):
        take(exchange, "people", wrong)
    assert exchange.rows("people")[1] == []
    assert (take(exchange, "people", wrong, good_rows=True).written, exchange.imports()[0].wrong) == (2, 1)


def test_what_the_books_refuse_is_told_in_the_preview_with_its_column(exchange: Exchange) -> None:
    plans = (
        "id,title,trigger,start,every,assets,meter\nx,X,meter,2027-01-04,,p1,running_hours\ny,Y,fixed,2027-01-04,,p1,\n"
    )
    assert [(i.row, i.column) for i in exchange.preview("plans", plans.encode()).errors] == [
        (2, "meter_every"), (3, "trigger"),
    ]  # fmt: skip
    history = "date,asset\n2025-01-01,nowhere\n"
    assert texts(exchange.preview("history", history.encode())) == [
        "row 2, column asset: the plant file has no asset 'nowhere': name it in `assets` or there"
    ]
    parts = "id,lead_p50_days,lead_p90_days,substitutes\nA,9,3,\nB,,,A\nC,,,nope\n"
    found = exchange.preview("parts", parts.encode()).errors
    assert [(i.row, i.column) for i in found] == [(2, "lead_p90_days"), (3, "substitutes"), (4, "substitutes")]


def test_what_changed_since_the_preview_is_previewed_again_and_nothing_is_written(exchange: Exchange) -> None:
    take(exchange, "people", PEOPLE)
    change = b"id,rate_per_h\nann,55\n"
    token = exchange.preview("people", change).token
    take(exchange, "people", "id,rate_per_h\nann,60\n")
    with pytest.raises(Conflict, match="preview it again"):
        exchange.apply("people", change, token, PAT, NOW_US)
    assert exchange.rows("people")[1][0]["rate_per_h"] == 60.0


def test_every_row_has_its_audit_row_and_the_import_its_own(exchange: Exchange, records: Records) -> None:
    done = take(exchange, "people", PEOPLE)
    assert [row["action"] for row in PeopleBookSql(records).history("person:ann")] == ["added"]
    told = PeopleBookSql(records).history(f"import:{done.id}")
    assert (told[0]["action"], told[0]["after"]["new"]) == ("table imported", 2)  # type: ignore[index]
    assert "table.imported" in [message.kind for message in pending(records, 50)]
    assert verify_audit(records) is None


@pytest.mark.parametrize("kind", ["people", "plans", "parts", "suppliers"])
def test_an_import_is_undone_as_a_whole_once(exchange: Exchange, records: Records, kind: str) -> None:
    done = take(exchange, kind, ALL[kind])
    assert done.id is not None
    undone = exchange.undo(done.id, PAT, NOW_US + 1)
    assert (undone.undone_by, undone.undone_at_us) == ("pat", NOW_US + 1)
    kept = exchange.rows(kind)[1]
    assert kept == [] if kind == "parts" else all(row["active"] is False for row in kept)
    with pytest.raises(Conflict, match="undone already"):
        exchange.undo(done.id, PAT, NOW_US + 2)
    assert verify_audit(records) is None


def test_undoing_a_change_gives_back_what_was_said_before(exchange: Exchange) -> None:
    take(exchange, "people", PEOPLE)
    before = exchange.rows("people")[1]
    done = take(exchange, "people", "id,rate_per_h,week\nann,99,sun 00:00-06:00\nbob,98,sun 00:00-06:00\n")
    exchange.undo(done.id or 0, PAT, NOW_US + 1)
    assert exchange.rows("people")[1] == before


def test_nothing_is_undone_when_somebody_touched_one_of_the_rows(exchange: Exchange) -> None:
    done = take(exchange, "people", PEOPLE)
    take(exchange, "people", "id,rate_per_h\nbob,41\n")
    with pytest.raises(Conflict, match=r"1 rows were changed since \(bob\)"):
        exchange.undo(done.id or 0, PAT, NOW_US + 1)
    assert all(row["active"] for row in exchange.rows("people")[1])


def test_the_past_comes_in_once_is_never_changed_and_never_taken_back(exchange: Exchange, records: Records) -> None:
    done = take(exchange, "history", HISTORY)
    changed = HISTORY.replace("1250.5", "9")
    assert texts(exchange.preview("history", changed.encode())) == [
        "row 2, column key: 'WO-1' is in the records and says something else there: take the row out"
    ]
    with pytest.raises(Rejected, match="not taken back"):
        exchange.undo(done.id or 0, PAT, NOW_US + 1)
    assert len(OrderBookSql(records).orders()) == 3


def test_cards_that_name_each_other_come_in_together_whatever_their_order(
    exchange: Exchange, stock: StockBookSql
) -> None:
    take(exchange, "parts", PARTS)
    cards = {card.id: card for card in stock.cards()}
    assert (cards["A"].substitutes, cards["B"].substitutes) == (("B",), ("A",))
    assert (cards["A"].lead_p50_days, cards["A"].lead_p90_days) == (14.0, 14.0)
    assert [(line.part, line.quantity) for line in cards["K"].contains] == [("A", 2), ("B", 1)]


def test_a_number_that_lost_its_zeros_is_asked_about(exchange: Exchange) -> None:
    take(exchange, "parts", "id,name\n00123,Bearing\n")
    assert texts(exchange.preview("parts", b"id,name\n123,Bearing\n")) == [
        "row 2, column id: '123' is new, and 00123 is known: write 00123"
    ]


def test_new_cards_stay_when_something_was_done_with_them(exchange: Exchange, stock: StockBookSql) -> None:
    done = take(exchange, "parts", PARTS)
    stock.move(NewMove("A", "@opening", "main", 1, MoveReason.OPENING, NOW_US), PAT)
    with pytest.raises(Conflict, match="something was done with A"):
        exchange.undo(done.id or 0, PAT, NOW_US + 1)
    assert len(stock.cards()) == 3


def test_a_table_of_stock_is_a_count_and_its_difference_is_booked(exchange: Exchange, stock: StockBookSql) -> None:
    take(exchange, "parts", PARTS)
    first = take(exchange, "stock", STOCK)
    assert counts(exchange, "stock", STOCK) == same(2)
    second = take(exchange, "stock", "part,qty\nA,7\n")
    booked = [(m.part, m.quantity, m.reason.value) for m in reversed(stock.moves())]
    assert booked == [("A", 10, "opening"), ("B", 3, "opening"), ("A", 3, "count")]
    exchange.undo(second.id or 0, PAT, NOW_US + 1)
    assert stock.level("A", NOW_US).on_hand == 10
    exchange.undo(first.id or 0, PAT, NOW_US + 2)
    assert [level.on_hand for level in stock.levels(NOW_US)] == [0, 0, 0]


def test_stock_of_unknown_parts_places_and_batches_says_what_to_do(exchange: Exchange, stock: StockBookSql) -> None:
    stock.save_card(PartCard("oil", shelf_life_days=365), PAT, NOW_US)
    table = b"part,qty,place,batch,expires\nX,1,main,,\noil,1,cellar,,\noil,1,main,,\noil,2,main,L1,2028-01-31\n"
    preview = exchange.preview("stock", table)
    assert [(i.row, i.column) for i in preview.errors] == [(2, "part"), (3, "place"), (4, "batch")]
    exchange.apply("stock", table, preview.token, PAT, NOW_US, good_rows=True)
    assert exchange.rows("stock")[1] == [
        {"part": "oil", "place": "main", "batch": "L1", "on_hand": 2, "expires": "2028-01-31"}
    ]
    assert [i.column for i in exchange.preview("stock", table.replace(b"2028-01-31", b"2029-01-31")).errors][
        -1
    ] == "expires"


def test_unknown_kinds_and_imports_are_refused_and_what_only_goes_out_does_not_come_in(exchange: Exchange) -> None:
    with pytest.raises(Rejected, match="known are parts, stock"):
        exchange.preview("bolts", b"id\n1\n")
    with pytest.raises(Rejected, match="there is no import 99"):
        exchange.undo(99, PAT, NOW_US)


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 20), st.booleans()), max_size=8))
def test_whatever_comes_in_and_is_undone_the_ledger_says_what_the_tables_said(
    sqlite_records: Records, steps: list[tuple[str, int, bool]]
) -> None:
    stock = StockBookSql(sqlite_records)
    exchange = made(sqlite_records, stock)
    take(exchange, "parts", "id\nA\nB\nC\n")
    take(exchange, "stock", "part,qty\nA,0\nB,0\nC,0\n")
    level = {part: stock.level(part, NOW_US).on_hand for part in "ABC"}
    for part, pieces, back in steps:
        before = level[part]
        done = take(exchange, "stock", f"part,qty\n{part},{pieces}\n")
        assert (done.id is None) == (pieces == before)
        if back and done.id is not None:
            exchange.undo(done.id, PAT, NOW_US)
        level[part] = before if back else pieces
        assert {one: stock.level(one, NOW_US).on_hand for one in "ABC"} == level
