"""A line stops: which open jobs fit the stop, the people on shift and the parts on hand. And what fits into an outage.

Pure: values in, a ranked list with reasons out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Rejected
from forewarn.core.people import Technician, missing_skills
from forewarn.core.work import Json
from forewarn.maintenance.people.grid import grid_of, lowest, runs
from forewarn.maintenance.people.planner import WeekPlan, plan_week
from forewarn.maintenance.people.problem import Assignment, Job, Problem, Span
from forewarn.maintenance.people.reasons import clock
from forewarn.maintenance.people.search import Board, crews

NAME_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Opportunity:
    """An open job and a stop. It `fits` with a crew and a start, or `why` says what is in the way. `worth` ranks:
    weighted hours that the job would otherwise be late, and for one that needs the line to stand its weight besides."""

    job: str
    fits: bool
    why: str
    worth: float
    crew: tuple[str, ...] = ()
    start_us: int | None = None
    stop_us: int | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """A line or machine stands in [from_us, to_us). `assets`: which machines (none named: all)."""

    from_us: int
    to_us: int
    assets: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.to_us <= self.from_us:
            raise Rejected("stop", "a stop ends after it begins")


def opportunities(
    stop: Stop,
    jobs: Sequence[Job],
    people: Sequence[Technician],
    busy: Sequence[Assignment] = (),
    planned: dict[str, int] | None = None,
    zone: tzinfo = UTC,
) -> list[Opportunity]:
    """Each job by itself: could it be done in the stop? Those that fit first, the most worth at the top.

    `busy` is what the people are at already; a job's own assignment is in nobody's way. `planned`: when a job would be
    done otherwise (UTC microseconds); a job that is not in it would be done when it can still be: late by the stop's
    own length or more. Production windows of the jobs do not count: the line stands.

    >>> from forewarn.core.shifts import Shift, ShiftPlan
    >>> ann = Technician("ann", "Ann", {}, ShiftPlan((Shift(3, 0, 480),)))
    >>> hour = 3_600_000_000
    >>> found = opportunities(Stop(0, 2 * hour), [Job("long", 3), Job("short", 1)], [ann])
    >>> [(one.job, one.fits, one.why) for one in found]           # doctest: +NORMALIZE_WHITESPACE
    [('short', True, 'Ann is free Thu 1 Jan 00:00 to 01:00; it needs no parts that are not there'),
     ('long', False, 'takes 3 h, the stop lasts 2 h')]
    """
    told = [_looked_at(stop, job, people, busy, planned or {}, zone) for job in jobs]
    return sorted(told, key=lambda one: (not one.fits, -one.worth, one.job))


def _looked_at(
    stop: Stop,
    job: Job,
    people: Sequence[Technician],
    busy: Sequence[Assignment],
    planned: dict[str, int],
    zone: tzinfo,
) -> Opportunity:
    no = _in_the_way(stop, job, people, zone)
    others = tuple(one for one in busy if one.job != job.id)
    problem = Problem(stop.from_us, stop.to_us, tuple(people), (replace(job, windows=None),), others, slot_min=15)
    worth = _worth(problem, job, planned.get(job.id, stop.to_us + (stop.to_us - stop.from_us)))
    if no:
        return Opportunity(job.id, False, no, worth)
    grid = grid_of(problem)
    own = grid.jobs[0]
    masks = {t: mask for t in own.able if (mask := runs(Board(grid).free[t], own.length) & own.starts)}
    first = min(((lowest(mask), crew) for crew, mask in crews(own, masks)), default=None)
    if first is None:
        return Opportunity(job.id, False, "its people are not free long enough within the stop", worth)
    done = grid.assignment(0, first)
    names = " and ".join(p.name for p in people if p.id in done.crew)
    until = clock(done.stop_us, zone)
    same_day = until.rsplit(" ", 1)[0] == clock(done.start_us, zone).rsplit(" ", 1)[0]
    when = f"{clock(done.start_us, zone)} to {until.rsplit(' ', 1)[1] if same_day else until}"
    are = "is" if len(done.crew) == 1 else "are"
    parts = "it needs no parts that are not there"
    return Opportunity(
        job.id, True, f"{names} {are} free {when}; {parts}", worth, done.crew, done.start_us, done.stop_us
    )


def _in_the_way(stop: Stop, job: Job, people: Sequence[Technician], zone: tzinfo) -> str:
    """What keeps a job out of a stop whoever is free; "" for nothing."""
    length_h = (stop.to_us - stop.from_us) / US_PER_HOUR
    if stop.assets and job.asset not in stop.assets:
        return f"{job.asset or 'its machine'} does not stand"
    if job.hours > length_h:
        return f"takes {job.hours:g} h, the stop lasts {length_h:g} h"
    if job.ready_us + job.hours * US_PER_HOUR > stop.to_us:
        return f"its parts come too late ({clock(job.ready_us, zone)})"
    there = [p for p in people if p.windows(stop.from_us, stop.to_us) and p.active]
    able = [p for p in there if p.contractor is None or p.contractor.may(job.kind)]
    lacking = missing_skills(job.needs, able)
    if lacking:
        return f"nobody on shift who may do it has {lacking[0].skill} {lacking[0].level}"
    if len(able) < job.crew:
        return f"needs {job.crew} people, {len(able)} who may do it are on shift"
    return ""


def _worth(problem: Problem, job: Job, otherwise_us: int) -> float:
    """Weighted hours of lateness that doing it in the stop spares; one that needs a stop gains its weight besides."""
    soonest_us = max(problem.from_us, job.ready_us) + problem.length_us(job)
    spared = job.weight * max(0.0, problem.late_h(job, otherwise_us) - problem.late_h(job, soonest_us))
    return spared + (job.weight if job.windows is not None else 0.1 * job.weight)


@dataclass(frozen=True, slots=True)
class Outage:
    """A named shutdown of machines (none named: all) in [from_us, to_us), and the orders put onto it."""

    id: str
    name: str
    from_us: int
    to_us: int
    assets: frozenset[str] = frozenset()
    orders: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.id.strip() or len(self.id) > NAME_LIMIT or not self.name.strip():
            raise Rejected("outage", f"an outage has an id of 1 to {NAME_LIMIT} letters and a name")
        if self.to_us <= self.from_us:
            raise Rejected("outage", f"outage {self.id} ends after it begins")

    @property
    def span(self) -> Span:
        """When."""
        return self.from_us, self.to_us


def outage_json(outage: Outage) -> Json:
    """What the book keeps; `outage_from` reads it back."""
    return {
        "name": outage.name,
        "from_us": outage.from_us,
        "to_us": outage.to_us,
        "assets": sorted(outage.assets),
        "orders": list(outage.orders),
    }


def outage_from(id: str, told: Json) -> Outage:
    """An outage as kept."""
    assets, orders = told.get("assets"), told.get("orders")
    return Outage(
        id,
        str(told["name"]),
        int(str(told["from_us"])),
        int(str(told["to_us"])),
        frozenset(map(str, assets)) if isinstance(assets, list) else frozenset(),
        tuple(map(str, orders)) if isinstance(orders, list) else (),
    )


@dataclass(frozen=True, slots=True)
class WorkList:
    """The jobs of an outage: what fits and when, and for the others why not (`reasons` has every job)."""

    outage: Outage
    plan: tuple[Assignment, ...]
    misfits: tuple[str, ...]
    reasons: dict[str, str]


def work_list(
    outage: Outage,
    jobs: Sequence[Job],
    people: Sequence[Technician],
    busy: Sequence[Assignment] = (),
    limit_s: float = 5.0,
    zone: tzinfo = UTC,
) -> WorkList:
    """Plans the jobs of an outage together, within its window: what fits alone may not fit beside the others."""
    ours = [replace(job, windows=(outage.span,)) for job in jobs if job.id in outage.orders]
    why = {job.id: _in_the_way(Stop(*outage.span, outage.assets), job, people, zone) for job in ours}
    able = tuple(job for job in ours if not why[job.id])
    others = tuple(one for one in busy if one.job not in outage.orders)
    plan: WeekPlan = plan_week(Problem(*outage.span, tuple(people), able, others), limit_s, zone=zone)
    known = {job.id for job in ours}
    gone = {id: "is no open order" for id in outage.orders if id not in known}
    told = {**plan.reasons, **{id: text for id, text in why.items() if text}, **gone}
    misfits = tuple(id for id in outage.orders if id in gone or why.get(id) or id in plan.left_out)
    return WorkList(outage, plan.assignments, misfits, told)
