"""From a planning problem to a plan: the search and the programme side by side, within a time.

A small week is solved as it is, to the end. A large one is searched, while HiGHS computes the bound in a second thread;
then it plans one neighbourhood after the other exactly, and the search goes on from what it finds. Whatever the time
was enough for is returned, with the gap that is left.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from threading import Thread

from forewarn.maintenance.people.grid import Grid, Place, grid_of
from forewarn.maintenance.people.milp import SAFETY, relaxed, solved, week_of
from forewarn.maintenance.people.neighbourhoods import Neighbourhoods
from forewarn.maintenance.people.problem import Assignment, Problem
from forewarn.maintenance.people.reasons import reasons
from forewarn.maintenance.people.search import Places, Search, greedy

SMALL = 6_000
"""Columns up to which a week is given to the solver as a whole."""
WARM, COLD = 10.0, 0.2
"""How much worse a step may be, about, at the beginning and at the end of the search (weighted hours)."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: seconds, what the best plan costs, and the bound (0 while there is none)."""

    seconds: float
    cost: float
    bound: float


@dataclass(frozen=True, slots=True)
class WeekPlan:
    """A plan with what it is worth.

    `cost` and `bound` are weighted hours: no plan of this problem costs less than `bound`. `gap` is (cost - bound) /
    bound, 0 where nothing can be better, infinite without a bound. `lateness` is the part that is lateness, and
    `greedy_lateness` that of greedy by priority. `reasons` has every job, planned or `left_out`.
    """

    assignments: tuple[Assignment, ...]
    left_out: tuple[str, ...]
    reasons: dict[str, str]
    cost: float
    bound: float
    lateness: float
    greedy_lateness: float
    seconds: float
    stopped: bool

    @property
    def gap(self) -> float:
        """Share by which the plan may be above the best one."""
        if self.cost - self.bound <= 2 * SAFETY * max(1.0, self.cost):
            return 0.0
        return (self.cost - self.bound) / self.bound if self.bound > 0 else math.inf


def nobody(_: Progress) -> None:
    """Hears of the progress and does nothing."""


def plan_week(
    problem: Problem,
    limit_s: float = 60.0,
    seed: int = 1,
    progress: Callable[[Progress], None] = nobody,
    elapsed: Callable[[], float] | None = None,
    zone: tzinfo = UTC,
) -> WeekPlan:
    """The best plan that is found in so many seconds (`elapsed`: seconds since the beginning; default the real ones).

    >>> from forewarn.core.people import Technician
    >>> from forewarn.core.shifts import Shift, ShiftPlan
    >>> from forewarn.maintenance.people.problem import Job
    >>> hour = 3_600_000_000
    >>> ann = Technician("ann", "Ann", {}, ShiftPlan((Shift(3, 0, 240),)))  # Thursday, 0:00 to 4:00
    >>> jobs = Job("long", 3, 3, due_us=0), Job("short", 1, 3, due_us=0)
    >>> plan = plan_week(Problem(0, 4 * hour, (ann,), jobs), limit_s=5)
    >>> [(a.job, a.start_us // hour) for a in plan.assignments], plan.lateness, plan.gap
    ([('short', 0), ('long', 1)], 20.0, 0.0)
    """
    elapsed = elapsed or _stopwatch()
    grid = grid_of(problem)
    first = greedy(grid)
    run = _Run(grid, limit_s, seed, progress, elapsed, first)
    places, bound = run.whole() if _columns(grid) <= SMALL else run.parted()
    return _told(grid, places, bound, first, elapsed(), limit_s, zone)


def _stopwatch() -> Callable[[], float]:
    began = time.monotonic()
    return lambda: time.monotonic() - began


def _columns(grid: Grid) -> int:
    return sum(job.starts.bit_count() * len(job.able) for job in grid.jobs)


def plain_bound(grid: Grid) -> float:
    """What the jobs cost at least if each were alone in the world. Weak, and always there."""
    total = 0.0
    for job in grid.jobs:
        starts = [job.late[s] for s in range(grid.slots) if (job.starts >> s) & 1]
        total += min([job.left_out, *starts])
    return total


class _Run:
    """One planning, from the greedy plan on."""

    def __init__(
        self,
        grid: Grid,
        limit_s: float,
        seed: int,
        progress: Callable[[Progress], None],
        elapsed: Callable[[], float],
        first: Places,
    ) -> None:
        self._grid, self._limit_s, self._progress, self._elapsed = grid, limit_s, progress, elapsed
        self._search = Search(grid, first, seed)
        self._seed = seed
        self._offered: Places | None = None
        self._bound = plain_bound(grid)
        self._told_s = -1.0

    def whole(self) -> tuple[Places, float]:
        """A short search, then the whole week by HiGHS; the better of both."""
        self._search.run(self._until(0.1 * self._limit_s, steps=4_000))
        best = self._search.best
        if not self._is_best():
            answer = solved(week_of(self._grid), self._limit_s - self._elapsed())
            self._bound = max(self._bound, answer.bound)
            if answer.places is not None:
                found: Places = [answer.places.get(number) for number in range(len(self._grid.jobs))]
                best = min(best, found, key=self._grid.total)
        return best, self._bound

    def parted(self) -> tuple[Places, float]:
        """The search; beside it the bound, and after that one neighbourhood after the other."""
        beside = Thread(target=self._solve_beside, name="schedule-solver", daemon=True)
        beside.start()
        self._search.run(self._until(0.95 * self._limit_s))
        beside.join(max(0.0, self._limit_s - self._elapsed()))
        self._take_over()
        return self._search.best, self._bound

    def _solve_beside(self) -> None:
        found = relaxed(self._grid, self._left_s())
        if found is None:
            return
        self._bound = max(self._bound, found.bound)
        parts = Neighbourhoods(self._grid, found.costs, self._seed)
        while self._left_s() > 0 and not self._is_best():
            better = parts.better(list(self._search.best), self._left_s())
            if better is not None:
                self._offered = better

    def _left_s(self) -> float:
        return 0.95 * self._limit_s - self._elapsed()

    def _is_best(self) -> bool:
        return self._search.best_cost - self._bound <= SAFETY * max(1.0, self._search.best_cost)

    def _take_over(self) -> None:
        """Go on from what the other thread has found, when it is better."""
        offered, self._offered = self._offered, None
        if offered is not None and self._grid.total(offered) < self._search.best_cost - 1e-6:
            self._search.adopt(offered)

    def _until(self, end_s: float, steps: int | None = None) -> Callable[[], float | None]:
        def warmth() -> float | None:
            now_s = self._elapsed()
            self._take_over()
            share = now_s / end_s if steps is None else max(now_s / end_s, self._search.steps / steps)
            if now_s - self._told_s >= 1.0:
                self._told_s = now_s
                self._progress(Progress(now_s, self._search.best_cost, self._bound))
            if share >= 1 or self._is_best():
                return None
            return float(WARM * (COLD / WARM) ** share)

        return warmth


def _told(
    grid: Grid,
    places: Sequence[Place | None],
    bound: float,
    first: Places,
    seconds: float,
    limit_s: float,
    zone: tzinfo,
) -> WeekPlan:
    problem, plan, cost = grid.problem, grid.plan(places), grid.total(places)
    return WeekPlan(
        plan,
        tuple(job.id for job, place in zip(problem.jobs, places, strict=True) if place is None),
        reasons(grid, places, zone),
        cost,
        min(bound, cost),
        problem.weighted_lateness(plan),
        problem.weighted_lateness(grid.plan(first)),
        seconds,
        cost - bound > 1e-6 and seconds >= 0.9 * limit_s,
    )
