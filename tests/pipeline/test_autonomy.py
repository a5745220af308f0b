"""From readings to orders behind the gate: what finds no place is held, and the most urgent comes first."""

from __future__ import annotations

import pytest

from forewarn.core.autonomy import WHOLE_PLANT
from forewarn.core.labels import Finding, Label
from forewarn.core.ports import Actor
from forewarn.maintenance.autonomy.book import AutonomyBook
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import Records
from forewarn.pipeline.autonomy import Precision, measured
from tests.pipeline.machines import SPALL, Works

ANN = Actor("ann")


def label(number: int, finding: Finding, told_us: int, asset_class: str = "pump") -> Label:
    name = f"WO-{number:06d}"
    return Label(name, name, "p1", asset_class, SPALL, 0.8, None, 0, told_us, finding)


def test_precision_is_counted_for_one_class_from_a_moment_on_and_partly_right_is_right() -> None:
    told = [
        label(1, Finding.NOT_FOUND, 5),
        label(2, Finding.CONFIRMED, 10),
        label(3, Finding.PARTLY, 11),
        label(4, Finding.NOT_FOUND, 12),
        label(5, Finding.NOT_FOUND, 13, "fan"),
    ]
    found = measured(told, "pump", 10)
    assert (found.right, found.judged) == (2, 3)
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < 2 / 3 < found.high < 1
    assert measured(told, "valve", 0).low is None


def test_what_advice_weighs_by_follows_the_findings_of_its_class_and_few_of_them_move_it_little() -> None:
    precision = Precision()
    precision.learn([label(1, Finding.NOT_FOUND, 5)])
    assert precision.settings_for("pump").real_share == pytest.approx(4 / 6)
    precision.learn([label(n, Finding.NOT_FOUND, n) for n in range(95)])
    assert precision.settings_for("pump").real_share == pytest.approx(4 / 100)
    assert precision.settings_for("fan").real_share == 0.8


@pytest.mark.slow
def test_machines_in_alarm_wait_for_the_budget_and_the_most_urgent_gets_the_first_place(any_records: Records) -> None:
    records = any_records
    orders = OrderBookSql(records)
    works = Works("slow", "fast", "sound", orders=orders)
    book = AutonomyBook(records, lambda: works.plant)
    orders.behind(book.gate)
    book.move(WHOLE_PLANT, ANN, 0, works.now_us, "nobody is there", orders_per_week=0)
    works.run(130, {"slow": 0.0, "fast": 0.0, "sound": 0.0})
    for step in range(200):
        works.run(2, {"slow": 0.04 * step, "fast": 0.06 * step, "sound": 0.0})
        held = book.held(works.now_us)
        if {one.advice.asset for one in held} >= {"slow", "fast"}:
            break
    assert {one.advice.asset for one in held} == {"slow", "fast"}
    assert orders.orders(open_only=True) == []
    assert works.scorer.stats.failures == 0
    most_urgent = held[0].advice.asset
    book.move(WHOLE_PLANT, ANN, 1, works.now_us, "one of us is back", orders_per_week=1)
    works.run(6, {"slow": 0.04 * step, "fast": 0.06 * step, "sound": 0.0})
    (order,) = orders.orders(open_only=True)
    left = [one.advice.asset for one in book.held(works.now_us)]
    assert order.asset == most_urgent
    assert left == [({"slow", "fast"} - {most_urgent}).pop()]
