"""Plans by taking out and putting in again: greedy by priority, and a search that improves on it.

The search is ruin and recreate: jobs that stand near one another are taken out and put back, one after the other, each
where it costs least; now and then a worse plan is accepted, ever more rarely (Schrimpf et al. 2000; Christiaens and
Vanden Berghe, "Slack induction by string removals", 2020). A week of 200 jobs is changed some thousand times a second.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from random import Random

from forewarn.maintenance.people.grid import Grid, GridJob, Place, lowest, runs

BLINK = 0.02
"""How often a possible person is not looked at, so that not every hole is filled by the first who fits."""
LARGEST_RUIN = 10
PUSHED = 0.5
"""How often a job is put where it wants to be, and those who stand there have to look for another place."""
LAST = 0.3
"""How often a job goes to the last start without lateness, and not to the first: early hours stay free for others."""
Places = list[Place | None]


class Board:
    """A plan while it is made: who is free when, and where each job stands."""

    def __init__(self, grid: Grid, places: Sequence[Place | None] | None = None) -> None:
        self.grid = grid
        self.free = list(grid.free)
        self.at: list[set[int]] = [set() for _ in grid.free]
        self.places: Places = [None] * len(grid.jobs)
        for number, place in enumerate(places or ()):
            if place is not None:
                self.put(number, place)

    def put(self, number: int, place: Place) -> None:
        """Give a job its place; the place must be free."""
        taken = ((1 << self.grid.jobs[number].length) - 1) << place[0]
        for person in place[1]:
            self.free[person] &= ~taken
            self.at[person].add(number)
        self.places[number] = place

    def take(self, number: int) -> None:
        """Take a job out of the plan."""
        place = self.places[number]
        if place is not None:
            taken = ((1 << self.grid.jobs[number].length) - 1) << place[0]
            for person in place[1]:
                self.free[person] |= taken
                self.at[person].discard(number)
            self.places[number] = None

    def in_the_way(self, number: int, place: Place) -> list[int]:
        """Jobs that would have to leave for a job to be there."""
        start, stop = place[0], place[0] + self.grid.jobs[number].length
        found: set[int] = set()
        for person in place[1]:
            for other in self.at[person]:
                at = self.places[other]
                if at is not None and at[0] < stop and start < at[0] + self.grid.jobs[other].length:
                    found.add(other)
        found.discard(number)
        return sorted(found)

    def cheapest(self, job: GridJob, rng: Random | None = None, last: bool = False) -> Place | None:
        """Where a job costs least in what is free now; None when it fits nowhere, or costs less when left out.

        Of starts without lateness the first is taken, or the `last`. With `rng` some people are not looked at.
        """
        found = self._alone(job, rng, last) if job.crew == 1 else self._together(job, rng)
        if job.seen is not None and self._fits(job, job.seen):
            found = job.seen if found is None or job.cost(job.seen) <= job.cost(found) else found
        return found if found is not None and job.cost(found) < job.left_out else None

    def _alone(self, job: GridJob, rng: Random | None, last: bool) -> Place | None:
        best, best_cost = None, math.inf
        free, late, small, length, starts = self.free, job.late, job.small, job.length, job.starts
        for person in job.able:
            if rng is not None and rng.random() < BLINK:
                continue
            mask = runs(free[person], length) & starts
            if not mask:
                continue
            start = (mask & -mask).bit_length() - 1
            if last and late[start] == 0.0:
                start = _last_free_of_cost(mask, start, late)
            cost = late[start] + small[person]
            if cost < best_cost:
                best, best_cost = (start, (person,)), cost
        return best

    def _together(self, job: GridJob, rng: Random | None) -> Place | None:
        masks = {t: runs(self.free[t], job.length) & job.starts for t in job.able}
        masks = {t: mask for t, mask in masks.items() if mask and (rng is None or rng.random() >= BLINK)}
        best, best_cost = None, math.inf
        for crew, mask in crews(job, masks):
            start = lowest(mask)
            cost = job.late[start] + sum(job.small[t] for t in crew) / job.crew
            if cost < best_cost:
                best, best_cost = (start, crew), cost
        return best

    def _fits(self, job: GridJob, place: Place) -> bool:
        start, crew = place
        if start < 0 or len(crew) != job.crew or not (job.starts >> start) & 1 or not set(crew) <= set(job.able):
            return False
        if not all(met & set(crew) for met in job.meets):
            return False
        return all((runs(self.free[t], job.length) >> start) & 1 for t in crew)


def crews(job: GridJob, masks: dict[int, int]) -> Iterable[tuple[tuple[int, ...], int]]:
    """Crews that meet every need, with the starts that all of them share. `masks`: starts by person, none empty."""
    for crew in combinations(masks, job.crew):
        mask = masks[crew[0]]
        for person in crew[1:]:
            mask &= masks[person]
        if mask and all(not met.isdisjoint(crew) for met in job.meets):
            yield tuple(sorted(crew)), mask


def _last_free_of_cost(mask: int, start: int, late: Sequence[float]) -> int:
    """The last start of a mask that is not late."""
    while mask:
        highest = mask.bit_length() - 1
        if late[highest] == 0.0:
            return highest
        mask ^= 1 << highest
    return start


def greedy(grid: Grid) -> Places:
    """The plan of a board on the wall: by priority, then due date, each job as early as somebody can do it."""
    jobs = grid.problem.jobs
    by_priority = sorted(range(len(jobs)), key=lambda n: (jobs[n].priority, jobs[n].due_us or math.inf, jobs[n].id))
    board = Board(grid)
    for number in by_priority:
        place = board.cheapest(grid.jobs[number])
        if place is not None:
            board.put(number, place)
    return board.places


class Search:
    """Improves a plan, step by step; `best` is the best so far. The same seed makes the same steps."""

    def __init__(self, grid: Grid, places: Sequence[Place | None], seed: int = 1) -> None:
        self._grid = grid
        self._rng = Random(seed)
        self._board = Board(grid, places)
        self._costs = [job.cost(place) for job, place in zip(grid.jobs, self._board.places, strict=True)]
        self._now = sum(self._costs)
        self.best: Places = list(self._board.places)
        self.best_cost = self._now
        self.steps = 0
        self._near = _neighbours(grid)
        self._whole = [_whole(grid, job) for job in grid.jobs]
        self._starts = [_by_cost(job, masks) for job, masks in zip(grid.jobs, self._whole, strict=True)]

    def adopt(self, places: Sequence[Place | None]) -> None:
        """Go on from another plan."""
        self._board = Board(self._grid, places)
        self._costs = [job.cost(place) for job, place in zip(self._grid.jobs, places, strict=True)]
        self._now = sum(self._costs)
        if self._now < self.best_cost - 1e-9:
            self.best, self.best_cost = list(places), self._now

    def run(self, warmth: Callable[[], float | None]) -> None:
        """Steps until `warmth` answers None; it is asked every 50 steps. Warmth is how much worse a step may be, about,
        in weighted hours."""
        while self._grid.jobs:
            heat = warmth()
            if heat is None:
                return
            for _ in range(50):
                self._step(heat)

    def _step(self, heat: float) -> None:
        rng, board, costs, jobs = self._rng, self._board, self._costs, self._grid.jobs
        self.steps += 1
        out, wish = self._pushed() if rng.random() < PUSHED else (self._ruin(), None)
        before = [(number, board.places[number]) for number in out]
        old = sum(costs[number] for number in out)
        limit = old - heat * math.log(rng.random() or 1e-12)
        for number in out:
            board.take(number)
        new = 0.0
        if wish is not None:
            first = out.pop(0)
            board.put(first, wish)
            costs[first] = new = jobs[first].cost(wish)
        for number in self._order(out):
            place = board.cheapest(jobs[number], rng, last=rng.random() < LAST)
            if place is not None:
                board.put(number, place)
            costs[number] = jobs[number].cost(place)
            new += costs[number]
            if new > limit:
                break
        if new > limit:
            self._undo(before)
            return
        self._now += new - old
        if self._now < self.best_cost - 1e-9:
            self.best, self.best_cost = list(board.places), self._now

    def _undo(self, before: Sequence[tuple[int, Place | None]]) -> None:
        for number, _ in before:
            self._board.take(number)
        for number, place in before:
            if place is not None:
                self._board.put(number, place)
            self._costs[number] = self._grid.jobs[number].cost(place)

    def _pushed(self) -> tuple[list[int], Place | None]:
        """A job that costs something, a place where it would cost less, and all that stand there; with some luck also a
        few more that could make room for them."""
        rng, board = self._rng, self._board
        number = self._pick()
        wish = self._wish(number)
        if wish is None:
            return self._ruin(), None
        out = [number, *board.in_the_way(number, wish)]
        if rng.random() < 0.5:
            near = self._near[out[-1]]
            more = rng.sample(near, min(len(near), rng.randint(1, 6)))
            out += [other for other in more if other not in out]
        return out, wish

    def _wish(self, number: int) -> Place | None:
        rng, job, masks = self._rng, self._grid.jobs[number], self._whole[number]
        if not masks:
            return None
        starts = self._starts[number]
        cheaper = bisect_left(starts, (self._costs[number], 0)) if starts else 0
        if cheaper == 0:
            return None
        start = starts[min(rng.randrange(cheaper), rng.randrange(cheaper))][1]
        there = [person for person, mask in masks.items() if (mask >> start) & 1]
        crew: set[int] = set()
        for met in job.meets:
            who = [person for person in there if person in met]
            if crew.isdisjoint(who):
                if not who:
                    return None
                crew.add(rng.choice(who))
        others = [person for person in there if person not in crew]
        if not 0 <= job.crew - len(crew) <= len(others):
            return None
        return start, tuple(sorted(crew | set(rng.sample(others, job.crew - len(crew)))))

    def _ruin(self) -> list[int]:
        """Jobs to take out: some that share people with one another and stand near in time."""
        rng, places = self._rng, self._board.places
        seed = self._pick()
        size = rng.randint(2, LARGEST_RUIN)
        near = self._near[seed]
        place = places[seed]
        if place is None or rng.random() < 0.2:
            return [seed, *rng.sample(near, min(size, len(near)))]
        start = place[0]
        if len(near) > 40:
            near = rng.sample(near, 40)
        far = {number: abs(p[0] - start) if (p := places[number]) is not None else 8 for number in near}
        spread = rng.choice((2.0, 8.0, 24.0))
        chosen = sorted(near, key=lambda number: far[number] + spread * rng.random())
        return [seed, *chosen[:size]]

    def _pick(self) -> int:
        """A job: mostly one that costs something."""
        rng, costs = self._rng, self._costs
        number = rng.randrange(len(costs))
        if rng.random() < 0.7:
            other = rng.randrange(len(costs))
            number = max(number, other, key=lambda n: costs[n])
        return number

    def _order(self, out: list[int]) -> list[int]:
        rng, jobs = self._rng, self._grid.problem.jobs
        grid = self._grid.jobs
        way = rng.random()
        if way < 0.35:
            rng.shuffle(out)
        elif way < 0.7:
            out.sort(key=lambda n: -jobs[n].weight / grid[n].length * (0.5 + rng.random()))
        elif way < 0.85:
            out.sort(key=lambda n: (jobs[n].due_us or math.inf, rng.random()))
        else:
            out.sort(key=lambda n: -grid[n].length * grid[n].crew * (0.5 + rng.random()))
        return out


def _whole(grid: Grid, job: GridJob) -> dict[int, int]:
    """Where each person could begin the job if nothing were planned."""
    return {t: mask for t in job.able if (mask := runs(grid.free[t], job.length) & job.starts)}


def _by_cost(job: GridJob, masks: dict[int, int]) -> list[tuple[float, int]]:
    """(lateness, start) of every start that some person has, cheapest first."""
    every = 0
    for mask in masks.values():
        every |= mask
    return sorted((job.late[start], start) for start in range(every.bit_length()) if (every >> start) & 1)


def _neighbours(grid: Grid) -> list[list[int]]:
    """For each job those that could take its people from it."""
    able = [set(job.able) for job in grid.jobs]
    return [[m for m, other in enumerate(able) if m != n and other & own] for n, own in enumerate(able)]
