"""One year of work on the books of the product, and beside it a notebook of what people really did.

Every week: what the models announce, what breaks down, what plans ask for; approval, parts that are there or come late,
the week's schedule, the work, its verification. The notebook knows nothing of the books: at the end they have to agree.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import count

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Conflict
from forewarn.core.jobs import Breakdown, LineKind, NewLine, NewResult, Outcome
from forewarn.core.plant import PartLine
from forewarn.core.ports import Actor
from forewarn.core.work import Status, Verification, WorkOrder
from forewarn.ingest.store.memory import MemoryStore
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.departments_book import DepartmentBook
from forewarn.maintenance.people.book import PeopleBookSql
from forewarn.maintenance.people.desk import KeptAssignment
from forewarn.maintenance.people.from_orders import jobs_of
from forewarn.maintenance.people.planner import plan_week
from forewarn.maintenance.people.problem import Assignment, Problem
from forewarn.maintenance.plans.book import PlanBookSql
from forewarn.maintenance.records import Records
from forewarn.pipeline.plan_rounds import Meters, PlanRounds
from tests.maintenance.samples import CODES, NOW_US, advice
from tests.stories.supply import Supply
from tests.stories.works import (
    BEARING_JOB,
    HOUSE,
    MISALIGNMENT,
    PLANS,
    PRICES,
    START_US,
    WEEK_US,
    WEEKS,
    Trouble,
    fate,
    people,
    works,
)

PLANNER, MANAGER = Actor("pia", "planner"), Actor("max", "manager")
OFFLINE_WEEK, CANCEL_WEEK, REWORK_WEEK, RETIRE_WEEK = 12, 20, 33, 26
RETIRED = "conveyor-08"


@dataclass
class Notebook:
    """What the foreman wrote down: hours by person, money, pieces and standstill by machine, what became of work."""

    hours: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    money: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    pieces: Counter[tuple[str, str]] = field(default_factory=Counter)
    stood_h: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    closed: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    bad_gaps: int = 0
    slips: int = 0
    breakdowns: int = 0
    announced: int = 0
    refused_offline: int = 0


class Year:
    """Runs the year; `book`, `notebook` and the other books are for whoever compares them."""

    def __init__(self, records: Records, seed: int = 2027) -> None:
        self.records, self.plant, self.people = records, works(), people()
        self.book = OrderBookSql(records, house=HOUSE)
        self.plans, self.staff, self.departments = (
            PlanBookSql(records, self.book), PeopleBookSql(records), DepartmentBook(records),
        )  # fmt: skip
        self.supply = Supply(records, self.book, self.departments)
        self.rounds = PlanRounds(lambda: self.plant, self.plans, self.book, Meters(MemoryStore(), MemoryStore()))
        forced = Trouble(RETIRED, MISALIGNMENT, RETIRE_WEEK - 1, announced=True)  # its part is ordered when it is sold
        self.troubles = [*(trouble for trouble in fate(self.plant, seed) if trouble.asset != RETIRED), forced]
        self._measured, self._verified = count(), count()  # every fourth clearance is bad, every ninth repair in vain
        self.notebook = Notebook()
        self._stands: dict[str, int] = {}
        self._planned: list[Assignment] = []
        self.worked: list[KeptAssignment] = []
        self._offline = self._reworked = False

    def run(self) -> None:
        """From the first Monday to the last."""
        self.book.save_plan(BEARING_JOB, PLANNER, START_US)
        for plan in PLANS:
            self.plans.save(plan, PLANNER, START_US)
        self.staff.save_people(self.people, PLANNER, START_US)
        self.supply.open()
        for week in range(WEEKS):
            monday_us = START_US + week * WEEK_US
            self._settle_last_week(monday_us)
            self._hear(week, monday_us)
            self.rounds.round(monday_us + 7 * US_PER_HOUR)
            self._approve(week, monday_us + 8 * US_PER_HOUR)
            self._supplied(week, monday_us + 9 * US_PER_HOUR)
            self._plan(monday_us + 10 * US_PER_HOUR)
            self._work(week)
        self._settle_last_week(START_US + WEEKS * WEEK_US)
        self.rounds.round(START_US + WEEKS * WEEK_US)

    # ---- Monday

    def _hear(self, week: int, now_us: int) -> None:
        for trouble in self.troubles:
            if trouble.week == week and trouble.announced:
                self.notebook.announced += self._advised(trouble, now_us) == "opened"
            elif trouble.week == week:
                self._breaks_down(trouble, now_us)
            elif trouble.announced and week - 3 < trouble.week < week:
                self._advised(trouble, now_us)  # the models say it again, every week
        if week == RETIRE_WEEK:
            self._sold(now_us)

    def _sold(self, now_us: int) -> None:
        """A machine goes: its plans, its open work with what was put aside for it, and the parts that fit it alone."""
        self.plans.retire(RETIRED, MANAGER, now_us, "sold")
        for order in self.book.orders(asset=RETIRED, open_only=True):
            self.book.act(order.id, Status.CAN, PLANNER, order.revision, now_us)
            self.notebook.cancelled.add(order.id)
        self.supply.scrap(now_us)

    def _advised(self, trouble: Trouble, now_us: int) -> str:
        at_h = (now_us - NOW_US) / US_PER_HOUR
        told = advice(trouble.fault, asset=trouble.asset, at_h=at_h, start_in_h=15 * 24.0, parts=self._parts(trouble))
        return self.book.advise(told).what

    def _parts(self, trouble: Trouble) -> tuple[PartLine, ...]:
        asset = self.plant.asset(trouble.asset)
        plan = asset.plan_for(trouble.fault) if asset else None
        return plan.parts if plan else ()

    def _breaks_down(self, trouble: Trouble, now_us: int) -> None:
        since_us = now_us - 5 * US_PER_HOUR
        told = Breakdown(trouble.asset, "it stands", since_us, now_us, fault=trouble.fault, emergency=True)
        order = self.book.raise_breakdown(told, PLANNER).order
        assert order is not None
        self._stands[order.id] = since_us
        self.notebook.breakdowns += 1

    def _approve(self, week: int, now_us: int) -> None:
        waiting = [order for order in self.book.orders(open_only=True, limit=2000) if order.status is Status.WAPPR]
        for n, order in enumerate(sorted(waiting, key=lambda order: order.number)):
            if week >= CANCEL_WEEK and n == 0 and not self.notebook.cancelled:
                self.book.act(order.id, Status.CAN, PLANNER, order.revision, now_us)
                self.notebook.cancelled.add(order.id)
                continue
            if self.book.approval_needed(order, "planner"):
                order = self.book.approve_cost(order.id, MANAGER, order.revision, now_us).order
            order = self.book.act(order.id, Status.APPR, PLANNER, order.revision, now_us)
            self.supply.reserve(order, now_us)

    def _supplied(self, week: int, now_us: int) -> None:
        """Who is late is warned of before the lorries are unloaded, and what is missing is bought."""
        self.notebook.slips += len(self.departments.warn(now_us))
        self.supply.receive(now_us)
        self.supply.buy(now_us)
        self.supply.week(week, now_us)

    def _plan(self, now_us: int) -> None:
        ready = [o for o in self.book.orders(open_only=True, limit=2000) if o.status is Status.APPR]
        jobs = tuple(jobs_of(ready, self.plant, now_us))
        span = now_us, now_us + 5 * 24 * US_PER_HOUR
        week = Problem(*span, self.people, jobs, slot_min=60)
        plan = plan_week(week, limit_s=0.3) if jobs else None
        self._planned = list(plan.assignments) if plan else []
        kept = [KeptAssignment(a.job, who, a.start_us, a.stop_us) for a in self._planned for who in a.crew]
        self.worked += kept
        standing = self.staff.schedule()
        self.staff.publish(kept, {"jobs": len(jobs)}, span, PLANNER, standing.revision, now_us)

    # ---- the week

    def _work(self, week: int) -> None:
        for assignment in sorted(self._planned, key=lambda a: (a.start_us, a.job)):
            order = self._begun(assignment)
            lines = self._told_of(order, assignment)
            order = self._read(order.id)
            order = self.book.report(order.id, lines, Actor(assignment.crew[0], "technician"), order.revision,
                                     assignment.stop_us).order  # fmt: skip
            if week >= OFFLINE_WEEK and not self._offline:
                self._offline = True
                self._finished_offline_by_two(order, assignment)
                continue
            order = self._completed(order, assignment, assignment.crew[0])
            if week >= REWORK_WEEK and not self._reworked:
                self._reworked = True
                self._worked_over(order, assignment)

    def _begun(self, assignment: Assignment) -> WorkOrder:
        who = Actor(assignment.crew[0], "technician")
        order = self._read(assignment.job)
        order = self.book.act(order.id, Status.INPRG, who, order.revision, assignment.start_us)
        job = self.book.job(order.id)
        for step in job.steps if job else ():
            bad = bool(step.unit) and next(self._measured) % 4 == 2
            value = (0.4 if bad else 0.1) if step.unit else None
            result = NewResult(step.id, Outcome.DONE, value)
            done = self.book.step_done(order.id, result, who, order.revision, assignment.start_us + US_PER_HOUR)
            self.notebook.bad_gaps += bad
            order = done.order
        return order

    def _told_of(self, order: WorkOrder, assignment: Assignment) -> list[NewLine]:
        """What the crew tells of the work, and what the foreman notes of it."""
        hours = (assignment.stop_us - assignment.start_us) / US_PER_HOUR
        lines = [NewLine(LineKind.DURATION, quantity=hours)]
        for who in assignment.crew:
            rate = next(person.rate_per_h for person in self.people if person.id == who)
            lines.append(NewLine(LineKind.LABOUR, who, hours, rate))
            self.notebook.hours[who] += hours
            self.notebook.money[order.asset] += round(hours * rate, 2)
        for part in self.supply.hand_out(order, assignment.start_us):
            self.notebook.pieces[order.asset, part.part] += part.quantity
            self.notebook.money[order.asset] += round(part.quantity * PRICES[part.part], 2)
        return lines

    def _completed(self, order: WorkOrder, assignment: Assignment, who: str) -> WorkOrder:
        done = self.book.act(order.id, Status.COMP, Actor(who, "technician"), order.revision, assignment.stop_us,
                             {"finding": "confirmed", **CODES} if order.causes else dict(CODES))  # fmt: skip
        if order.id in self._stands:
            self.notebook.stood_h[order.asset] += (assignment.stop_us - self._stands.pop(order.id)) / US_PER_HOUR
        return done

    def _finished_offline_by_two(self, order: WorkOrder, assignment: Assignment) -> None:
        """Both finished it on their phones without network; both send it, and the first sends it twice."""
        report = {"finding": "confirmed", **CODES} if order.causes else dict(CODES)

        def sent(who: str) -> str:
            def work() -> tuple[int, str]:
                actor = Actor(who, "technician")
                done = self.book.act(order.id, Status.COMP, actor, order.revision, assignment.stop_us, report)
                return 200, json.dumps({"number": done.number, "revision": done.revision})

            return self.book.idempotent(f"{order.id}-{who}", who, "complete", work).body

        first = sent("ann")
        assert sent("ann") == first  # the phone had not heard the answer
        try:
            sent("ben")
        except Conflict:
            self.notebook.refused_offline += 1
        if order.id in self._stands:
            self.notebook.stood_h[order.asset] += (assignment.stop_us - self._stands.pop(order.id)) / US_PER_HOUR

    def _worked_over(self, order: WorkOrder, assignment: Assignment) -> None:
        """The foreman looks at it, has it done again, and the hours that were told wrongly are put right."""
        who = Actor(assignment.crew[0], "technician")
        order = self.book.act(order.id, Status.INPRG, MANAGER, order.revision, assignment.stop_us + US_PER_HOUR)
        job = self.book.job(order.id)
        assert job is not None
        line = next(line for line in job.lines if line.line.kind is LineKind.LABOUR)
        right = NewLine(LineKind.LABOUR, line.line.what, line.line.quantity + 1, line.line.unit_cost, corrects=line.seq)
        order = self.book.report(order.id, [right], who, order.revision, assignment.stop_us + 2 * US_PER_HOUR).order
        self.notebook.hours[line.line.what] += 1
        self.notebook.money[order.asset] += line.line.unit_cost
        report = {"finding": "confirmed", **CODES} if order.causes else dict(CODES)
        self.book.act(order.id, Status.COMP, who, order.revision, assignment.stop_us + 2 * US_PER_HOUR, report)

    # ---- the Monday after

    def _settle_last_week(self, now_us: int) -> None:
        """What was repaired is verified and closed; some repairs did not help and are done once more."""
        for order in [self._read(assignment.job) for assignment in self._planned]:
            helped = not order.causes or next(self._verified) % 9 != 4
            result = Verification.PASSED if helped else Verification.FAILED
            verified = self.book.verify(order.id, result, MANAGER, now_us)
            if helped:
                self.book.act(order.id, Status.CLOSE, MANAGER, verified.revision, now_us)
                self.notebook.closed.add(order.id)
            else:
                self.notebook.failed.add(order.id)
                cause = order.causes[0].fault
                trouble = Trouble(order.asset, cause, 0, announced=True)
                assert self._advised(trouble, now_us) == "opened"

    def _read(self, order_id: str) -> WorkOrder:
        order = self.book.order(order_id)
        assert order is not None
        return order
