"""Figures of parts equal a slow recomputation from ledger, audit, kept forecasts and receipts."""

from __future__ import annotations

from datetime import UTC

import numpy as np
import pytest

from forewarn.core.clock import US_PER_DAY
from forewarn.core.demand import CauseKind, PartDemand, Trace, Window
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.plant import PartLine, Plant
from forewarn.core.stock import MoveReason, NewMove
from forewarn.core.work import Status
from forewarn.maintenance.analysis.facts import Period
from forewarn.maintenance.demand.book import DemandBook
from forewarn.maintenance.demand.desk import MonthForecast
from forewarn.maintenance.records import Records
from forewarn.pipeline.analysis import Analysis, Change, Scope
from tests.maintenance.analysis.oracle_parts import slow_part_figures, slow_supplier_costs
from tests.maintenance.buying.world import World
from tests.maintenance.samples import ANN, NOW_US
from tests.maintenance.stock.store_house import KIM, StoreHouse

H = 3_600_000_000
START_US = NOW_US - NOW_US % H
PARTS = ("6205", "seal", "belt")
NOWHERE = Plant("works", (), ())


def analysis(records: Records, now_us: int) -> Analysis:
    return Analysis(lambda: NOWHERE, records, None, lambda: now_us)


class Shelf:
    """A store room that lives at random, an hour or some days at a time."""

    def __init__(self, records: Records, seed: int) -> None:
        self.house, self.rng, self.now_us = StoreHouse(records), np.random.default_rng(seed), START_US
        for part, price in zip(PARTS, (10.0, 3.5, 120.0), strict=True):
            self.house.card(part, 4, START_US, price=price)
        self.orders = [self.house.order(at_us=START_US) for _ in range(6)]

    def live(self, steps: int) -> None:
        for _ in range(steps):
            self.now_us += int(self.rng.choice([1, 7, 30, 100])) * H
            try:
                self._something()
            except (Conflict, Rejected):  # nothing there, or not allowed now: as in life
                continue

    def _something(self) -> None:
        part, pieces = PARTS[int(self.rng.integers(3))], int(self.rng.integers(1, 4))
        order = self.orders[int(self.rng.integers(len(self.orders)))]
        what = self.rng.choice(["receive", "reserve", "reserve", "issue", "issue", "back", "release", "scrap", "new"])
        stock, now_us = self.house.stock, self.now_us
        if what == "receive":
            self.house.receive(part, pieces + 2, now_us, unit_cost=float(self.rng.integers(2, 20)))
        elif what == "reserve":
            need = None if self.rng.random() < 0.4 else now_us + int(self.rng.integers(-50, 300)) * H
            had = sum(one.quantity for one in stock.reservations(order.id) if one.part == part)
            stock.reserve(order.id, [PartLine(part, had + pieces)], KIM, now_us, need)
        elif what == "issue":
            stock.issue(order.id, part, pieces, KIM, now_us)
        elif what == "back":
            out = stock.moves(reasons=[MoveReason.ISSUE])
            if out:
                some = out[int(self.rng.integers(len(out)))]
                stock.give_back(some.order or "", some.part, 1, KIM, now_us)
        elif what == "release":
            stock.release(order.id, KIM, now_us)
        elif what == "scrap":
            stock.move(NewMove(part, "main", "@scrap", 1, MoveReason.SCRAP, now_us), KIM)
        else:
            self.orders.append(self.house.order(at_us=now_us))


@pytest.mark.slow
def test_service_level_turns_and_accuracy_equal_a_slow_recomputation(any_records: Records) -> None:
    shelf = Shelf(any_records, 1)
    shelf.live(70)
    months = [
        MonthForecast(f"2027-{n:02d}", START_US + n * 300 * H, START_US + (n + 1) * 300 * H, demand(part, 0.7 + n))
        for n in range(6)
        for part in PARTS
    ]
    DemandBook(any_records).hold("2027-01", [], months, 0.0, ANN, shelf.now_us)
    said = 0
    for first, last in ((0, 10_000), (100, 1_100), (300, 900)):
        period = Period(START_US + first * H, START_US + last * H, UTC)
        slow = slow_part_figures(any_records, period.from_us, period.to_us, shelf.now_us)
        for key, (above, below) in slow.items():
            answer = analysis(any_records, shelf.now_us).figure(key, period)
            assert answer.numerator == pytest.approx(above), key
            assert answer.denominator == pytest.approx(below), key
            value = None if not below else above / below if key != "forecast_accuracy" else max(0.0, 1 - above / below)
            assert answer.value == (None if value is None else pytest.approx(value)), key
            said += value is not None
    assert said >= 8
    assert {move.reason for move in shelf.house.stock.moves(limit=1000)} >= {MoveReason.ISSUE, MoveReason.GIVE_BACK}
    served, asked = slow_part_figures(any_records, START_US, START_US + 10_000 * H, shelf.now_us)["service_level"]
    assert 0 < served < asked


def demand(part: str, mean: float) -> PartDemand:
    chances = np.zeros(12)
    low = int(mean)
    chances[low], chances[low + 1] = 1 - (mean - low), mean - low
    trace = Trace(CauseKind.UNEXPLAINED, "", "bearings", mean, 1.0)
    return PartDemand(part, START_US, Window.of_days(12.5), chances, (trace,))


def test_of_some_machines_alone_there_is_no_stock_and_no_forecast(any_records: Records) -> None:
    shelf = Shelf(any_records, 3)
    order = shelf.orders[0]
    shelf.house.stock.reserve(order.id, [PartLine("belt", 3)], KIM, START_US + H)
    found, period = analysis(any_records, START_US + 9 * H), Period(START_US, START_US + 8 * H, UTC)
    assert found.figure("service_level", period, Scope(order.asset)).value == 1.0
    turns = found.figure("stock_turns", period, Scope(order.asset))
    assert (turns.value, "whole plant" in turns.why) == (None, True)
    assert found.figure("forecast_accuracy", period).why == "nothing is kept of forecasts here yet"


def test_costs_by_supplier_are_what_was_received_with_freight_once(any_records: Records) -> None:
    world = World(any_records)
    first, second = world.sent(6, supplier="acme"), world.sent(4, key="more", supplier="best")
    day = US_PER_DAY
    world.came(first, 2, "LS-1", NOW_US + 3 * day)
    world.came(first, 4, "LS-2", NOW_US + 40 * day, accepted=3, returned=1)
    world.came(second, 4, "LS-1", NOW_US + 5 * day, accepted=3, quarantined=1)
    found = analysis(any_records, NOW_US + 90 * day)
    for from_day, to_day in ((0, 90), (0, 10), (10, 90), (60, 90)):
        period = Period(NOW_US + from_day * day, NOW_US + to_day * day, UTC)
        slow = slow_supplier_costs(any_records, period.from_us, period.to_us)
        assert {cost.what: cost.total for cost in found.costs(period, "supplier")} == pytest.approx(slow)
    assert slow_supplier_costs(any_records, NOW_US, NOW_US + 90 * day) == {"acme": 150.0, "best": 120.0}


def test_a_new_supplier_is_compared_from_its_first_delivery_on(any_records: Records) -> None:
    world = World(any_records)
    with pytest.raises(Rejected, match="nothing was ever received from 'acme'"):
        analysis(any_records, NOW_US).compare(Change("supplier", "acme"))
    day, order = US_PER_DAY, world.order()
    world.came(world.sent(6, supplier="acme"), 6, "LS-1", NOW_US + 3 * day)
    with pytest.raises(Rejected, match="no report tells of supplier"):
        analysis(any_records, NOW_US + 9 * day).compare(Change("supplier", "acme"))
    order = world.orders.act(order.id, Status.APPR, ANN, world.orders.order(order.id).revision, NOW_US + 4 * day)  # type: ignore[union-attr]
    world.stock.issue(order.id, "6205", 2, ANN, NOW_US + 5 * day)
    found = analysis(any_records, NOW_US + 60 * day).compare(Change("supplier", "acme", days=40))
    assert (found.at_us, found.verdict) == (NOW_US + 3 * day, "cannot_tell")
    assert found.failures.after_h == pytest.approx(40 * 24)
    part = analysis(any_records, NOW_US + 60 * day).compare(Change("part", "6205", days=40))
    assert part.at_us == NOW_US + 5 * day
