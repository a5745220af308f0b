"""A small works that lives through some weeks at random: every step that an order can take, on the real books.

All moments lie on whole hours, as the oracle wants them. Nothing here knows the figures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from forewarn.core.errors import Conflict
from forewarn.core.faults import Fault
from forewarn.core.jobs import Breakdown, LineKind, NewLine
from forewarn.core.people import Absence, Technician
from forewarn.core.plans import Every, Plan, Trigger, Unit
from forewarn.core.plant import Asset, Component, Plant, Site
from forewarn.core.ports import Actor
from forewarn.core.shifts import Shift, ShiftPlan
from forewarn.core.work import NewOrder, OrderKind, Status, Verification, WorkOrder
from forewarn.ingest.store.memory import MemoryStore
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.people.book import PeopleBookSql
from forewarn.maintenance.people.desk import KeptAssignment
from forewarn.maintenance.plans.book import PlanBookSql
from forewarn.maintenance.records import Records
from forewarn.pipeline.plan_rounds import Meters, PlanRounds
from tests.maintenance.samples import CODES

BERLIN = ZoneInfo("Europe/Berlin")
H = 3_600_000_000
START_US = int(datetime(2026, 3, 9, 5, tzinfo=UTC).timestamp()) * 1_000_000  # summer time begins three weeks later
TICK_US = 6 * H
FAULTS = (Fault("bearing", "outer_race_spall"), Fault("rotor", "imbalance"), Fault("seal", "leak"))
BOSS, HAND = Actor("pia", "planner"), Actor("ann", "technician")
DAYTIME = ShiftPlan(tuple(Shift(day, 360, 1320) for day in range(5)), BERLIN, frozenset({date(2026, 4, 6)}))


def plant() -> Plant:
    """Five machines of two classes in two areas: always, in shifts, and for some hours a day."""
    parts = (Component("bearing", "bearing"), Component("rotor", "rotor"), Component("seal", "seal"))
    return Plant(
        "works",
        (Site("works", "Works", "Europe/Berlin"),),
        (
            Asset("pump-1", "Pump 1", "pump", "works", "hall", components=parts),
            Asset("pump-2", "Pump 2", "pump", "works", "yard", components=parts, shifts=DAYTIME),
            Asset("pump-3", "Pump 3", "pump", "works", "hall", components=parts, operating_hours_per_day=12.0),
            Asset("fan-1", "Fan 1", "fan", "works", "yard", components=parts),
            Asset("fan-2", "Fan 2", "fan", "works", "hall", components=parts, shifts=DAYTIME),
        ),
    )


PLANS = (
    Plan("lube", "Lubricate", Trigger.FLOATING, date(2026, 3, 10), asset_class="pump", every=Every(1, Unit.WEEKS),
         component="bearing", hours=1.0),
    Plan("look", "Look", Trigger.FIXED, date(2026, 3, 11), asset_class="fan", every=Every(5, Unit.DAYS),
         kind=OrderKind.INSPECTION, hours=2.0, tolerance=0.5),
)  # fmt: skip
PEOPLE = (
    Technician("ann", "Ann", {"mechanical": 3}, ShiftPlan(tuple(Shift(d, 360, 840) for d in range(5)), BERLIN)),
    Technician("ben", "Ben", {"mechanical": 1, "electrical": 2}, ShiftPlan(tuple(Shift(d, 840, 1320) for d in (0, 3))),
               absences=(Absence(START_US + 300 * H, START_US + 600 * H),)),
)  # fmt: skip


@dataclass
class SmallWorks:
    """Lives so many ticks of six hours; `now_us` is the moment after the last one."""

    records: Records
    seed: int
    now_us: int = START_US
    plant: Plant = field(default_factory=plant)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.book = OrderBookSql(self.records)
        self.plans, self.staff = PlanBookSql(self.records, self.book), PeopleBookSql(self.records)
        self.rounds = PlanRounds(lambda: self.plant, self.plans, self.book, Meters(MemoryStore(), MemoryStore()))
        for plan in PLANS:
            self.plans.save(plan, BOSS, START_US)
        self.staff.save_people(PEOPLE, BOSS, START_US)

    def live(self, ticks: int) -> None:
        """Tick by tick."""
        for tick in range(ticks):
            self._trouble()
            if tick % 3 == 0:
                self.rounds.round(self.now_us)
            standing = self.book.orders(limit=10_000)
            moved = [o for o in standing if o.status not in (Status.CLOSE, Status.CAN)]
            for place in self.rng.permutation(len(moved))[:4]:
                self._move(moved[int(place)])
            if tick % 7 == 4:
                self._publish()
            if tick == 55:
                self.plans.retire("fan-2", BOSS, self.now_us, "sold")
            self.now_us += TICK_US

    def _pick(self, *choices: object) -> object:
        return choices[int(self.rng.integers(len(choices)))]

    def _trouble(self) -> None:
        if self.rng.random() > 0.4:
            return
        asset = self.plant.assets[int(self.rng.integers(5))].id
        fault = FAULTS[int(self.rng.integers(3))]
        if self.rng.random() < 0.6:
            since_us = self.now_us - int(self.rng.integers(0, 6)) * H
            what = Breakdown(asset, "it stands", since_us, self.now_us, str(self._pick("breakdown", "degraded")), fault,
                             emergency=bool(self.rng.random() < 0.5))  # fmt: skip
            self.book.raise_breakdown(what, HAND)
        else:
            kind = OrderKind(str(self._pick("corrective", "inspection", "preventive")))
            hours = float(self.rng.integers(0, 6))
            named = fault if self.rng.random() < 0.7 else None
            self.book.raise_order(
                NewOrder(asset, kind, "look at it", self.now_us, fault=named, repair_hours=hours), HAND
            )

    def _move(self, order: WorkOrder) -> None:
        if order.status is Status.COMP:
            return self._settle(order)
        if order.status is Status.INPRG and self.rng.random() < 0.7:
            order = self._told(order)
        ways = [s for s in order.allowed_actions if s is not Status.CAN or self.rng.random() < 0.2]
        onwards: list[Status] = [s for s in ways if s in (Status.APPR, Status.INPRG, Status.COMP)]
        ways = onwards if onwards and self.rng.random() < 0.5 else ways
        status = ways[int(self.rng.integers(len(ways)))] if ways else None
        if status is None:
            return None
        report: dict[str, object] = {}
        if status is Status.COMP:
            coded = order.kind in (OrderKind.CORRECTIVE, OrderKind.EMERGENCY, OrderKind.CONDITION)
            report = dict(CODES) if coded else {}
            if coded and self.rng.random() < 0.2:
                report = {key: CODES[key] for key in ("detection_method", "activity")} | {"finding": "not_found"}
        self.book.act(order.id, status, HAND, order.revision, self.now_us, report)
        return None

    def _settle(self, order: WorkOrder) -> None:
        if self.rng.random() < 0.2:
            self.book.act(order.id, Status.INPRG, BOSS, order.revision, self.now_us)  # not good enough: once more
            return
        if order.verification is Verification.PENDING:
            order = self.book.verify(order.id, Verification.PASSED, BOSS, self.now_us)
        order = self._told(order) if self.rng.random() < 0.3 else order  # the invoice comes late
        self.book.act(order.id, Status.CLOSE, BOSS, order.revision, self.now_us)

    def _told(self, order: WorkOrder) -> WorkOrder:
        job = self.book.job(order.id)
        assert job is not None
        corrected = {line.line.corrects for line in job.lines}
        labour = [x for x in job.lines if x.line.kind is LineKind.LABOUR and x.seq not in corrected]
        stood = self.now_us - int(self.rng.integers(1, 9)) * H
        lines = [
            NewLine(LineKind.LABOUR, str(self._pick("ann", "ben")), float(self.rng.integers(1, 5)), 47.5),
            NewLine(LineKind.PART, str(self._pick("6205", "seal kit")), float(self.rng.integers(1, 4)), 12.35),
            NewLine(LineKind.COST, "crane", 1.0, 99.99),
            NewLine(LineKind.DOWNTIME, str(self._pick("planned", "waiting_parts")), start_us=stood, end_us=self.now_us),
        ]
        chosen = [line for line in lines if self.rng.random() < 0.5] or lines[:1]
        if labour and self.rng.random() < 0.5:
            old = labour[0]
            chosen.append(NewLine(LineKind.LABOUR, old.line.what, old.line.quantity + 1, 47.5, corrects=old.seq))
        return self.book.report(order.id, chosen, HAND, order.revision, self.now_us).order

    def _publish(self) -> None:
        """Approved orders, in a random order, from the next full hours on: some of them were planned before."""
        ready = [o for o in self.book.orders(open_only=True, limit=10_000) if o.status in (Status.APPR, Status.WSCH)]
        made = []
        for n, place in enumerate(self.rng.permutation(len(ready))[:10]):
            start_us = self.now_us + (6 + (n // 2) * int(self.rng.integers(8, 40))) * H
            made.append(KeptAssignment(ready[int(place)].id, ("ann", "ben")[n % 2], start_us, start_us + 4 * H))
        kept, free_us = [], {"ann": 0, "ben": 0}
        for one in sorted(made, key=lambda a: a.start_us):
            if one.start_us >= free_us[one.person]:
                kept.append(one)
                free_us[one.person] = one.stop_us
        standing, span = self.staff.schedule(), (self.now_us, self.now_us + 21 * 24 * H)
        try:
            self.staff.publish(kept, {}, span, BOSS, standing.revision, self.now_us)
        except Conflict:  # somebody is still at a job of before: this time nothing is published
            return
