"""What the routes of people and schedules work with: the book of people, the order book, the planner between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.people import Technician
from forewarn.core.ports import Actor
from forewarn.core.work import Json, Status, WorkOrder
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.departments import effect
from forewarn.maintenance.people.book import PeopleBookSql
from forewarn.maintenance.people.desk import KeptAssignment, StandingSchedule
from forewarn.maintenance.people.from_orders import NOTHING_MORE, PLANNED, MoreOfJob, jobs_of
from forewarn.maintenance.people.opportunities import Opportunity, Outage, Stop, WorkList, opportunities, work_list
from forewarn.maintenance.people.plain_people import person_from, zone_of
from forewarn.maintenance.people.planner import WeekPlan, plan_week
from forewarn.maintenance.people.problem import Assignment, Job, Problem, faults_of
from forewarn.maintenance.people.success import past_success, repairs_of

if TYPE_CHECKING:
    from forewarn.api.state import Plantroom
    from forewarn.maintenance.records import Records

MOST_ORDERS = 10_000
LONGEST_H = 24.0 * 60


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be planned: [from_us, to_us); nothing that starts within `frozen_h` of now is moved."""

    from_us: int
    to_us: int
    frozen_h: float = 0.0
    slot_min: int = 30


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan that nobody has agreed to yet, over the schedule at `revision`; `kept` is what was not touched."""

    plan: WeekPlan
    kept: tuple[Assignment, ...]
    problem: Problem
    revision: int


@dataclass(frozen=True, slots=True)
class PeopleDesk:
    """The books, and the use cases that join them."""

    room: Plantroom
    book: PeopleBookSql
    orders: OrderBookSql

    @property
    def zone(self) -> tzinfo:
        """The time zone in which reasons are told: that of the first site."""
        sites = self.room.plant.sites
        return zone_of(sites[0].timezone) if sites else UTC

    def people(self) -> tuple[Technician, ...]:
        """Everybody who is active."""
        everybody = (person_from(document.body) for document in self.book.documents("person"))
        return tuple(person for person in everybody if person.active)

    def open_orders(self) -> list[WorkOrder]:
        """Orders that are not done yet, without their evidence."""
        return self.orders.orders(open_only=True, limit=MOST_ORDERS, evidence=False)

    def jobs(self, more: Mapping[str, MoreOfJob], orders: Iterable[WorkOrder] | None = None) -> list[Job]:
        """Jobs of open orders; `more` by id or number. Unknown ones are refused."""
        found, now_us = self.open_orders() if orders is None else list(orders), self.room.now_us()
        ids = {order.number: order.id for order in found} | {order.id: order.id for order in found}
        unknown = sorted(set(more) - set(ids))
        if unknown:
            raise Rejected("unknown_order", f"{', '.join(unknown)} is no open order")
        told = {ids[name]: one for name, one in more.items()}
        planned = [order for order in found if order.status in PLANNED]
        known = {order.id: self._known(order, told.get(order.id, NOTHING_MORE), now_us) for order in planned}
        return jobs_of(planned, self.room.plant, now_us, known)

    def _known(self, order: WorkOrder, more: MoreOfJob, now_us: int) -> MoreOfJob:
        """With the skills of the order's job plan and the dates of other departments."""
        job = self.orders.job(order.id)
        needs = job.skills if more.needs is None and job is not None and job.skills else more.needs
        steps = self.room.work.departments.of_order(order.id) if self.room.work else []
        earliest_us = effect(steps, order.start_by_us, now_us).earliest_start_us if steps else 0
        return replace(more, needs=needs, not_before_us=max(more.not_before_us, earliest_us))

    def standing(self) -> list[Assignment]:
        """The schedule in force, one assignment for each job."""
        return together(self.book.schedule().assignments)

    def problem(self, wish: Wish, more: Mapping[str, MoreOfJob]) -> tuple[Problem, int]:
        """What is to be planned, and the revision of the schedule that it goes out from."""
        if wish.to_us - wish.from_us > LONGEST_H * US_PER_HOUR:
            raise Rejected("plan_span", f"a plan is at most {LONGEST_H / 24:g} days long")
        schedule, people, jobs = self.book.schedule(), self.people(), self.jobs(more)
        there, movable = {p.id for p in people}, {job.id for job in jobs}
        settled = [a for a in together(schedule.assignments) if self._is_settled(a, wish, movable, there)]
        done = {a.job for a in settled}
        told = {(a.order_id, a.person) for a in schedule.assignments if a.seen}
        seen = [a for a in together(schedule.assignments) if all((a.job, who) in told for who in a.crew)]
        problem = Problem(
            wish.from_us,
            wish.to_us,
            people,
            tuple(job for job in jobs if job.id not in done),
            tuple(settled),
            {a.job: a for a in seen if a.job in movable - done},
            self.success(people),
            slot_min=wish.slot_min,
        )
        return problem, schedule.revision

    def _is_settled(self, one: Assignment, wish: Wish, movable: set[str], there: set[str]) -> bool:
        """Does an assignment stay as it is? Work that has begun or is over, what is planned for a time after this plan,
        and what begins soon, as long as its people are there."""
        now_us = self.room.now_us()
        if one.job not in movable:
            order = self.orders.order(one.job)
            return order is not None and (order.status is Status.INPRG or one.start_us < now_us)
        if one.start_us >= wish.to_us:
            return True
        soon_us = now_us + round(wish.frozen_h * US_PER_HOUR)
        return one.start_us < soon_us and one.stop_us > now_us and there.issuperset(one.crew)

    def success(self, people: Sequence[Technician]) -> dict[tuple[str, str], float]:
        """Whose repairs held, from finished orders and who was planned for them."""
        crews: dict[str, list[str]] = {}
        for one in self.book.schedule().assignments:
            crews.setdefault(one.order_id, []).append(one.person)
        finished = [order for id in crews if (order := self.orders.order(id)) is not None]
        return past_success(repairs_of(finished, crews), [p.id for p in people])

    def propose(self, wish: Wish, more: Mapping[str, MoreOfJob], limit_s: float, seed: int) -> Proposal:
        """Plan; nothing is kept."""
        problem, revision = self.problem(wish, more)
        plan = plan_week(problem, limit_s, seed, zone=self.zone)
        return Proposal(plan, problem.fixed, problem, revision)

    def publish(
        self,
        wish: Wish,
        plan: Sequence[Assignment],
        reasons: Mapping[str, str],
        more: Mapping[str, MoreOfJob],
        actor: Actor,
        revision: int,
    ) -> StandingSchedule:
        """Put a plan into force and move its orders: planned ones from WSCH to APPR, approved ones without a place to
        WSCH. Raises Rejected with everything that is wrong with the plan, Conflict when the schedule has changed."""
        problem, now = self.problem(wish, more)
        if revision != now:
            raise Conflict(f"the schedule is at revision {now}, not {revision}: read it again")
        wrong = faults_of(problem, plan)
        if wrong:
            raise Rejected("plan_cannot_be_done", "; ".join(wrong[:20]))
        at_us = self.room.now_us()
        kept = [a for a in problem.fixed if wish.from_us <= a.start_us < wish.to_us]
        rows = [row for a in (*kept, *plan) for row in _rows(a, reasons.get(a.job, ""))]
        summary: Json = {
            "from_us": wish.from_us,
            "to_us": wish.to_us,
            "cost": problem.total(plan),
            "lateness": problem.weighted_lateness(plan),
        }
        done = self.book.publish(rows, summary, (wish.from_us, wish.to_us), actor, revision, at_us)
        self._move_orders({a.job for a in plan}, {job.id for job in problem.jobs}, actor, at_us)
        return done

    def _move_orders(self, planned: set[str], asked: set[str], actor: Actor, at_us: int) -> None:
        for id in sorted(asked):
            order = self.orders.order(id)
            wanted = Status.APPR if id in planned else Status.WSCH
            left = Status.WSCH if id in planned else Status.APPR
            if order is not None and order.status is left:
                self.orders.act(id, wanted, actor, order.revision, at_us, {"note": "by the schedule"})

    def fitting(self, stop: Stop, more: Mapping[str, MoreOfJob]) -> list[Opportunity]:
        """Open jobs that fit a stop; what is planned beside it stays."""
        standing = self.standing()
        planned = {a.job: a.stop_us for a in standing}
        return opportunities(stop, self.jobs(more), self.people(), standing, planned, self.zone)

    def work_list(self, outage: Outage, more: Mapping[str, MoreOfJob], limit_s: float) -> WorkList:
        """What of an outage's orders fits into it."""
        found = self.open_orders()
        ids = {order.number: order.id for order in found}
        named = replace(outage, orders=tuple(ids.get(name, name) for name in outage.orders))
        return work_list(named, self.jobs(more, found), self.people(), self.standing(), limit_s, self.zone)


def together(kept: Iterable[KeptAssignment]) -> list[Assignment]:
    """One assignment for each job, from one row for each of its people."""
    found: dict[tuple[str, int, int], list[str]] = {}
    for one in kept:
        found.setdefault((one.order_id, one.start_us, one.stop_us), []).append(one.person)
    return [Assignment(job, tuple(sorted(crew)), start, stop) for (job, start, stop), crew in found.items()]


def _rows(one: Assignment, reason: str) -> list[KeptAssignment]:
    return [KeptAssignment(one.job, person, one.start_us, one.stop_us, reason=reason) for person in one.crew]


def people_of_plant(room: Plantroom, records: Records, orders: OrderBookSql) -> PeopleDesk:
    """Give the room its desk of people."""
    desk = PeopleDesk(room, PeopleBookSql(records), orders)
    room.people = desk
    return desk
