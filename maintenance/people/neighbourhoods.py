"""Parts of a plan, planned anew exactly: a few people, all that they do in the week, and what was left out for want of
them. Where the search has to move many jobs at once to make room for one, HiGHS does it in one step.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from forewarn.core.readings import Floats
from forewarn.maintenance.people.grid import Grid, Place
from forewarn.maintenance.people.milp import solved, week_of
from forewarn.maintenance.people.search import Board, Places

FEWEST, MOST = 15.0, 80.0
LONGEST_S = 8.0
GAP = 0.001


class Neighbourhoods:
    """Chooses parts, and how large they are: larger while they are solved quickly, smaller when they are not.

    `least` is what each job costs in the optimum without whole numbers: where a job costs more than that, there may be
    something to gain.
    """

    def __init__(self, grid: Grid, least: Floats, seed: int) -> None:
        self._grid, self._least, self._rng = grid, least, Random(seed)
        self._size = 40.0

    def better(self, places: Sequence[Place | None], limit_s: float) -> Places | None:
        """A plan that costs less, or None when this part has none, or none that was found in time."""
        chosen, people = self._part(places)
        board = Board(self._grid, places)
        for number in chosen:
            board.take(number)
        free = [mask if person in people else 0 for person, mask in enumerate(board.free)]
        limit_s = min(limit_s, LONGEST_S)
        answer = solved(week_of(self._grid, chosen, free), limit_s, GAP)
        old = sum(self._grid.jobs[number].cost(places[number]) for number in chosen)
        known = answer.bound >= old * (1 - 2 * GAP)
        if answer.places is None or answer.bound < old * (1 - 20 * GAP):
            self._size = max(FEWEST, self._size * 0.9)
        else:
            self._size = min(MOST, self._size * (1.1 if known else 1.02))
        if answer.places is None:
            return None
        new = sum(self._grid.jobs[number].cost(answer.places.get(number)) for number in chosen)
        if new >= old - 1e-6:
            return None
        return [answer.places.get(number) if number in answer.places else place for number, place in enumerate(places)]

    def _part(self, places: Sequence[Place | None]) -> tuple[list[int], set[int]]:
        """Jobs and people: those who could do a job that costs more than it might, one after the other, with all that
        they do, until there are enough jobs."""
        grid, rng = self._grid, self._rng
        costs = [job.cost(place) for job, place in zip(grid.jobs, places, strict=True)]
        excess = [max(0.0, cost - least) + 0.05 for cost, least in zip(costs, self._least, strict=True)]
        first = rng.choices(range(len(costs)), excess)[0]
        job = grid.jobs[first]
        wanted = [rng.sample(sorted(met), len(met)) for met in job.meets] or [rng.sample(job.able, len(job.able))]
        in_turn = list(
            dict.fromkeys(person for layer in zip(*_even(wanted), strict=True) for person in layer if person >= 0)
        )
        in_turn += [person for person in rng.sample(job.able, len(job.able)) if person not in in_turn]
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


def _even(lists: list[list[int]]) -> list[list[int]]:
    """Lists of the same length, -1 where one is shorter."""
    longest = max(map(len, lists), default=0)
    return [one + [-1] * (longest - len(one)) for one in lists]
