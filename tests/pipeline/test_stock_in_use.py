"""Advice reckons with what the store room has."""

from __future__ import annotations

from forewarn.core.clock import US_PER_DAY
from forewarn.core.plant import PartLine
from forewarn.core.stock import OnOrder
from forewarn.maintenance.advice import advise
from forewarn.maintenance.records import Records
from forewarn.pipeline.stock_in_use import plant_in_stock
from tests.maintenance.samples import ANN, BEARING, NOW_US, assessment, plant_of, pump
from tests.maintenance.stock.store_house import StoreHouse


def test_a_part_on_the_shelf_needs_no_lead_time_and_one_put_aside_for_the_machine_is_there(
    any_records: Records,
) -> None:
    house, plant = StoreHouse(any_records), plant_of(pump(), BEARING)
    house.stock.open_cards(plant.parts, NOW_US)

    def order_by_us() -> int | None:
        known = plant_in_stock(plant, pump(), house.stock, NOW_US)
        return advise(assessment(), pump(), known)[0].order_by_us

    without = advise(assessment(), pump(), plant)[0].order_by_us
    assert order_by_us() == without
    house.receive("6205", 1)
    there = order_by_us()
    assert without is not None
    assert there is not None
    assert there > without
    house.stock.reserve(house.order().id, [PartLine("6205")], ANN, NOW_US)
    assert house.stock.level("6205", NOW_US).available == 0
    assert order_by_us() == there


def test_a_delivery_that_slips_moves_the_dates_of_the_machine_that_waits_for_it(any_records: Records) -> None:
    house, plant = StoreHouse(any_records), plant_of(pump(), BEARING)
    house.stock.open_cards(plant.parts, NOW_US)
    due_us = [NOW_US + 2 * US_PER_DAY]
    house.stock.tells_on_order(lambda _, part: [OnOrder(part, 1, due_us[0], "PO-000001")])

    def chance() -> float:
        known = plant_in_stock(plant, pump(), house.stock, NOW_US)
        found = advise(assessment(), pump(), known)[0].win_probability
        assert found is not None
        return found

    usual = chance()  # nobody of this machine waits: what is on order may be for others
    house.stock.reserve(house.order().id, [PartLine("6205")], ANN, NOW_US)
    soon = chance()
    assert soon > usual
    due_us[0] = NOW_US + 60 * US_PER_DAY
    assert chance() < usual < soon
