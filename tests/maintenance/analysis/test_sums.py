"""Pareto, heat map, periods, and figures that say why they cannot be said."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.errors import Rejected
from forewarn.core.people import Technician
from forewarn.core.shifts import Shift, ShiftPlan
from forewarn.maintenance.analysis.facts import Facts, Line, Machine, PastOrder, Period, Placed, Step, Stop, TaskSlot
from forewarn.maintenance.analysis.heat_map import ALL, ANY, load
from forewarn.maintenance.analysis.kpis import figure
from forewarn.maintenance.analysis.money import costs
from forewarn.maintenance.analysis.planning import scheduled
from forewarn.maintenance.analysis.reliability import failures_of, parts_of, time_of
from forewarn.maintenance.analysis.repeats import bad_actors, pareto

H = 3_600_000_000
DAY = 24 * H
MONDAY = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp()) * 1_000_000
BERLIN = ZoneInfo("Europe/Berlin")
WORK_WEEK = ShiftPlan(tuple(Shift(day, 360, 840) for day in range(5)))


def order(number: str, asset: str = "p1", kind: str = "corrective", **more: object) -> PastOrder:
    told: dict[str, object] = {"status": "CLOSE", "created_at_us": MONDAY, "hours": 4.0, "currency": "EUR"} | more
    return PastOrder(number, number, asset, kind, **told)  # type: ignore[arg-type]


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1e6), max_size=12))
def test_a_pareto_list_falls_and_its_vital_few_are_as_few_as_can_be(amounts: dict[str, float]) -> None:
    ranked = pareto(amounts, {})
    assert [one.amount for one in ranked] == sorted((a for a in amounts.values() if a > 0), reverse=True)
    if ranked:
        assert ranked[-1].cumulative == pytest.approx(1.0)
        vital = [one for one in ranked if one.vital]
        assert vital[-1].cumulative >= 0.8 - 1e-6
        assert len(vital) == 1 or vital[-2].cumulative < 0.8 + 1e-6
        assert ranked[: len(vital)] == vital


def test_weeks_and_months_begin_at_local_midnight_over_the_change_of_clocks() -> None:
    march = Period.of(datetime(2026, 3, 1, tzinfo=BERLIN), datetime(2026, 5, 1, tzinfo=BERLIN), BERLIN)
    assert [piece.hours for piece in march.pieces("month")] == [31 * 24 - 1, 30 * 24]
    weeks = march.weeks()
    assert [week.hours for week in weeks][3:5] == [167, 168]
    pieces = march.pieces("week")
    assert sum(piece.hours for piece in pieces) == march.hours
    assert pieces[0].hours == 24  # 1 March 2026 is a Sunday
    with pytest.raises(Rejected, match="week or month"):
        march.pieces("day")


def test_a_machine_in_shifts_neither_runs_nor_stands_outside_of_them() -> None:
    machine, week = Machine("p1", 0, MONDAY + 90 * DAY, WORK_WEEK), Period(MONDAY, MONDAY + 7 * DAY)
    told = time_of(machine, [(MONDAY + 12 * H, MONDAY + 36 * H)], week, MONDAY + 90 * DAY)
    assert (told.scheduled, told.stood, told.ran) == (40, 2 + 6, 32)
    measured = Machine("p1", 0, MONDAY + 90 * DAY, WORK_WEEK, measured=lambda a, b: 21.5)
    assert time_of(measured, [], week, MONDAY + 90 * DAY).ran == 21.5


def test_a_breakdown_on_an_order_of_another_kind_is_a_failure_and_a_stop_for_work_is_none() -> None:
    broke = order("a", kind="condition", stops=(Stop("breakdown", MONDAY - 3 * H, MONDAY + H),))
    planned = order("b", kind="condition", stops=(Stop("planned", MONDAY, MONDAY + 9 * H),))
    nothing = order("c", no_fault=True)
    cancelled = order("d", status="CAN")
    assert [f.order.id for f in failures_of([broke, planned, nothing, cancelled])] == ["a"]


def test_hours_of_a_failure_are_noticed_acknowledged_waited_and_worked() -> None:
    steps = (("WAPPR", 2), ("APPR", 3), ("WMATL", 4), ("INPRG", 10), ("WPCOND", 12), ("INPRG", 13), ("COMP", 15))
    told = order(
        "a",
        steps=tuple(Step(MONDAY + at * H, status) for status, at in steps),
        stops=(Stop("breakdown", MONDAY, MONDAY + 16 * H),),
    )
    (failure,) = failures_of([told])
    assert failure.hours == 16
    assert parts_of(failure) == {"notice": 2, "acknowledge": 1, "waiting": 1 + 6 + 1 + 1, "active": 2 + 2}


def test_an_order_belongs_to_the_week_in_which_its_plan_stood_while_the_week_ran() -> None:
    span = Period(MONDAY, MONDAY + 28 * DAY)

    def placed(id: str, start: float, since: float, until: float | None) -> Placed:
        end = None if until is None else MONDAY + round(until * DAY)
        at = MONDAY + round(start * DAY)
        return Placed(id, "ann", at, at + H, MONDAY + round(since * DAY), end)

    told = scheduled(
        [
            placed("kept", 1, -2, None),
            placed("moved before its week", 8, -2, 3),
            placed("moved in its week", 8, -2, 9),
            placed("written after its week", 1, 8, None),
            placed("before the period", -3, -9, None),
        ],
        span,
    )
    assert [ids for _, ids in told] == [["kept"], ["moved in its week"], [], []]


def test_a_task_is_done_in_time_neither_too_late_nor_too_early() -> None:
    def slot(key: str, done: float | None, state: str = "done", tolerance: float | None = 1.0) -> TaskSlot:
        done_us = None if done is None else MONDAY + round(done * DAY)
        wide_us = None if tolerance is None else round(tolerance * DAY)
        return TaskSlot("lube", "p1", key, MONDAY, state, done_us, None, "", wide_us)

    slots = (
        slot("on the day", 0.0),
        slot("at its latest", 1.0),
        slot("at its earliest", -1.0),
        slot("too late", 1.1),
        slot("too early", -1.1),
        slot("left out on purpose", None, "skipped"),
        slot("no interval", 0.0, tolerance=None),
        slot("extra 2026-03-02", 0.0),
    )
    told = figure("pm_compliance", Facts(MONDAY + 3 * DAY, slots=slots), Period(MONDAY, MONDAY + DAY))
    assert (told.numerator, told.denominator, told.left_out) == (3, 6, 1)
    early = figure("pm_compliance", Facts(MONDAY + DAY // 2, slots=slots), Period(MONDAY, MONDAY + DAY))
    assert (early.denominator, early.left_out) == (5, 2)  # whether it is left out for good is not known yet


def test_load_by_skill_adds_up_to_all_and_what_is_late_counts_now() -> None:
    ann = Technician("ann", "Ann", {"mechanical": 3, "electrical": 1}, WORK_WEEK)
    orders = (
        order("late", status="APPR", hours=6.0, start_by_us=MONDAY - 9 * DAY, skills=("mechanical",)),
        order("both", status="WSCH", hours=8.0, start_by_us=MONDAY + DAY, skills=("mechanical", "electrical")),
        order("moved", status="APPR", hours=3.0, start_by_us=MONDAY, skills=("welding",)),
        order("plain", status="WAPPR", hours=2.0, start_by_us=MONDAY + 8 * DAY),
        order("some day", status="APPR", hours=5.0),
        order("far", status="APPR", hours=7.0, start_by_us=MONDAY + 80 * DAY),
        order("done", status="CLOSE", hours=99.0, start_by_us=MONDAY),
    )
    placed = (Placed("moved", "ann", MONDAY + 9 * DAY, MONDAY + 9 * DAY + H, MONDAY, None),)
    told = load(Facts(MONDAY, orders, placed=placed, people=(ann,)), Period(MONDAY, MONDAY + 14 * DAY))
    cells = {(cell.skill, place): cell for cell in told.cells for place in (told.weeks.index(cell.week_us),)}
    assert (cells["mechanical", 0].load, cells["electrical", 0].load, cells[ALL, 0].load) == (10, 4, 14)
    assert (cells["mechanical", 0].overdue, cells[ALL, 0].overdue) == (6, 6)
    assert (cells["mechanical", 0].capacity, cells["mechanical", 0].share) == (40, 0.25)
    assert (cells["welding", 1].capacity, cells["welding", 1].share, cells["welding", 1].load) == (0, None, 3)
    assert (cells[ANY, 1].load, told.undated, told.later) == (2, 5, 7)
    assert cells[ALL, 1].orders == ("moved", "plain")


def test_currencies_are_never_added() -> None:
    euro = order("a", lines=(Line(1, "cost", "crane", 1, 10.0, MONDAY),))
    dollar = order("b", currency="USD", lines=(Line(1, "cost", "crane", 1, 7.0, MONDAY),))
    facts, period = Facts(MONDAY, (euro, dollar)), Period(MONDAY, MONDAY + DAY)
    cost = figure("maintenance_cost", facts, period)
    assert (cost.value, "EUR, USD" in cost.why) == (None, True)
    assert [(c.currency, c.total) for c in costs(facts, period, "asset")] == [("EUR", 10), ("USD", 7)]
    with pytest.raises(Rejected, match="name the `currency`"):
        bad_actors(facts, period, "asset", "cost")
    assert bad_actors(facts, period, "asset", "cost", "USD")[0].amount == 7


def test_without_a_failure_a_bound_is_told_and_no_number() -> None:
    facts = Facts(MONDAY + DAY * 300, machines=(Machine("p1", MONDAY, MONDAY + DAY * 300),))
    told = figure("mtbf", facts, Period(MONDAY, MONDAY + DAY * 125))
    assert (told.value, told.numerator, told.denominator) == (None, 3000, 0)
    assert "above 1,000 h" in told.why
    assert figure("mtbf", Facts(MONDAY), Period(MONDAY, MONDAY + DAY)).why == "no machine was watched in this period"
