"""The week as a mixed-integer linear programme, solved by HiGHS through scipy.

Time-indexed (Sousa and Wolsey 1992): a column says "this job begins in this slot with this person". A person's day is a
walk through slots, a job or an idle slot at a time, so that nobody is at two jobs at once; a job takes one of its
columns, or the one that leaves it out. A job of several people has a column for its start and columns for who is there,
which must be as many as its crew and meet its needs. Without the demand that columns are whole, its optimum is a bound:
no plan of this problem costs less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forewarn.core.readings import Floats
from forewarn.maintenance.people.grid import Grid, GridJob, Place, runs

if TYPE_CHECKING:
    from scipy.sparse import csr_array

TOGETHER = -1
"""In place of a person: the column that starts a job of several people."""
SAFETY = 1e-6
"""Share by which a bound is lowered for the tolerances of the solver."""


@dataclass(frozen=True, slots=True)
class Week:
    """Columns in [0, 1] (cost, what they mean) and rows (matrix entries, limits) of a programme."""

    cost: Floats
    meaning: tuple[tuple[int, int, int], ...]
    entries: tuple[Sequence[int], Sequence[int], Sequence[float]]
    low: Floats
    high: Floats


class _Writer:
    """Collects columns; rows are named by tuples and numbered as they come."""

    def __init__(self) -> None:
        self.cost: list[float] = []
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
        self.meaning.append(meaning)


# kinds of rows: (JOB, job), (WALK, person, slot), (CREW, job, slot), (NEED, job, slot, need)
JOB, WALK, CREW, NEED = range(4)


def week_of(grid: Grid, chosen: Sequence[int] | None = None, free: Sequence[int] | None = None) -> Week:
    """The programme of all jobs, or of the `chosen` ones in what is `free` for them."""
    free = grid.free if free is None else free
    writer = _Writer()
    for number in range(len(grid.jobs)) if chosen is None else chosen:
        job = grid.jobs[number]
        writer.column(job.left_out, (number, -1, -1), [((JOB, number), 1.0)])
        masks = {t: runs(free[t], job.length) & job.starts for t in job.able}
        (_alone if job.crew == 1 else _together)(writer, number, job, masks)
    for person, mask in enumerate(free):
        for slot in _slots(mask):
            writer.column(0.0, (-1, slot, person), [((WALK, person, slot), 1.0), ((WALK, person, slot + 1), -1.0)])
    low, high = _limits(writer.rows, free)
    return Week(np.array(writer.cost), tuple(writer.meaning), writer.at, low, high)


def _alone(writer: _Writer, number: int, job: GridJob, masks: dict[int, int]) -> None:
    for person, mask in masks.items():
        for slot in _slots(mask):
            cost = job.cost((slot, (person,)))
            if cost < job.left_out:
                walk = [((WALK, person, slot), 1.0), ((WALK, person, slot + job.length), -1.0)]
                writer.column(cost, (number, slot, person), [((JOB, number), 1.0), *walk])


def _together(writer: _Writer, number: int, job: GridJob, masks: dict[int, int]) -> None:
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
        writer.column(job.late[slot] + moved, (number, slot, TOGETHER), entries)
        for person in there:
            new = as_seen and job.seen is not None and person not in job.seen[1]
            cost = job.small[person] / job.crew + (job.change / job.crew if new else 0.0)
            met = [(row, 1.0) for row, who in zip(needs, job.meets, strict=True) if person in who]
            walk = [((WALK, person, slot), 1.0), ((WALK, person, slot + job.length), -1.0)]
            writer.column(cost, (number, slot, person), [((CREW, number, slot), 1.0), *met, *walk])


def _limits(rows: dict[tuple[int, ...], int], free: Sequence[int]) -> tuple[Floats, Floats]:
    low, high = np.zeros(len(rows)), np.zeros(len(rows))
    for row, number in rows.items():
        if row[0] == JOB:
            low[number] = high[number] = 1.0
        elif row[0] == NEED:
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


def relaxed(grid: Grid, limit_s: float) -> Relaxed | None:
    """The programme of all jobs without the demand that columns are whole. None when the time did not suffice."""
    from scipy.optimize import linprog

    week = week_of(grid)
    matrix, equal = _matrix(week), week.low == week.high
    done = linprog(
        week.cost,
        A_ub=-matrix[~equal] if (~equal).any() else None,
        b_ub=-week.low[~equal] if (~equal).any() else None,
        A_eq=matrix[equal],
        b_eq=week.low[equal],
        bounds=(0.0, 1.0),
        method="highs-ds",
        options={"time_limit": max(limit_s, 0.01)},
    )
    if done.status != 0 or done.x is None or done.fun is None:
        return None
    bound = float(done.fun) - SAFETY * max(1.0, abs(float(done.fun)))
    return Relaxed(bound, _job_costs(week, np.asarray(done.x, np.float64), len(grid.jobs)))


def _matrix(week: Week) -> csr_array[np.float64]:
    from scipy.sparse import csr_array

    rows, columns, values = week.entries
    at = np.array(rows, np.int64), np.array(columns, np.int64)
    return csr_array((np.array(values, np.float64), at), shape=(len(week.low), len(week.cost)))


def _job_costs(week: Week, x: Floats, jobs: int) -> Floats:
    numbers = np.array([meaning[0] for meaning in week.meaning])
    return np.asarray(np.bincount(numbers[numbers >= 0], (week.cost * x)[numbers >= 0], minlength=jobs), np.float64)


@dataclass(frozen=True, slots=True)
class Solved:
    """What HiGHS answers: places of the jobs (None: it found no plan in time), and a bound (-inf: none)."""

    places: dict[int, Place | None] | None
    bound: float


def solved(week: Week, limit_s: float, gap: float = 0.0) -> Solved:
    """The best plan of a programme that is found in so many seconds, or one within a share of the bound."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    done = milp(
        week.cost,
        integrality=np.ones(len(week.cost), np.int64),
        bounds=Bounds(0.0, 1.0),
        constraints=LinearConstraint(_matrix(week), week.low, week.high),
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
