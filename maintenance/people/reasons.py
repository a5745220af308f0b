"""Why a job is with these people at this time, or not in the plan at all: in words, from the plan itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from forewarn.core.people import SkillNeed
from forewarn.maintenance.people.grid import Grid, Place, lowest, runs
from forewarn.maintenance.people.problem import Assignment, Problem
from forewarn.maintenance.people.search import crews


def reasons(grid: Grid, places: Sequence[Place | None], zone: tzinfo = UTC) -> dict[str, str]:
    """For every job one or two sentences. Times are told in `zone`."""
    told = {}
    for number, place in enumerate(places):
        job = grid.problem.jobs[number]
        told[job.id] = _left_out(grid, number, zone) if place is None else _assigned(grid, number, place, places, zone)
    return told


def _assigned(grid: Grid, number: int, place: Place, places: Sequence[Place | None], zone: tzinfo) -> str:
    parts = [_who(grid, number, place), _when(grid, number, place, places, zone), _due(grid, number, place, zone)]
    if grid.jobs[number].seen is not None and grid.jobs[number].seen == place:
        parts.append("as people saw it")
    return "; ".join(part for part in parts if part)


def _who(grid: Grid, number: int, place: Place) -> str:
    problem, job = grid.problem, grid.problem.jobs[number]
    crew = [problem.people[t] for t in place[1]]
    told = [_meets(need, [p.name for p in crew if p.has(need)]) for need in job.needs]
    able = len(grid.jobs[number].able) if job.crew == 1 else 0
    if able == 1:
        told.append("nobody else can")
    known = [problem.success[p.id, job.failure_mode] for p in crew if (p.id, job.failure_mode) in problem.success]
    if known:
        told.append(f"{max(known):.0%} of such repairs held")
    if job.place and any(p.place == job.place for p in crew):
        told.append(f"based at {job.place}")
    return ", ".join(told) or "free then"


def _meets(need: SkillNeed, names: Sequence[str]) -> str:
    return f"{names[0] if names else 'nobody'} has {need.skill} {need.level}"


def _when(grid: Grid, number: int, place: Place, places: Sequence[Place | None], zone: tzinfo) -> str:
    problem, job = grid.problem, grid.problem.jobs[number]
    start_us = problem.from_us + place[0] * problem.slot_us
    first = _first_start(grid, number)
    if first is None or place[0] <= first:
        if job.ready_us > problem.from_us and start_us - job.ready_us < problem.slot_us:
            return f"as soon as the parts are there ({clock(job.ready_us, zone)})"
        if job.windows is not None:
            return "in the first production window that fits"
        return "as early as its people are there"
    ahead = _who_takes_them(grid, number, place, places)
    if ahead:
        return f"its people are at {', '.join(ahead[:3])} before"
    return "later than possible without being late" if grid.jobs[number].late[place[0]] == 0 else "where it fits best"


def _first_start(grid: Grid, number: int) -> int | None:
    """The first start if nothing else were planned."""
    job = grid.jobs[number]
    masks = {t: mask for t in job.able if (mask := runs(grid.free[t], job.length) & job.starts)}
    return min((lowest(mask) for _, mask in crews(job, masks)), default=None)


def _who_takes_them(grid: Grid, number: int, place: Place, places: Sequence[Place | None]) -> list[str]:
    """Jobs of the same people before this one in the same shift or the one before, latest first."""
    found = []
    for other, at in enumerate(places):
        if at is not None and other != number and set(at[1]) & set(place[1]) and at[0] < place[0]:
            found.append((at[0], grid.problem.jobs[other].id))
    return [id for _, id in sorted(found, reverse=True)]


def _due(grid: Grid, number: int, place: Place, zone: tzinfo) -> str:
    problem, job = grid.problem, grid.problem.jobs[number]
    if job.due_us is None:
        return ""
    stop_us = problem.from_us + (place[0] + grid.jobs[number].length) * problem.slot_us
    late_h = (stop_us - job.due_us) / 3.6e9
    state = f"{late_h:.1f} h late" if late_h > 0 else f"{-late_h:.1f} h before it is due"
    return f"{state} ({clock(job.due_us, zone)})"


def _left_out(grid: Grid, number: int, zone: tzinfo) -> str:
    problem, job, own = grid.problem, grid.problem.jobs[number], grid.jobs[number]
    for need in job.needs:
        if not any(p.has(need) and problem.allowed(job, p) for p in problem.people):
            return f"nobody who may do it has {need.skill} {need.level}"
    if job.crew == 1 and not own.able:
        return "nobody has all the skills that it needs"
    if job.ready_us >= problem.to_us:
        return f"its parts come after the plan ends ({clock(job.ready_us, zone)})"
    if not own.starts:
        return "no production window is long enough for it, or its parts come too late for them"
    if not any(runs(free, own.length) for free in grid.free):
        return f"no shift is {job.hours:g} h long: split it"
    if _first_start(grid, number) is None:
        return f"no crew of {job.crew} with its skills is there together when it could be done"
    return f"no room: the {len(own.able)} people who could do it are at work that costs more to leave"


def clock(at_us: int, zone: tzinfo) -> str:
    """A moment as people say it.

    >>> clock(0, UTC)
    'Thu 1 Jan 00:00'
    """
    told = datetime.fromtimestamp(at_us / 1e6, zone)
    return f"{told:%a} {told.day} {told:%b %H:%M}"


def changes(problem: Problem, plan: Sequence[Assignment]) -> list[str]:
    """Jobs that are not where people saw them, in words."""
    now = {a.job: a for a in plan}
    told = []
    for id, seen in sorted(problem.seen.items()):
        new = now.get(id)
        if new is None and any(job.id == id for job in problem.jobs):
            told.append(f"{id} is no longer in the plan")
        elif new is not None and (new.start_us, new.crew) != (seen.start_us, seen.crew):
            told.append(f"{id} moved from {clock(seen.start_us, UTC)} to {clock(new.start_us, UTC)}")
    return told
