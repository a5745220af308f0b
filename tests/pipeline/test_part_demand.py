"""Demand for parts joined from lives, orders, plans and the ledger."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from forewarn.core.errors import Rejected
from forewarn.core.faults import Fault
from forewarn.core.health import RulForecast
from forewarn.core.plans import Every, MeterRule, Plan, Trigger, Unit
from forewarn.core.plant import PartLine
from forewarn.core.readings import Readings
from forewarn.core.shifts import Shift, ShiftPlan
from forewarn.core.stock import PartCard
from forewarn.core.work import OrderKind, Status
from forewarn.maintenance.records import open_records
from tests.api.rooms import SPALL
from tests.maintenance.samples import ANN, MODEL, NOW_US, advice, forecast
from tests.pipeline.part_world import BEARING, FAULT, ORDER, PLAN, REST, SEAL, PartWorld

INNER = Fault("de_bearing", "inner_race_spall")
P101, P102 = ((FAULT.value, asset, str(SPALL)) for asset in ("p101", "p102"))


@pytest.fixture
def world(migrated_records: Path, tmp_path: Path) -> Iterator[PartWorld]:
    """On a file: what is kept is tried on both databases in `test_part_reviews`."""
    shutil.copy(migrated_records, tmp_path / "records.db")
    records = open_records(f"sqlite:///{tmp_path}/records.db")
    yield PartWorld(records)
    records.close()


def weekly(pieces: int = 1, **more: object) -> Plan:
    """A preventive plan of pump 1 that takes seals."""
    plan = Plan(
        "seals", "Change the seal", Trigger.FIXED, date(2027, 1, 4), ("p101",), every=Every(1, Unit.WEEKS),
        parts=(PartLine(SEAL, pieces),),
    )  # fmt: skip
    return replace(plan, **more)  # type: ignore[arg-type] # fields of a plan


def test_raising_one_assets_failure_probability_raises_exactly_the_pieces_traced_to_it(world: PartWorld) -> None:
    world.plans.save(weekly(parts=(PartLine(BEARING),)), ANN, NOW_US)
    world.use(BEARING, 2, world.day(-100))
    world.spall("p101", 0.4)
    world.spall("p102", 0.5, 600.0)
    before = world.demand(days=None)
    world.spall("p101", 0.8)
    after = world.demand(days=None)
    old, new = ({t.key: t.pieces for t in demand.traces} for demand in (before, after))
    assert new.pop(P101) == pytest.approx(2 * old.pop(P101), abs=1e-12)
    assert new == old  # to the last bit
    assert {kind for kind, _, _ in old} == {FAULT.value, PLAN.value, REST.value}
    for demand in (before, after):
        assert sum(trace.pieces for trace in demand.traces) == pytest.approx(demand.mean, abs=1e-9)


def test_a_fault_asks_with_its_probability_times_the_chance_to_fail_inside_the_window(world: PartWorld) -> None:
    world.assess(
        "p101", (SPALL, 0.6, forecast(240.0, 480.0, 960.0)), (INNER, 0.3, forecast(240.0, 480.0, 960.0, INNER))
    )
    assert world.pieces(days=20.0) == pytest.approx({P101: 0.3, (FAULT.value, "p101", str(INNER)): 0.15})
    assert world.demand(days=20.0).traces[0].when_us is not None
    assert world.pieces(SEAL) == {}


def test_operating_hours_become_days_by_hours_per_day_and_by_the_shift_plan(world: PartWorld) -> None:
    half = replace(world.plant.assets[0], operating_hours_per_day=12.0)
    shifts = ShiftPlan(tuple(Shift(day, 0, 720) for day in range(7)))
    shifted = replace(world.plant.assets[1], shifts=shifts)
    world.plant = replace(world.plant, assets=(half, shifted, *world.plant.assets[2:]))
    for asset in ("p101", "p102"):
        world.assess(asset, (SPALL, 1.0, forecast(60.0, 120.0, 240.0)))
    found = world.pieces(days=10.0)
    assert found[P101] == pytest.approx(0.5)
    assert found[P102] == pytest.approx(0.5, abs=0.03)


def test_quantiles_at_the_horizon_say_not_before_and_ask_for_nothing(world: PartWorld) -> None:
    told = RulForecast(SPALL, np.array([0.1, 0.5, 0.9]), np.array([100.0, 500.0, 500.0]), 500.0, MODEL)
    world.assess("p101", (SPALL, 1.0, told))
    assert world.pieces(days=300.0) == pytest.approx({P101: 0.1})


def test_an_approved_order_asks_for_what_it_was_not_given_and_its_fault_for_no_second_set(world: PartWorld) -> None:
    world.spall("p101", 0.7)
    order = world.order(OrderKind.CONDITION, quantity=3, fault=SPALL)
    assert world.pieces() == {P101: 3.0}  # for sure, and not 3.7
    world.stock.reserve(order.id, (PartLine(BEARING, 3),), ANN, NOW_US)  # two are there: it waits whole
    assert world.pieces() == {P101: 3.0}
    world.come(BEARING, 1, NOW_US)
    world.stock.refill(BEARING, NOW_US)
    assert world.pieces() == {}
    world.stock.issue(order.id, BEARING, 3, ANN, NOW_US)
    assert world.pieces() == {}
    world.stock.give_back(order.id, BEARING, 1, ANN, NOW_US)
    assert world.pieces() == {P101: 1.0}


def test_a_draft_that_nobody_approved_leaves_the_fault_uncertain(world: PartWorld) -> None:
    world.spall("p101", 0.5, 10.0)
    found = world.orders.advise(advice(SPALL, asset="p101", parts=(PartLine(BEARING),))).order
    assert found is not None
    assert found.status is Status.WAPPR
    assert world.pieces() == pytest.approx({P101: 0.45})
    world.stock.reserve(found.id, (PartLine(BEARING),), ANN, NOW_US)
    assert world.pieces() == {}  # the piece is put aside already


def test_an_order_without_a_fault_asks_under_its_own_number(world: PartWorld) -> None:
    order = world.order(quantity=2)
    found = world.pieces()
    assert found in ({(ORDER.value, "p101", order.number): 2.0}, {})  # nothing, where approval put both aside
    world.stock.release(order.id, ANN, NOW_US)
    assert world.pieces() == {(ORDER.value, "p101", order.number): 2.0}


def test_coming_slots_of_a_plan_ask_for_its_parts_as_often_as_slots_are_kept(world: PartWorld) -> None:
    world.plans.save(weekly(2), ANN, NOW_US)
    start_us = world.day(0)
    slots = world.demand(SEAL, 28.0).traces[0]
    assert slots.key == (PLAN.value, "p101", "seals")
    assert slots.pieces == pytest.approx(2 * 0.9 * 4, abs=2 * 0.9)
    world.plans.retire("p101", ANN, start_us, "scrapped")
    assert world.pieces(SEAL) == {}


def test_a_slot_whose_order_is_open_is_asked_for_by_the_order_alone(world: PartWorld) -> None:
    world.plans.save(weekly(3, start=date(2027, 3, 1), every=Every(1, Unit.MONTHS)), ANN, NOW_US)
    look = world.demands.rounds.look(weekly(), world.plant.assets[:1], NOW_US)
    order = world.plans.open_now("seals", ["p101"], look, ANN)
    assert order.parts == (PartLine(SEAL, 3),)
    assert world.pieces(SEAL, 10.0) == {(PLAN.value, "p101", "seals"): 3.0}
    [both] = world.demand(SEAL, 50.0).traces
    assert both.pieces == pytest.approx(3.0 + 0.9 * 3.0)
    assert order.number in both.why
    assert "slots of seals" in both.why


def test_a_meter_plan_is_read_forward_at_the_planned_hours(world: PartWorld) -> None:
    meter = weekly(1, trigger=Trigger.METER, every=None, meter=MeterRule("flow", 240.0, floating=False))
    world.plans.save(meter, ANN, NOW_US)
    assert world.pieces(SEAL) == {}  # nothing was ever read
    number = world.raw.names()["p101/flow"]
    for days, value in ((-28, 100.0), (-1 / 24, 772.0)):
        world.raw.write(world.raw.position + 1, Readings.of([number], [world.day(days)], [value]), [], [])
    found = world.pieces(SEAL, 30.0)  # 24 a day: every ten days, the next in 188/24
    assert found[PLAN.value, "p101", "seals"] == pytest.approx(0.9 * 2.5, abs=0.5)


def test_what_was_issued_for_no_known_reason_is_expected_again_and_what_was_explained_is_not(world: PartWorld) -> None:
    for month in range(1, 7):
        world.use(SEAL, 1, world.day(-30 * month), OrderKind.PREVENTIVE)
    explained = world.demand(SEAL, 90.0).mean
    for month in range(1, 7):
        world.use(SEAL, 2, world.day(-30 * month - 1), OrderKind.CORRECTIVE)
    rest = world.demand(SEAL, 90.0)
    assert explained < 1.5
    assert rest.mean == pytest.approx(6.0, rel=0.35)
    assert [trace.kind for trace in rest.traces] == [REST]


def test_a_kit_is_asked_for_as_its_parts(world: PartWorld) -> None:
    kit = PartCard("seal-kit", contains=(PartLine(SEAL, 2), PartLine(BEARING, 1)))
    world.stock.save_card(kit, ANN, NOW_US)
    world.plans.save(weekly(parts=(PartLine("seal-kit"),)), ANN, NOW_US)
    seals, bearings = (world.demand(part, 30.0).traces[0].pieces for part in (SEAL, BEARING))
    assert seals == pytest.approx(2 * bearings)
    assert "seal-kit" not in world.demands.look(NOW_US)


def test_a_part_that_nobody_knows_is_refused(world: PartWorld) -> None:
    with pytest.raises(Rejected, match="no part 'flux'"):
        world.demand("flux")
