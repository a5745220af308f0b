"""A what-if run over a past with four breakdowns: deterministic, bounded, and never wiser than it could have been."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forewarn.core.errors import Rejected
from forewarn.core.health import DeviceStatus, SensorEvent
from forewarn.core.work import OrderKind
from forewarn.maintenance.advice import AdviceSettings
from forewarn.models.assess import AssessSettings
from forewarn.models.detectors.own_past import DetectorSettings
from forewarn.pipeline.training_lives import repairs_of
from forewarn.pipeline.whatif import Cancelled, Opened, Replayed, Setup, Span, decided, replay
from forewarn.pipeline.whatif_report import Verdicts, WhatIfReport, changes_of, report_of, verdicts
from tests.pipeline.archives import Past, day, fleet

SPAN = Span(day(0), day(90), 24.0)


@pytest.fixture(scope="module")
def past() -> Past:
    return fleet(2, 50)


def run(past: Past, setup: Setup = Setup(), span: Span = SPAN) -> Replayed:  # noqa: B008 # frozen
    return replay(past.archive, past.plant.assets, setup, span, repairs_of(past.orders, span.until_us))


def reported(past: Past, setup: Setup) -> WhatIfReport:
    repairs = repairs_of(past.orders, SPAN.until_us)
    real = decided(past.orders.orders(), SPAN, repairs)
    return report_of({"x": 1}, "", SPAN, past.assets, run(past), run(past, setup), real, repairs)


def test_every_breakdown_would_have_been_announced_days_before(past: Past) -> None:
    found = run(past)
    assert [order.asset for order in found.orders] == ["p1", "p2"]
    fails = {"p1": day(30), "p2": day(35)}
    for order in found.orders:
        assert order.opened_us < fails[order.asset]
        assert order.slot == 0
    assert found.alarms == 2


def test_the_same_run_gives_the_same_digest(past: Past) -> None:
    assert reported(past, Setup()).sha256 == reported(past, Setup()).sha256


def test_nothing_changes_when_nothing_is_changed(past: Past) -> None:
    told = reported(past, Setup())
    assert {change.what for change in told.changes} == {"same"}
    assert told.before == told.after


def test_a_higher_score_opens_orders_later_and_an_impossible_one_none(past: Past) -> None:
    later = reported(past, Setup(advice=AdviceSettings(least_score=0.6)))
    assert [change.what for change in later.changes] == ["later", "later"]
    assert all(change.moved_h > 0 for change in later.changes)
    none = reported(past, Setup(advice=AdviceSettings(least_score=0.99)))
    assert [change.what for change in none.changes] == ["vanished", "vanished"]
    assert none.after.missed == 2
    assert none.before.confirmed == 2


def test_more_false_alarms_allowed_never_open_an_order_later(past: Past) -> None:
    eager = replace(AssessSettings(), detector=replace(DetectorSettings(), false_alarms_per_year=20.0))
    assert all(change.moved_h <= 0 for change in reported(past, Setup(eager)).changes if change.before)


def test_what_comes_after_the_span_changes_nothing() -> None:
    span = Span(day(0), day(33), 24.0)
    one, other = fleet(1, 50), fleet(1, 50)
    before = run(one, span=span)
    other.write("p1/temp", [day(34) + i for i in range(50)], [500.0] * 50)
    assert run(other, span=span) == before


def test_a_doubted_sensor_takes_no_part(past: Past) -> None:
    events = [
        SensorEvent("p1", name, "out_of_range", DeviceStatus.OUT_OF_SPECIFICATION, day(0), None, "")
        for name in ("temp", "flow")
    ]
    repairs = repairs_of(past.orders, SPAN.until_us)
    found = replay(past.archive, past.plant.assets[:1], Setup(), SPAN, repairs, events)
    assert [order for order in found.orders if order.machine] == []
    assert {order.fault for order in found.orders} == {"temp:sensor_fault", "flow:sensor_fault"}


def test_an_order_for_nothing_counts_as_false() -> None:
    past = Past(("p1",))
    past.wear("p1", 0, 40, 1.0)
    past.order("p1", 38, 40, OrderKind.CONDITION, "not_found")
    past.wear("p1", 41, 60)
    told = reported(past, Setup())
    assert (told.after.confirmed, told.after.false, told.after.missed) == (0, 1, 0)
    assert told.real.false == 1


def test_a_breakdown_told_on_an_order_of_the_advice_is_trouble_from_when_the_machine_stood() -> None:
    past = Past(("p1",))
    past.broke_down("p1", 35, 40, 45)
    found = repairs_of(past.orders, day(100))

    def judged(opened: float) -> Verdicts:
        run = Replayed((Opened("p1", "seal:seal_leak", True, 0, day(opened), None, None, None),), 0, 100.0)
        return verdicts(run, found, ["p1"], Span(day(0), day(100)))

    in_time, late = judged(36), judged(41)
    assert (in_time.confirmed, in_time.missed, in_time.warning_days.value) == (1, 0, 4.0)
    assert (late.confirmed, late.missed) == (0, 1)


def test_orders_of_both_runs_are_matched_by_machine_and_repair(past: Past) -> None:
    found = run(past).orders
    moved = (replace(found[0], opened_us=found[0].opened_us + 72 * 3_600_000_000), found[1])
    assert [change.what for change in changes_of(found, moved, SPAN)] == ["later", "same"]
    assert [change.what for change in changes_of(found, found[:1], SPAN)] == ["same", "vanished"]
    assert [change.what for change in changes_of((), found, SPAN)] == ["appeared", "appeared"]


def test_a_run_that_would_be_too_long_is_refused_before_it_begins(past: Past) -> None:
    with pytest.raises(Rejected, match="take a longer step"):
        run(past, span=Span(day(0), day(90), 0.01))


def test_a_cancelled_run_ends_at_the_next_look(past: Past) -> None:
    looks = iter([False, False, True])
    with pytest.raises(Cancelled):
        replay(past.archive, past.plant.assets, Setup(), SPAN, {}, cancelled=lambda: next(looks))


def test_spans_without_time_are_refused() -> None:
    with pytest.raises(Rejected, match="ends before it begins"):
        Span(day(2), day(1))
    with pytest.raises(Rejected, match="never ends"):
        Span(day(1), day(2), 0)


def test_a_repair_that_was_done_closes_the_order_of_the_replay_and_the_next_trouble_opens_another() -> None:
    past = Past(("p1",))
    past.wear("p1", 0, 40, 1.0)
    past.order("p1", 40, 41)
    past.wear("p1", 41, 85, 1.0, seed=2)
    past.order("p1", 85, 86)
    found = run(past).orders
    assert [order.slot for order in found] == [0, 1]
    assert day(28) < found[0].opened_us < day(40)
    assert day(73) < found[1].opened_us < day(85)
