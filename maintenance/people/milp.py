"""The week as a mixed-integer linear programme, solved by HiGHS through scipy.

Time-indexed (Sousa and Wolsey 1992): a column says "this job begins in this slot with this person". A person's day is a
walk through slots, a job or an idle slot at a time, so that nobody is at two jobs at once; a job takes one of its
columns, or the one that leaves it out. A job of several people has a column for its start and columns for who is there,
which must be as many as its crew and meet its needs. Without the demand that columns are whole, its optimum is a bound:
no plan of this problem costs less.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.readings import Floats
from forewarn.maintenance.people.grid import Grid, GridJob, Place, runs

TOGETHER = -1
"""In place of a person: the column that starts a job of several people."""
SAFETY = 1e-6
"""Share by which a bound is lowered for the tolerances of the solver."""


@dataclass(frozen=True, slots=True)
class Week:
    """Columns (cost, upper limit, what they mean) and rows (matrix entries, limits) of a programme."""

    cost: Floats
    upper: Floats
    meaning: tuple[tuple[int, int, int], ...]
    entries: tuple[Sequence[int], Sequence[int], Sequence[float]]
    low: Floats
    high: Floats


class _Writer:
    """Collects columns; rows are named by tuples and numbered as they come."""

    def __init__(self) -> None:
        self.cost: list[float] = []
        self.upper: list[float] = []
        self.meaning: list[tuple[int, int, int]] = []
        self.rows: dict[tuple[int, ...], int] = {}
        self.at: tuple[list[int], list[int], list[float]] = ([], [], [])

    def column(
        self, cost: float, meaning: tuple[int, int, int], entries: Sequence[tuple[tuple[int, ...], float]]
    ) -> None:
        number = len(self.cost)
        for row, value in entries:
            self.at[0].append(self.rows.setdefault(row, len(self.rows)))
            self.at[1].append(number)
            self.at[2].append(value)
        self.cost.append(cost)
        self.upper.append(1.0)
        self.meaning.append(meaning)


# kinds of rows: (JOB, job), (WALK, person, slot), (CREW, job, slot), (NEED, job, slot, need), (ONCE, job, slot, person)
JOB, WALK, CREW, NEED, ONCE = range(5)


def week_of(
    grid: Grid,
    chosen: Sequence[int] | None = None,
    free: Sequence[int] | None = None,
    once: Collection[int] = (),
) -> Week:
    """The programme of all jobs, or of the `chosen` ones in what is `free` for them.

    Jobs in `once` have rows besides that keep one person from being a whole crew in a fractional plan: whole plans need
    none of them, bounds are better with them, and all of them are too many.
    """
    free = grid.free if free is None else free
    writer = _Writer()
    for number in range(len(grid.jobs)) if chosen is None else chosen:
        job = grid.jobs[number]
        writer.column(job.left_out, (number, -1, -1), [((JOB, number), 1.0)])
        masks = {t: runs(free[t], job.length) & job.starts for t in job.able}
        if job.crew == 1:
            _alone(writer, number, job, masks)
        else:
            _together(writer, number, job, masks, number in once)
    for person, mask in enumerate(free):
        for slot in _slots(mask):
            writer.column(0.0, (-1, slot, person), [((WALK, person, slot), 1.0), ((WALK, person, slot + 1), -1.0)])
    low, high = _limits(writer.rows, free)
    return Week(np.array(writer.cost), np.array(writer.upper), tuple(writer.meaning), writer.at, low, high)


def _alone(writer: _Writer, number: int, job: GridJob, masks: dict[int, int]) -> None:
    for person, mask in masks.items():
        for slot in _slots(mask):
            cost = job.cost((slot, (person,)))
            if cost < job.left_out:
                walk = [((WALK, person, slot), 1.0), ((WALK, person, slot + job.length), -1.0)]
                writer.column(cost, (number, slot, person), [((JOB, number), 1.0), *walk])


def _together(writer: _Writer, number: int, job: GridJob, masks: dict[int, int], once: bool) -> None:
    """The start carries lateness. What a change of crew costs at the start that people saw is shared by its new faces:
    never more than it is, so that the bound holds."""
    every = 0
    for mask in masks.values():
        every |= mask
    for slot in _slots(every):
        there = [person for person, mask in masks.items() if (mask >> slot) & 1]
        if len(there) < job.crew or job.late[slot] >= job.left_out:
            continue
        as_seen = job.seen is not None and job.seen[0] == slot
        moved = job.change if job.seen is not None and not as_seen else 0.0
        needs = [(NEED, number, slot, need) for need in range(len(job.meets))]
        entries = [((JOB, number), 1.0), ((CREW, number, slot), -float(job.crew)), *((row, -1.0) for row in needs)]
        entries += [((ONCE, number, slot, person), 1.0) for person in there if once]
        writer.column(job.late[slot] + moved, (number, slot, TOGETHER), entries)
        for person in there:
            new = as_seen and job.seen is not None and person not in job.seen[1]
            cost = job.small[person] / job.crew + (job.change / job.crew if new else 0.0)
            met = [(row, 1.0) for row, who in zip(needs, job.meets, strict=True) if person in who]
            walk = [((WALK, person, slot), 1.0), ((WALK, person, slot + job.length), -1.0)]
            own = [((ONCE, number, slot, person), -1.0)] if once else []
            writer.column(cost, (number, slot, person), [((CREW, number, slot), 1.0), *met, *own, *walk])


def _limits(rows: dict[tuple[int, ...], int], free: Sequence[int]) -> tuple[Floats, Floats]:
    low, high = np.zeros(len(rows)), np.zeros(len(rows))
    for row, number in rows.items():
        if row[0] == JOB:
            low[number] = high[number] = 1.0
        elif row[0] in (NEED, ONCE):
            high[number] = np.inf
        elif row[0] == WALK:  # a walk begins where a shift begins, and ends where it ends
            here, before = (free[row[1]] >> row[2]) & 1, (free[row[1]] >> (row[2] - 1)) & 1 if row[2] else 0
            low[number] = high[number] = float(here - before)
    return low, high


def _slots(mask: int) -> list[int]:
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The optimum without whole numbers: a bound, and what each job costs in it (float64 [n_jobs])."""

    bound: float
    costs: Floats


def bounds_of(grid: Grid, left_s: Callable[[], float]) -> Iterator[Relaxed]:
    """Bounds below which no plan costs, each at least as good as the one before: the programme without whole numbers,
    then with the rows of `once` for those jobs in which one person was a whole crew. Ends when there are none, or when
    no time is left."""
    once: set[int] = set()
    while left_s() > 0:
        week = week_of(grid, once=once)
        x, bound = _relaxed(week, left_s())
        if x is None:
            return
        yield Relaxed(bound, _job_costs(week, x, len(grid.jobs)))
        cheats = _whole_crews(week, x) - once
        if not cheats:
            return
        once |= cheats


def _relaxed(week: Week, limit_s: float) -> tuple[Floats | None, float]:
    """The programme without whole numbers: its columns and its optimum; None when the time did not suffice."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    rows, columns, values = week.entries
    matrix = csr_array((values, (rows, columns)), shape=(len(week.low), len(week.cost)))
    equal = week.low == week.high
    done = linprog(
        week.cost,
        A_ub=-matrix[~equal] if (~equal).any() else None,
        b_ub=-week.low[~equal] if (~equal).any() else None,
        A_eq=matrix[equal],
        b_eq=week.low[equal],
        bounds=np.column_stack([np.zeros_like(week.upper), week.upper]),
        method="highs-ds",
        options={"time_limit": max(limit_s, 0.01)},
    )
    if done.status != 0:
        return None, 0.0
    return np.asarray(done.x, np.float64), float(done.fun) - SAFETY * max(1.0, abs(float(done.fun)))


def _job_costs(week: Week, x: Floats, jobs: int) -> Floats:
    numbers = np.array([meaning[0] for meaning in week.meaning])
    return np.bincount(numbers[numbers >= 0], (week.cost * x)[numbers >= 0], minlength=jobs)


def _whole_crews(week: Week, x: Floats) -> set[int]:
    """Jobs of several people in which somebody is there more than the job is."""
    starts: dict[tuple[int, int], float] = {}
    for column in np.flatnonzero(x > 1e-6):
        number, slot, person = week.meaning[column]
        if person == TOGETHER and number >= 0:
            starts[number, slot] = float(x[column])
    found = set()
    for column in np.flatnonzero(x > 1e-6):
        number, slot, person = week.meaning[column]
        if person >= 0 and number >= 0 and x[column] > starts.get((number, slot), 1.0) + 1e-6:
            found.add(number)
    return found


@dataclass(frozen=True, slots=True)
class Solved:
    """What HiGHS answers: places of the jobs (None: it found no plan in time), and a bound (-inf: none)."""

    places: dict[int, Place | None] | None
    bound: float


def solved(week: Week, limit_s: float, gap: float = 0.0) -> Solved:
    """The best plan of a programme that is found in so many seconds, or one within a share of the bound."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    rows, columns, values = week.entries
    matrix = csr_array((values, (rows, columns)), shape=(len(week.low), len(week.cost)))
    done = milp(
        week.cost,
        integrality=np.ones(len(week.cost)),
        bounds=Bounds(0.0, week.upper),
        constraints=LinearConstraint(matrix, week.low, week.high),
        options={"time_limit": max(limit_s, 0.01), "mip_rel_gap": gap},
    )
    bound = -np.inf if done.mip_dual_bound is None else float(done.mip_dual_bound)
    if np.isfinite(bound):
        bound -= SAFETY * max(1.0, abs(bound))
    return Solved(None if done.x is None else _places(week, done.x), bound)


def _places(week: Week, x: Floats) -> dict[int, Place | None]:
    starts: dict[int, int] = {}
    crews: dict[int, list[int]] = {}
    for number, slot, person in (week.meaning[column] for column in np.flatnonzero(x > 0.5)):
        if number >= 0:
            starts[number] = slot
            if person >= 0:
                crews.setdefault(number, []).append(person)
    return {number: (slot, tuple(sorted(crews[number]))) if slot >= 0 else None for number, slot in starts.items()}
