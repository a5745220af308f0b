"""What both order books offer around the work of an order; each brings its own transaction and its own reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from forewarn.core.errors import Conflict
from forewarn.core.jobs import Breakdown, Job, JobPlan, NewLine, NewResult, Worked
from forewarn.core.ports import Actor, OrderOutcome
from forewarn.core.work import NewOrder, Status, WorkOrder
from forewarn.maintenance.orders import job_desk
from forewarn.maintenance.orders.costs import House, allowed, lacks_approval, money
from forewarn.maintenance.orders.desk import OrderStore

RACES = 5


class JobBook(ABC):
    """The work of orders, over `writing`: each call is one transaction. `house` is what is known of the plant: prices,
    classes of machines, limits of cost."""

    house: House

    @abstractmethod
    def writing(self) -> AbstractContextManager[OrderStore]:
        """One write transaction."""

    @abstractmethod
    def new_id(self) -> str:
        """An id for a new order."""

    @abstractmethod
    def job(self, order_id: str) -> Job | None:
        """The job of an order (id or number), None when there is no such order."""

    @abstractmethod
    def follow_ups(self, order_id: str) -> list[WorkOrder]:
        """Orders that grew out of this one, oldest first, without their evidence."""

    @abstractmethod
    def job_plans(self, id: str | None = None) -> list[JobPlan]:
        """Every version of one plan, oldest first; without an id the newest version of each, retired ones too."""

    def raise_order(self, new: NewOrder, actor: Actor) -> OrderOutcome:
        """Open an order that no forecast asks for, once for each origin and each fault.

        `what` is `opened`, or `unchanged` with the order that is there. Raises Rejected for an unknown forerunner or
        plan. Who loses a race is given the winner's order.
        """
        return self._raced(lambda store: job_desk.take_new(store, new, actor, self.house, self.new_id))

    def raise_breakdown(self, told: Breakdown, actor: Actor) -> OrderOutcome:
        """A machine stands: open an emergency or corrective order, or join the open repair of that machine.

        Told again with the same begin, nothing changes (`unchanged`). Raises Rejected for an unknown reason and for a
        begin that lies ahead.
        """
        return self._raced(lambda store: job_desk.take_breakdown(store, told, actor, self.house, self.new_id))

    def step_done(self, order_id: str, told: NewResult, actor: Actor, revision: int, at_us: int) -> Worked:
        """Note the result of a step; a bad one opens its follow-up order, once.

        Raises Conflict for a stale revision and unless the order is in progress; Rejected for what
        `job_rules.with_result` refuses, with what is expected.
        """
        with self.writing() as store:
            return job_desk.take_step_result(store, order_id, told, actor, revision, at_us, self.house, self.new_id)

    def sign_off(self, order_id: str, step: str, actor: Actor, revision: int, at_us: int, note: str = "") -> Worked:
        """Confirm the result of a step that somebody else did. Raises Conflict for who did it, and without a result."""
        with self.writing() as store:
            return job_desk.take_sign_off(store, order_id, step, actor, revision, at_us, note)

    def report(self, order_id: str, lines: Sequence[NewLine], actor: Actor, revision: int, at_us: int) -> Worked:
        """Add lines to the completion report, all or none; a correction is a line that names the one it replaces."""
        with self.writing() as store:
            return job_desk.take_lines(store, order_id, lines, actor, revision, at_us)

    def approve_cost(self, order_id: str, actor: Actor, revision: int, at_us: int) -> Worked:
        """Approve what an order is planned to cost. Raises Conflict, with who may, when the actor's role may not."""
        with self.writing() as store:
            return job_desk.take_approval(store, order_id, actor, revision, at_us, self.house)

    def take_plan(self, order_id: str, plan: str, actor: Actor, revision: int, at_us: int) -> Worked:
        """Give an open order a job plan by hand, frozen from now on. Raises Conflict when it has the plan already."""
        with self.writing() as store:
            return job_desk.take_plan(store, order_id, plan, actor, revision, at_us, self.house)

    def save_plan(self, plan: JobPlan, actor: Actor, at_us: int, version: int = 0) -> JobPlan:
        """Keep a job plan as a new version; `version` is the newest that the writer has read (0: there is none).

        Orders that took an older version keep it. Raises Conflict when somebody else saved one meanwhile.
        """
        with self.writing() as store:
            return job_desk.save_plan(store, plan, actor, at_us, version)

    def allowed(self, order: WorkOrder, role: str) -> tuple[Status, ...]:
        """Statuses that somebody of a role may move the order to now."""
        return allowed(order, role, self.house.costs)

    def approval_needed(self, order: WorkOrder, role: str) -> str:
        """Why somebody of this role cannot let the order begin, and who may; "" when nothing is in the way."""
        costs = self.house.costs
        if not order.is_open or not lacks_approval(order, role, costs):
            return ""
        return f"{money(order.planned_cost, order.currency)} wants approval by {costs.who_may(order.planned_cost)}"

    def _raced(self, take: Callable[[OrderStore], OrderOutcome]) -> OrderOutcome:
        for _ in range(RACES - 1):
            try:
                with self.writing() as store:
                    return take(store)
            except Conflict:
                continue  # the winner's order is there now: look again
        with self.writing() as store:
            return take(store)
