"""Meter plans before the court: machines that run unevenly, whose lives are alike in running hours only."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.plans import Every, MeterRule, Plan, Slot, SlotState, Trigger, Unit
from forewarn.core.readings import Floats
from forewarn.pipeline.court_cases import case_of
from forewarn.pipeline.court_evidence import Case, Event, lives_of
from forewarn.pipeline.court_meters import by_meter, meters_of
from forewarn.pipeline.interval_court import Verdict, judge
from tests.maintenance.samples import ANN
from tests.pipeline.court_world import lived
from tests.pipeline.test_plan_rounds import SIX_US, Works

HOURS = 4_000.0
PLAN = Plan("p", "Change", Trigger.METER, date(2026, 1, 1), asset_class="pump", meter=MeterRule("running_hours", HOURS))


def slot(asset: str, day: float, meter: float | None, state: SlotState = SlotState.DONE) -> Slot:
    at_us = round(day * US_PER_DAY)
    return Slot("p", asset, f"{day:.3f}", at_us, state, at_us, f"{asset} {day:.3f}", at_us, meter)


def uneven(in_hours: Case, seed: int, season_h: float = 1e9) -> tuple[Case, list[Slot]]:
    """The same events by the calendar: each machine runs 1 to 23 hours a day, and anew after each season of about so
    many hours. The meter is read when a task is done."""
    rng = np.random.default_rng(seed)
    events, spans, slots = list[Event](), dict[str, tuple[float, float]](), list[Slot]()
    for asset, (start, stop) in in_hours.spans.items():
        hours = np.concatenate([[start], np.cumsum(season_h * rng.uniform(0.4, 1.6, 200))])
        days = np.concatenate([[0.0], np.cumsum(np.diff(hours) / rng.choice([1.0, 3.0, 8.0, 23.0], 200))])

        def day(at: float, hours: Floats = hours, days: Floats = days) -> float:
            return round(float(np.interp(at, hours, days)) * US_PER_DAY) / US_PER_DAY

        spans[asset] = day(start), day(stop)
        for event in (event for event in in_hours.events if event.asset == asset):
            events.append(replace(event, at=day(event.at)))
            if event.kind == "task":
                slots.append(slot(asset, day(event.at), event.at))
    gaps = [b.due_us - a.due_us for a, b in itertools.pairwise(slots) if a.asset == b.asset]
    by_days = replace(in_hours, spans=spans, events=tuple(events), interval=float(np.median(gaps)) / US_PER_DAY)
    return by_days, slots


def shape_of(case: Case) -> tuple[float, float, float]:
    shape = judge(case).shape
    assert shape is not None
    return shape


def test_lives_of_machines_that_each_run_evenly_are_those_in_hours() -> None:
    in_hours = lived(1, 3.0, 4_000.0, HOURS, assets=5, days=40_000.0)
    by_days, slots = uneven(in_hours, 1)
    told, first = by_meter(by_days, PLAN, slots), {s.asset: s.meter_at_done for s in reversed(slots)}
    known = [e for e in in_hours.events if e.at >= (first[e.asset] or 0.0)]
    true = lives_of(replace(in_hours, events=tuple(known)))
    found = lives_of(told)
    assert np.sort(found.age * told.per_day).tolist() == pytest.approx(np.sort(true.age).tolist(), abs=1e-3)
    assert found.failed().sum() == true.failed().sum() > 20
    assert found.by_task.sum() == true.by_task.sum()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_wear_by_running_is_seen_by_the_meter_and_blurred_by_the_calendar(seed: int) -> None:
    by_days, slots = uneven(lived(seed, 3.0, 8_000.0, HOURS, days=80_000.0), seed, season_h=20_000.0)
    shapes = {case.meter: shape_of(case) for case in (by_meter(by_days, PLAN, slots), by_days)}
    low, _, _ = shapes["running_hours"]
    assert low > shapes[""][2]  # by the calendar it shows surely less wear,
    assert low > 1 > shapes[""][1]  # and seems to fail early, where it surely wears out


def test_a_task_five_times_too_often_in_hours_is_lengthened_and_its_hours_are_told() -> None:
    by_days, slots = uneven(lived(1, 3.0, 40_000.0, HOURS, days=80_000.0), 1)
    judged = judge(by_meter(by_days, PLAN, slots))
    assert (judged.verdict, judged.factor) == (Verdict.LENGTHEN, 2.0)
    assert "A task every 8,000 running hours (" in judged.reason
    assert "days of average use" in judged.reason


def test_lives_between_tasks_are_the_hours_that_the_meter_told() -> None:
    events = [Event("a", day, "task") for day in (10.0, 110.0, 120.0)]
    case = Case("p", 50.0, {"a": (0.0, 130.0)}, (Event("a", 5.0, "failure", mode="VIB"), *events), 1.0, 5.0, "given")
    slots = [slot("a", 10.0, 500.0), slot("a", 110.0, 700.0), slot("a", 120.0, 900.0)]
    told = by_meter(case, PLAN, slots)
    assert told.per_day == pytest.approx(400.0 / 110.0)
    assert told.interval * told.per_day == pytest.approx(HOURS)
    assert (lives_of(told).age * told.per_day).tolist() == pytest.approx([200.0, 200.0, 400.0 / 11.0], abs=1e-4)
    assert told.exposure * told.per_day == pytest.approx(400.0 + 400.0 / 11.0, abs=1e-4)


@pytest.mark.parametrize(
    "plan",
    [
        replace(PLAN, trigger=Trigger.FLOATING, meter=None, every=Every(2, Unit.MONTHS)),
        replace(PLAN, trigger=Trigger.COMBINED, every=Every(2, Unit.MONTHS)),
    ],
)
def test_plans_of_the_calendar_keep_it(plan: Plan) -> None:
    case, slots = uneven(lived(1, 3.0, 8_000.0, HOURS, assets=3, days=40_000.0), 1)
    assert by_meter(case, plan, slots) is case


def test_where_the_meter_of_most_tasks_was_not_recorded_the_calendar_is_kept() -> None:
    case, slots = uneven(lived(1, 3.0, 8_000.0, HOURS, assets=5, days=40_000.0), 1)
    few = [s for s in slots if s.asset in ("a0", "a1")]
    most = [s for s in slots if s.asset != "a0"]
    assert by_meter(case, PLAN, few) is case
    assert by_meter(case, PLAN, [replace(s, meter_at_done=None) for s in slots]) is case
    assert set(by_meter(case, PLAN, most).spans) == {"a1", "a2", "a3", "a4"}


def test_a_meter_that_was_changed_counts_from_then_on_and_one_that_stands_tells_nothing() -> None:
    slots = [slot("a", 1, 900.0), slot("a", 2, 950.0), slot("a", 3, 10.0), slot("a", 4, 60.0), slot("b", 1, 5.0)]
    slots += [slot("b", 2, 5.0), slot("c", 1, 5.0), slot("d", 1, 5.0), slot("d", 2, 9.0, SlotState.CANCELLED)]
    (only,) = meters_of(slots).items()
    assert only[0] == "a"
    assert only[1].value.tolist() == [10.0, 60.0]


def test_what_the_rounds_record_reaches_the_court() -> None:
    works = Works()
    works.plans.save(
        replace(PLAN, assets=("p101", "p102"), asset_class="", meter=MeterRule("flow", 100.0)), ANN, SIX_US
    )
    for visit in range(6):
        now = SIX_US + 10 * visit * US_PER_DAY
        works.read("p101", "flow", now, 100.0 + 100.0 * visit)
        works.read("p102", "flow", now, 100.0 + 300.0 * visit)
        works.rounds.run_once(now)
        works.finish(now + US_PER_HOUR)
        works.rounds.run_once(now + 2 * US_PER_HOUR)
    plan = works.plans.plan("p")
    assert plan is not None
    case = case_of(plan, works.plant, works.plans, works.orders, now + US_PER_DAY)
    assert case.meter == "flow"
    assert case.per_day == pytest.approx(20.0)
    assert case.interval == pytest.approx(5.0)
    for asset, units in (("p101", 100.0), ("p102", 300.0)):
        at = [event.at * case.per_day for event in case.events if event.asset == asset]
        assert np.diff(at).tolist() == pytest.approx([units] * 5)
