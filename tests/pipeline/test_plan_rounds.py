"""Rounds over preventive plans on a plant: meters, zones, several schedulers, changed intervals that are watched."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import date

import pytest

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.faults import Fault
from forewarn.core.jobs import Breakdown
from forewarn.core.plans import ConditionRule, Every, MeterRule, Plan, TrialState, Trigger, Unit, Watch
from forewarn.core.readings import Readings
from forewarn.core.work import Status
from forewarn.ingest.store.memory import MemoryStore
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.maintenance.plans.book import PlanBookSql
from forewarn.maintenance.plans.book_memory import MemoryPlanBook
from forewarn.maintenance.plans.shared import PlanBook
from forewarn.maintenance.records import Records
from forewarn.pipeline.court_belief import NEVER
from forewarn.pipeline.court_cases import case_of, changed_plan
from forewarn.pipeline.court_evidence import GOOD
from forewarn.pipeline.interval_court import Verdict, judge
from forewarn.pipeline.plan_rounds import Meters, PlanRounds, zone_of
from tests.api.rooms import small_plant
from tests.maintenance.samples import ANN, CODES, advice

SIX_US = 1_772_402_400_000_000  # 2 March 2026, 6:00 in Shanghai
WEEKLY = Plan(
    "grease", "Grease", Trigger.FIXED, date(2026, 3, 2), asset_class="pump", every=Every(1, Unit.WEEKS),
    component="de_bearing", failure_modes=(),
)  # fmt: skip


@dataclass
class Works:
    """Two pumps and their books, in memory."""

    orders: MemoryOrderBook = field(default_factory=MemoryOrderBook)
    raw: MemoryStore = field(default_factory=MemoryStore)
    told: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plant = small_plant()
        self.raw.assign([signal.name for signal in self.plant.signals])
        self.plans: PlanBook = MemoryPlanBook(self.orders)
        meters = Meters(self.raw, MemoryStore())
        self.rounds = PlanRounds(
            lambda: self.plant, self.plans, self.orders, meters, lambda *what: self.told.append(what)
        )

    def read(self, asset: str, signal: str, at_us: int, value: float) -> None:
        number = self.raw.names()[f"{asset}/{signal}"]
        self.raw.write(self.raw.position + 1, Readings.of([number], [at_us], [value]), [], [])

    def finish(self, at_us: int, finding: str = "not_found") -> None:
        for order in self.orders.orders(open_only=True):
            started = self.orders.act(order.id, Status.INPRG, ANN, order.revision, at_us)
            self.orders.act(order.id, Status.COMP, ANN, started.revision, at_us, {"finding": finding})

    def fails(self, asset: str, at_us: int) -> None:
        found = self.orders.raise_breakdown(
            Breakdown(asset, "stands", at_us, at_us, fault=Fault("de_bearing", "bearing_wear")), ANN
        ).order
        assert found is not None
        order = self.orders.act(found.id, Status.APPR, ANN, found.revision, at_us)
        order = self.orders.act(order.id, Status.INPRG, ANN, order.revision, at_us)
        self.orders.act(order.id, Status.COMP, ANN, order.revision, at_us, CODES)


@pytest.fixture
def works() -> Works:
    return Works()


def test_a_class_plan_opens_an_order_for_each_of_its_machines_in_the_time_of_their_site(works: Works) -> None:
    works.plans.save(WEEKLY, ANN, SIX_US)
    assert works.rounds.run_once(SIX_US - 1) == 0
    done = works.rounds.round(SIX_US)
    assert sorted(order.asset for order in done.opened) == ["p101", "p102"]
    assert ("order", done.opened[0].id) in works.told
    assert works.rounds.run_once(SIX_US + US_PER_HOUR) == 0
    assert str(zone_of(works.plant, works.plant.assets[0])) == "Asia/Shanghai"


def test_a_machine_that_left_the_plant_file_or_was_retired_gets_none(works: Works) -> None:
    works.plans.save(WEEKLY, ANN, SIX_US)
    works.plans.retire("p101", ANN, SIX_US, "scrapped")
    works.plant = replace(works.plant, assets=tuple(a for a in works.plant.assets if a.id != "p102"))
    assert works.rounds.run_once(SIX_US) == 0


def test_a_counting_signal_and_a_condition_are_read_from_the_store(works: Works) -> None:
    by_flow = Plan("flow", "Flush", Trigger.COMBINED, date(2026, 3, 2), ("p101",), every=Every(1, Unit.YEARS),
                   meter=MeterRule("flow", 100.0), condition=ConditionRule("speed", below=10.0))  # fmt: skip
    works.plans.save(replace(by_flow, start=date(2027, 1, 1)), ANN, SIX_US)
    works.read("p101", "flow", SIX_US, 0.001)
    assert works.rounds.run_once(SIX_US) == 0
    works.read("p101", "flow", SIX_US + 1, 150.0)
    [order] = works.rounds.round(SIX_US + 2).opened
    assert "flow" in str(order.report["pm"])
    works.finish(SIX_US + 3)
    assert works.rounds.round(SIX_US + 4).settled == 1
    [slot] = works.plans.slots("flow")
    assert slot.meter_at_done == pytest.approx(150.0)


def test_what_comes_is_listed_with_the_repair_that_the_same_visit_could_do(works: Works) -> None:
    works.plans.save(WEEKLY, ANN, SIX_US)
    repair = works.orders.advise(advice(asset="p101")).order
    assert repair is not None
    works.orders.advise(advice(Fault("impeller", "imbalance"), asset="p102"))
    before = works.rounds.coming(SIX_US - US_PER_DAY)
    assert [(one.asset, one.ready, one.found and one.found.due_us) for one in before] == [
        ("p101", False, SIX_US), ("p102", False, SIX_US),
    ]  # fmt: skip
    works.rounds.run_once(SIX_US)
    first, second = works.rounds.coming(SIX_US)
    assert [order.id for order in first.together] == [repair.id]
    assert second.together == (), "another component"
    assert first.order is not None
    assert first.order.asset == "p101"
    assert works.rounds.coming(SIX_US - US_PER_DAY, until_us=SIX_US - 1, plan_id="paint") == []


def test_eight_schedulers_at_once_open_each_slot_once(any_records: Records) -> None:
    plant, orders = small_plant(), OrderBookSql(any_records)
    plans, opened, start = PlanBookSql(any_records, orders), list[str](), threading.Barrier(8)
    plans.save(WEEKLY, ANN, SIX_US)

    def schedule() -> None:
        mine = OrderBookSql(any_records)
        rounds = PlanRounds(lambda: plant, PlanBookSql(any_records, mine), mine, Meters(MemoryStore(), MemoryStore()))
        for week in range(3):
            start.wait()
            opened.extend(order.number for order in rounds.round(SIX_US + 7 * week * US_PER_DAY).opened)

    threads = [threading.Thread(target=schedule) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(opened) == sorted(order.number for order in orders.orders()) == [f"WO-{n:06d}" for n in range(1, 7)]
    assert len(plans.slots("grease")) == 6


def test_a_scheduler_that_slept_and_wakes_with_an_old_clock_opens_nothing_twice(works: Works) -> None:
    works.plans.save(replace(WEEKLY, trigger=Trigger.FLOATING), ANN, SIX_US)
    stale = works.rounds.look(WEEKLY, works.plant.assets[:1], SIX_US)
    works.rounds.run_once(SIX_US)
    works.finish(SIX_US + US_PER_HOUR)
    works.rounds.run_once(SIX_US + 2 * US_PER_HOUR)
    works.rounds.run_once(SIX_US + 8 * US_PER_DAY)
    assert works.plans.open_due("grease", ["p101"], stale) is None
    assert len(works.plans.slots("grease", "p101")) == 2


# trials


def watched(works: Works, most: int) -> None:
    kept = works.plans.save(WEEKLY, ANN, SIX_US)
    watch = Watch(("p101", "p102"), SIX_US + 60 * US_PER_DAY, most, 1.0, 0.5)
    works.plans.approve(replace(kept, every=Every(3, Unit.WEEKS)), watch, "found good", ANN, 1, SIX_US)


def test_a_change_is_rolled_back_by_itself_as_soon_as_there_are_too_many_failures(works: Works) -> None:
    watched(works, most=1)
    works.fails("p101", SIX_US - US_PER_DAY)  # before the change: does not count
    works.fails("p101", SIX_US + 5 * US_PER_DAY)
    assert works.rounds.round(SIX_US + 6 * US_PER_DAY).ended == ()
    works.fails("p102", SIX_US + 10 * US_PER_DAY)
    [trial] = works.rounds.round(SIX_US + 11 * US_PER_DAY).ended
    assert trial.state is TrialState.ROLLED_BACK
    assert trial.ended.startswith("2 failures (WO-")
    back = works.plans.plan("grease")
    assert back is not None
    assert back.every == WEEKLY.every
    kinds = [kind for kind, _ in works.orders.messages if kind.startswith("plan.")]
    assert kinds == ["plan.changed", "plan.changed", "plan.changed", "plan.rolled_back"]
    assert works.rounds.round(SIX_US + 12 * US_PER_DAY).ended == ()


def test_a_change_that_holds_until_the_end_of_its_watch_stays(works: Works) -> None:
    watched(works, most=1)
    works.fails("p101", SIX_US + 5 * US_PER_DAY)
    [trial] = works.rounds.round(SIX_US + 60 * US_PER_DAY).ended
    assert trial.state is TrialState.PASSED
    now = works.plans.plan("grease")
    assert now is not None
    assert now.every == Every(3, Unit.WEEKS)


# from records to the court


def test_the_court_hears_completed_slots_breakdowns_and_renewals(works: Works) -> None:
    works.plans.save(WEEKLY, ANN, SIX_US)
    for week in range(10):
        now = SIX_US + 7 * week * US_PER_DAY
        works.rounds.run_once(now)
        works.finish(now + US_PER_HOUR)
    works.fails("p101", SIX_US + 66 * US_PER_DAY)
    now = SIX_US + 70 * US_PER_DAY - 2 * US_PER_HOUR
    works.rounds.run_once(now)
    plan = works.plans.plan("grease")
    assert plan is not None
    case = case_of(plan, works.plant, works.plans, works.orders, now)
    assert sum(event.kind == "task" for event in case.events) == 20
    assert {event.finding for event in case.events if event.kind == "task"} == {GOOD}
    [failure] = [event for event in case.events if event.kind == "failure"]
    assert failure.asset == "p101"
    assert (case.interval, case.monitored, set(case.spans)) == (7.0, True, {"p101", "p102"})
    assert "assumed" in case.costs_from
    judged = judge(case)
    assert judged.tasks == 20
    assert judged.verdict in (Verdict.LENGTHEN, Verdict.KEEP, Verdict.NOT_ENOUGH)
    assert judged.good.count == 20


def test_a_changed_fixed_plan_goes_on_from_its_newest_slot(works: Works) -> None:
    kept = works.plans.save(WEEKLY, ANN, SIX_US)
    works.rounds.run_once(SIX_US + 15 * US_PER_DAY)
    zone = zone_of(works.plant, works.plant.assets[0])
    after = changed_plan(kept, 2.0, SIX_US + 15 * US_PER_DAY, zone)
    assert (after.every, after.start) == (Every(2, Unit.WEEKS), date(2026, 3, 16))
    works.plans.approve(after, Watch(("p101",), SIX_US + 90 * US_PER_DAY, 3, 1.0, 0.5), "x", ANN, 1, SIX_US)
    assert works.rounds.round(SIX_US + 22 * US_PER_DAY).opened == ()
    assert len(works.rounds.round(SIX_US + 28 * US_PER_DAY).opened) == 2
    assert not changed_plan(kept, NEVER, SIX_US, zone).active
