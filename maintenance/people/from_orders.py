"""From open orders to jobs for the planner. Pure: orders, plant and what the caller knows in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.people import SkillNeed
from forewarn.core.plant import Plant
from forewarn.core.work import Status, WorkOrder
from forewarn.maintenance.people.problem import Job, Span

PLANNED = (Status.APPR, Status.WSCH, Status.WMATL, Status.WPCOND)
"""Statuses of orders that are put into a schedule: approved, and not begun."""
UNKNOWN_HOURS = 1.0


@dataclass(frozen=True, slots=True)
class MoreOfJob:
    """What a caller knows of an order besides; None: as the order has it. `not_before_us`: steps of other departments,
    or an arrival that purchasing has promised."""

    hours: float | None = None
    crew: int = 1
    needs: tuple[SkillNeed, ...] | None = None
    not_before_us: int = 0
    parts_at_us: int | None = None
    windows: tuple[Span, ...] | None = None
    due_us: int | None = None


NOTHING_MORE = MoreOfJob()


def jobs_of(
    orders: Iterable[WorkOrder], plant: Plant, now_us: int, more: Mapping[str, MoreOfJob] | None = None
) -> list[Job]:
    """A job for each order of a status in `PLANNED`. `more` by order id.

    Due: "start work by" and the hours of the repair; an order without a forecast is due by its priority (`due_by`).
    Parts that are not on the shelf are there after their late (P90) lead time from now, unless the caller knows better.
    Skills: those of the job plan that the caller brings, else of the plant's plans for its faults, at level 1.
    """
    known = more or {}
    return [
        _job(order, plant, now_us, known.get(order.id, NOTHING_MORE)) for order in orders if order.status in PLANNED
    ]


def _job(order: WorkOrder, plant: Plant, now_us: int, more: MoreOfJob) -> Job:
    hours = more.hours or order.repair_hours or UNKNOWN_HOURS
    asset = plant.asset(order.asset)
    return Job(
        id=order.id,
        hours=hours,
        priority=order.priority,
        due_us=more.due_us if more.due_us is not None else _due_us(order, hours),
        needs=more.needs if more.needs is not None else _needs(order, plant),
        crew=more.crew,
        ready_us=max(
            more.not_before_us, _parts_us(order, plant, now_us) if more.parts_at_us is None else more.parts_at_us
        ),
        windows=more.windows,
        kind=order.kind.value,
        asset=order.asset,
        place=asset.area if asset else "",
        failure_mode=order.causes[0].failure_mode if order.causes else "",
        title=f"{order.number} {order.title}",
    )


DUE_DAYS = {1: 1, 2: 7, 3: 30, 4: 90, 5: 180}


def due_by(priority: int, created_at_us: int) -> int:
    """When an order without dates is due: a day, a week, a month, a quarter, half a year after it was opened.

    >>> due_by(2, 0) // (24 * US_PER_HOUR)
    7
    """
    return created_at_us + DUE_DAYS[priority] * US_PER_DAY


def _due_us(order: WorkOrder, hours: float) -> int:
    if order.start_by_us is None:
        return due_by(order.priority, order.created_at_us)
    return order.start_by_us + round(hours * US_PER_HOUR)


def _needs(order: WorkOrder, plant: Plant) -> tuple[SkillNeed, ...]:
    asset = plant.asset(order.asset)
    plans = [asset.plan_for(cause.fault) for cause in order.causes] if asset else []
    skills = dict.fromkeys(skill for plan in plans if plan is not None for skill in plan.skills)
    return tuple(SkillNeed(skill, 1) for skill in skills)


def _parts_us(order: WorkOrder, plant: Plant, now_us: int) -> int:
    missing = [
        part.lead_p90_days
        for line in order.parts
        if (part := plant.part(line.part)) is not None and part.on_hand < line.quantity
    ]
    return now_us + round(max(missing) * US_PER_DAY) if missing else 0
