"""A planning problem on its grid: sets of slots as bits of an integer, costs as lists. What searches work on.

Bit s of a mask stands for the slot [from + s * slot, from + (s + 1) * slot). Python's integers have no end, so a week
of half hours is one number, and "where does a job of three hours fit" is two shifts and two ANDs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from forewarn.maintenance.people.problem import Assignment, Job, Problem, Span

Place = tuple[int, tuple[int, ...]]
"""Start slot, and the crew as numbers of people, ascending."""


@dataclass(frozen=True, slots=True)
class GridJob:
    """A job on the grid. `starts` are slots where it may begin as far as machine and parts go; `late` the weighted
    lateness of each start; `able` who may be in its crew; `meets` for each need those of them who meet it; `small` what
    each person costs besides; `seen` where people saw it, and `change` what it costs to be elsewhere (0: not seen)."""

    length: int
    starts: int
    late: tuple[float, ...]
    left_out: float
    crew: int
    able: tuple[int, ...]
    meets: tuple[frozenset[int], ...]
    small: tuple[float, ...]
    seen: Place | None
    change: float

    def cost(self, place: Place | None) -> float:
        """What the job costs there, or left out."""
        if place is None:
            return self.left_out
        start, crew = place
        small = self.small[crew[0]] if len(crew) == 1 else sum(self.small[t] for t in crew) / len(crew)
        return self.late[start] + small + (0.0 if self.seen is None or place == self.seen else self.change)


@dataclass(frozen=True, slots=True)
class Grid:
    """The whole problem: `free` holds for each person the slots of shifts that nothing fixed takes."""

    problem: Problem
    slots: int
    free: tuple[int, ...]
    jobs: tuple[GridJob, ...]

    def assignment(self, number: int, place: Place) -> Assignment:
        """A job's place in hours and names."""
        start_us = self.problem.from_us + place[0] * self.problem.slot_us
        stop_us = start_us + self.jobs[number].length * self.problem.slot_us
        crew = tuple(sorted(self.problem.people[t].id for t in place[1]))
        return Assignment(self.problem.jobs[number].id, crew, start_us, stop_us)

    def plan(self, places: Sequence[Place | None]) -> tuple[Assignment, ...]:
        """All assignments, in order of start and job."""
        told = [self.assignment(number, place) for number, place in enumerate(places) if place is not None]
        return tuple(sorted(told, key=lambda a: (a.start_us, a.job)))

    def places(self, plan: Iterable[Assignment]) -> list[Place | None]:
        """A plan as places, jobs that are not in it as None. Assignments must lie on the grid."""
        found = {a.job: a for a in plan}
        numbers = {person.id: number for number, person in enumerate(self.problem.people)}
        return [_place(self.problem, found.get(job.id), numbers) for job in self.problem.jobs]

    def total(self, places: Sequence[Place | None]) -> float:
        """What a plan costs."""
        return sum(job.cost(place) for job, place in zip(self.jobs, places, strict=True))


def runs(free: int, length: int) -> int:
    """Slots at which so many free slots begin.

    >>> bin(runs(0b1110110, 2))
    '0b110010'
    """
    have = 1
    while have < length:
        step = min(have, length - have)
        free &= free >> step
        have += step
    return free


def lowest(mask: int) -> int:
    """The first slot of a mask that is not empty."""
    return (mask & -mask).bit_length() - 1


def mask_of(spans: Iterable[Span], from_us: int, slot_us: int, slots: int, whole: bool = True) -> int:
    """Slots that lie in one of the spans, wholly; or, not `whole`, that touch one."""
    mask = 0
    for start_us, stop_us in spans:
        if whole:
            first, last = -(-(start_us - from_us) // slot_us), (stop_us - from_us) // slot_us
        else:
            first, last = (start_us - from_us) // slot_us, -(-(stop_us - from_us) // slot_us)
        first, last = max(first, 0), min(last, slots)
        if last > first:
            mask |= ((1 << (last - first)) - 1) << first
    return mask


def grid_of(problem: Problem) -> Grid:
    """The problem on its grid. Slots that reach over `to_us` are left out."""
    slot_us, from_us = problem.slot_us, problem.from_us
    slots = (problem.to_us - from_us) // slot_us
    free = []
    for person in problem.people:
        shifts = mask_of(person.windows(from_us, problem.to_us), from_us, slot_us, slots)
        taken = [(a.start_us, a.stop_us) for a in problem.fixed if person.id in a.crew]
        free.append(shifts & ~mask_of(taken, from_us, slot_us, slots, whole=False))
    # two shifts that touch are one span for `windows`; a span is what a job must lie in, so nothing more is needed
    numbers = {person.id: number for number, person in enumerate(problem.people)}
    jobs = tuple(_grid_job(problem, job, slots, numbers) for job in problem.jobs)
    return Grid(problem, slots, tuple(free), jobs)


def _grid_job(problem: Problem, job: Job, slots: int, numbers: dict[str, int]) -> GridJob:
    slot_us, from_us = problem.slot_us, problem.from_us
    length = problem.length_us(job) // slot_us
    windows = job.windows if job.windows is not None else ((from_us, problem.to_us),)
    starts = 0
    for window in windows:  # window by window: a job lies within one of them
        starts |= runs(mask_of([window], from_us, slot_us, slots), length)
    ready = max(0, -(-(job.ready_us - from_us) // slot_us))
    starts = starts >> ready << ready
    late = tuple(
        job.weight * problem.late_h(job, from_us + (start + length) * slot_us) for start in range(max(slots, 1))
    )
    able = tuple(t for t, person in enumerate(problem.people) if problem.allowed(job, person))
    meets = tuple(frozenset(t for t in able if problem.people[t].has(need)) for need in job.needs)
    if job.crew == 1 and meets:  # one person meets every need
        able = tuple(t for t in able if all(t in met for met in meets))
        meets = ()
    small = tuple(problem.small_cost(job, person) for person in problem.people)
    seen = _place(problem, problem.seen.get(job.id), numbers)
    change = problem.costs.change if job.id in problem.seen else 0.0
    seen = seen if seen is not None else ((-1, ()) if change else None)
    return GridJob(length, starts, late, problem.left_out_cost(job), job.crew, able, meets, small, seen, change)


def _place(problem: Problem, one: Assignment | None, numbers: dict[str, int]) -> Place | None:
    if one is None or any(id not in numbers for id in one.crew):
        return None
    start, off = divmod(one.start_us - problem.from_us, problem.slot_us)
    return None if off or start < 0 else (start, tuple(sorted(numbers[id] for id in one.crew)))
