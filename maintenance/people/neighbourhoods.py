"""Parts of a plan, planned anew exactly: a few people, all that they do in the week, and what was left out for want of
them. Where the search has to move many jobs at once to make room for one, HiGHS does it in one step.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from random import Random

from forewarn.core.readings import Floats
from forewarn.maintenance.people.grid import Grid, Place
from forewarn.maintenance.people.milp import solved, week_of
from forewarn.maintenance.people.search import Board, Places

FEWEST, MOST = 15.0, 70.0
LONGEST_S = 5.0
GAP = 0.001
TIRING = 0.5


class Neighbourhoods:
    """Chooses parts, and how large they are: larger while they are solved quickly, smaller when they are not.

    `least` is what each job costs in the optimum without whole numbers: where a job costs more than that, there may be
    something to gain.
    """

    def __init__(self, grid: Grid, least: Floats, seed: int) -> None:
        self._grid, self._least, self._rng = grid, least, Random(seed)
        self._size = 35.0
        self._hope = [1.0] * len(grid.jobs)

    def better(self, places: Sequence[Place | None], limit_s: float) -> Places | None:
        """A plan that costs less, or None when this part has none, or none that was found in time."""
        first = self._first(places)
        better = self._planned(first, places, limit_s)
        self._hope[first] = self._hope[first] * TIRING if better is None else 1.0
        return better

    def _planned(self, first: int, places: Sequence[Place | None], limit_s: float) -> Places | None:
        chosen, people = self._part(first, places)
        board = Board(self._grid, places)
        for number in chosen:
            board.take(number)
        free = [mask if person in people else 0 for person, mask in enumerate(board.free)]
        limit_s = min(limit_s, LONGEST_S)
        answer = solved(week_of(self._grid, chosen, free), limit_s, GAP)
        old = sum(self._grid.jobs[number].cost(places[number]) for number in chosen)
        if answer.places is None:
            self._size = max(FEWEST, self._size * 0.8)
            return None
        new = sum(self._grid.jobs[number].cost(answer.places.get(number)) for number in chosen)
        in_time = answer.bound >= new * (1 - 2 * GAP) - 1e-6
        self._size = min(MOST, self._size * 1.05) if in_time else max(FEWEST, self._size * 0.85)
        if new >= old - 1e-6:
            return None
        return [answer.places.get(number) if number in answer.places else place for number, place in enumerate(places)]

    def _first(self, places: Sequence[Place | None]) -> int:
        """A job that costs more than it might; one that was tried in vain is less likely to come again soon."""
        costs = [job.cost(place) for job, place in zip(self._grid.jobs, places, strict=True)]
        weights = [
            (max(0.0, cost - least) + 0.05) * hope
            for cost, least, hope in zip(costs, self._least, self._hope, strict=True)
        ]
        return self._rng.choices(range(len(costs)), weights)[0]

    def _part(self, first: int, places: Sequence[Place | None]) -> tuple[list[int], set[int]]:
        """Jobs and people: those who could do the first job, then others, one after the other with all that they do,
        until there are enough jobs."""
        grid, rng = self._grid, self._rng
        job = grid.jobs[first]
        wanted = [rng.sample(sorted(met), len(met)) for met in job.meets] or [rng.sample(job.able, len(job.able))]
        able = [person for layer in zip_longest(*wanted) for person in layer if person is not None]
        everybody = range(len(grid.free))
        others = [*rng.sample(job.able, len(job.able)), *rng.sample(everybody, len(everybody))]
        in_turn = list(dict.fromkeys([*able, *others]))
        chosen, people = {first}, set()
        for person in in_turn:
            people.add(person)
            theirs = {n for n, place in enumerate(places) if place is not None and person in place[1]}
            left = {n for n, place in enumerate(places) if place is None and person in grid.jobs[n].able}
            chosen |= theirs | left
            if len(chosen) >= self._size:
                break
        people |= {person for n in chosen if (place := places[n]) is not None for person in place[1]}
        return sorted(chosen), people
