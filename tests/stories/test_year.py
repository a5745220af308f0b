"""A year in a small plant, on SQLite and on PostgreSQL: at its end every table agrees with what people really did."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from forewarn.core.buying import PurchaseStatus
from forewarn.core.clock import US_PER_HOUR
from forewarn.core.jobs import Job, LineKind, standing
from forewarn.core.plans import SlotState
from forewarn.core.stock import MoveReason, ReservationState
from forewarn.core.work import OrderKind, Status, WorkOrder
from forewarn.maintenance.analysis.facts import Period
from forewarn.maintenance.audit import audit_head, verify_audit
from forewarn.maintenance.orders.asset_file import AssetFileRows
from forewarn.maintenance.orders.desk import snapshot
from forewarn.maintenance.orders.rows import read_orders
from forewarn.maintenance.records import open_records
from forewarn.maintenance.records_tables import AUDIT, ORDER_CAUSE, OUTBOX, WORK_ORDER
from forewarn.pipeline.analysis import Analysis
from tests.conftest import DATABASES, new_database
from tests.maintenance.analysis.oracle import slow_figures
from tests.stories.works import START_US, WEEK_US, WEEKS, people
from tests.stories.year import RETIRE_WEEK, RETIRED, Year

pytestmark = pytest.mark.slow
END_US = START_US + WEEKS * WEEK_US


@pytest.fixture(scope="module", params=DATABASES)
def year(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    for url in new_database(request, request.param, tmp_path_factory.mktemp("year")):
        records = open_records(url)
        lived = Year(records)
        lived.run()
        yield lived
        records.close()


def _number(named: tuple[str, object]) -> int:
    return int(named[0].removeprefix("line "))


def orders_of(year: Year) -> list[WorkOrder]:
    return year.book.orders(limit=10_000)


def job_of(year: Year, order_id: str) -> Job:
    job = year.book.job(order_id)
    assert job is not None
    return job


def test_the_year_has_everything_that_a_year_has(year: Year) -> None:
    noted, kinds = year.notebook, Counter(order.kind for order in orders_of(year))
    assert len(year.plant.assets) == 40
    assert noted.announced >= 10
    assert noted.breakdowns >= 3
    assert kinds[OrderKind.PREVENTIVE] >= 60
    assert kinds[OrderKind.INSPECTION] >= 20
    assert min(len(noted.failed), len(noted.cancelled), noted.bad_gaps, noted.slips) >= 1
    assert noted.refused_offline == 1  # the second of two who finished one job offline


def test_every_order_is_where_the_notebook_says(year: Year) -> None:
    noted = year.notebook
    for order in orders_of(year):
        if order.id in noted.cancelled:
            assert order.status is Status.CAN
        elif order.id in noted.closed:
            assert order.status is Status.CLOSE
        elif order.id in noted.failed:
            assert order.status is Status.COMP
        else:  # of the last weeks: not yet done
            assert order.is_open
            assert order.created_at_us > START_US + 48 * WEEK_US, order


def test_hours_of_labour_are_those_that_people_worked(year: Year) -> None:
    told: defaultdict[str, float] = defaultdict(float)
    for order in orders_of(year):
        for line in standing(job_of(year, order.id).lines):
            if line.line.kind is LineKind.LABOUR:
                told[line.line.what] += line.line.quantity
    assert told == year.notebook.hours


def test_money_and_pieces_of_each_machine_add_up(year: Year) -> None:
    files = AssetFileRows(year.records)
    for asset in year.plant.assets:
        spent = sum(row.total for row in files.summary(asset.id).spent)
        assert spent == pytest.approx(year.notebook.money[asset.id], abs=0.005)
        used = {use.part: use.used for use in files.summary(asset.id).parts if use.used}
        assert used == {part: n for (where, part), n in year.notebook.pieces.items() if where == asset.id}


def test_machines_stood_as_long_as_they_stood(year: Year) -> None:
    stood: defaultdict[str, float] = defaultdict(float)
    for order in orders_of(year):
        for line in standing(job_of(year, order.id).lines):
            if line.line.kind is LineKind.DOWNTIME and line.line.start_us is not None and line.line.end_us is not None:
                stood[order.asset] += (line.line.end_us - line.line.start_us) / US_PER_HOUR
    assert stood == pytest.approx(dict(year.notebook.stood_h))


def test_the_history_of_each_order_replays_to_its_state(year: Year) -> None:
    with year.records.read() as connection:
        kept = {found.order.id: found for found in read_orders(connection, sa.select(WORK_ORDER))}
    for id, found in kept.items():
        replayed: dict[str, Any] = {}
        for row in year.book.history(id):
            before, after = row["before"], row["after"]
            assert isinstance(before, dict)
            assert isinstance(after, dict)
            known = before.keys() & replayed.keys()
            assert {name: replayed[name] for name in known} == {name: before[name] for name in known}
            replayed |= after
        state = json.loads(json.dumps(snapshot(found)))
        assert {name: replayed[name] for name in state} == state
        told = {name: value for name, value in replayed.items() if name.startswith("line ")}
        assert [value["line"]["quantity"] for _, value in sorted(told.items(), key=_number)] == [
            line.line.quantity for line in job_of(year, id).lines
        ]


def test_the_audit_is_whole_and_every_message_names_its_row(year: Year) -> None:
    assert verify_audit(year.records) is None
    with year.records.read() as connection:
        rows = connection.execute(sa.select(sa.func.count()).select_from(AUDIT)).scalar()
        bodies = [json.loads(body) for body in connection.execute(sa.select(OUTBOX.c.body)).scalars()]
    assert rows == audit_head(year.records).seq
    named = [body["audit"] for body in bodies if "audit" in body]
    assert len(named) == len(set(named))
    assert set(named) <= set(range(1, rows + 1))


def test_no_fault_ever_has_two_open_orders(year: Year) -> None:
    key = ORDER_CAUSE.c.asset, ORDER_CAUSE.c.component, ORDER_CAUSE.c.mechanism
    twice = sa.select(*key).where(ORDER_CAUSE.c.open).group_by(*key).having(sa.func.count() > 1)
    with year.records.read() as connection:
        assert connection.execute(twice).all() == []


def test_each_slot_of_each_plan_became_one_order_that_was_done(year: Year) -> None:
    orders = {order.id: order for order in orders_of(year)}
    slots = year.plans.slots()
    assert len({(slot.plan, slot.asset, slot.key) for slot in slots}) == len(slots)
    for slot in slots:
        order = orders[slot.order_id or ""]
        assert (slot.state is SlotState.DONE) == (order.status in (Status.COMP, Status.CLOSE))
    retired_us = START_US + RETIRE_WEEK * WEEK_US
    assert not [slot for slot in slots if slot.asset == RETIRED and slot.at_us > retired_us]
    assert [slot for slot in slots if slot.asset == RETIRED]


def test_nobody_was_planned_while_away_or_twice_at_once(year: Year) -> None:
    staff = {person.id: person for person in people()}
    planned = sorted(year.worked, key=lambda one: (one.person, one.start_us))
    for one in planned:
        windows = staff[one.person].windows(one.start_us - WEEK_US, one.stop_us + WEEK_US)
        assert any(start <= one.start_us and one.stop_us <= stop for start, stop in windows), one
    for before, after in pairwise(planned):
        assert before.person != after.person or before.stop_us <= after.start_us


def test_a_late_part_holds_its_order_and_is_told_once(year: Year) -> None:
    with year.records.read() as connection:
        kinds = Counter(connection.execute(sa.select(OUTBOX.c.kind)).scalars())
    assert kinds["step.slipped"] == year.notebook.slips
    assert year.notebook.slips >= 5
    assert year.supply.shelf.waited
    for id in year.supply.shelf.waited - year.notebook.cancelled:
        order = year.book.order(id)
        assert order is not None
        statuses = [row["after"].get("status") for row in year.book.history(id)]  # type: ignore[attr-defined]
        if "INPRG" in statuses:
            assert statuses.index("WMATL") < statuses.index("INPRG")


# ---- the store room and the buyer


def test_the_shelf_holds_what_the_ledger_says_and_every_move_has_two_sides(year: Year) -> None:
    stock, shelf = year.supply.stock, year.supply.shelf
    moves = stock.moves(limit=100_000)
    assert sorted(move.seq for move in moves) == list(range(1, len(moves) + 1))
    sums: Counter[tuple[str, str]] = Counter()
    for move in moves:
        sums[move.part, move.from_place] -= move.quantity
        sums[move.part, move.to_place] += move.quantity
    for part, pieces in shelf.pieces.items():
        assert sum(count for (name, _), count in sums.items() if name == part) == 0
        level = stock.level(part, END_US)
        assert (sums[part, "main"], sums[part, "quarantine"], level.on_hand) == (pieces, 0, pieces)
        assert sums[part, "@scrap"] == (shelf.scrapped if part == "belt-08" else 0)
        assert sums[part, "@difference"] == (shelf.stolen if part == "grease" else 0)
    reasons = Counter(move.reason for move in moves)
    assert shelf.brought_back == reasons[MoveReason.GIVE_BACK] >= 3
    assert shelf.returned == reasons[MoveReason.TO_SUPPLIER] == 1


def test_pieces_of_each_job_were_used_and_paid_for_once(year: Year) -> None:
    handed = year.supply.shelf.handed
    for order in orders_of(year):
        used: Counter[str] = Counter()
        for move in year.supply.stock.moves(order=order.id):
            used[move.part] += {MoveReason.USE: move.quantity}.get(move.reason, 0)
        assert used == {part: n for (id, part), n in handed.items() if id == order.id}
        paid = Counter[str]()
        for line in standing(job_of(year, order.id).lines):
            if line.line.kind is LineKind.PART:
                paid[line.line.what] += round(line.line.quantity)
        assert paid == used
        assert not year.supply.stock.in_hand(order.id)


def test_nothing_is_put_aside_for_work_that_is_over(year: Year) -> None:
    held: Counter[str] = Counter()
    for one in year.supply.stock.reservations(open_only=True):
        order = year.book.order(one.order)
        assert order is not None
        assert order.is_open
        held[one.part] += one.left if one.state is ReservationState.HELD else 0
    for part, pieces in year.supply.shelf.pieces.items():
        level = year.supply.stock.level(part, END_US)
        assert (level.reserved, level.available) == (held[part], pieces - held[part])


def test_what_was_bought_came_once_or_is_still_on_its_way(year: Year) -> None:
    buying, shelf = year.supply.buying, year.supply.shelf
    ordered: Counter[str] = Counter()
    for purchase in buying.purchases(limit=None):
        (line,) = purchase.lines
        ordered[line.part] += line.quantity
        accepted = sum(told.accepted for receipt in buying.receipts(purchase.id) for told in receipt.lines)
        assert line.accepted == accepted
        if purchase.status is PurchaseStatus.CLOSED:
            assert line.open == 0
        else:
            assert purchase.sent_at_us is not None
            assert purchase.sent_at_us > END_US - 3 * WEEK_US
    assert ordered == shelf.bought
    with_ledger = Counter[str]()
    for move in year.supply.stock.moves(limit=100_000):
        if move.reason is MoveReason.RECEIPT and move.to_place == "main":
            with_ledger[move.part] += move.quantity
    assert with_ledger == shelf.received
    for part in ordered:
        assert sum(one.quantity for one in buying.on_order(part)) == ordered[part] - shelf.received[part]


def test_the_late_supplier_scores_below_the_punctual_one(year: Year) -> None:
    late, punctual = (year.supply.buying.score(id, END_US).figure("on_time").value for id in ("slowco", "bearco"))
    assert late is not None
    assert punctual is not None
    assert late < 0.2 < 0.8 < punctual


def test_the_machine_that_was_sold_left_no_work_and_no_parts_behind(year: Year) -> None:
    orders = year.book.orders(asset=RETIRED, limit=1000)
    assert not [order for order in orders if order.is_open]
    waited = [order for order in orders if order.status is Status.CAN and order.parts]
    assert [order for order in waited if order.id in year.supply.shelf.waited]
    assert year.supply.shelf.scrapped == 2


def test_every_figure_equals_its_slow_recomputation_from_the_books(year: Year) -> None:
    period = Period(START_US, END_US, ZoneInfo("UTC"))
    slow = slow_figures(year.records, year.plant, START_US, END_US, END_US)
    analysis = Analysis(lambda: year.plant, year.records, None, lambda: END_US)
    found = {answer.key: answer for answer in analysis.figures(period)}
    assert len(slow) >= 12
    for key, (above, below) in slow.items():
        assert found[key].numerator == pytest.approx(above, abs=1e-6), key
        assert (found[key].denominator or 0.0) == pytest.approx(below, abs=1e-6), key
