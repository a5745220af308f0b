"""In which order to walk to the jobs of a day: the shortest way from one's base through all and back. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

EXACT = 10
"""Up to so many places the way is the shortest one; beyond, it is near it."""


def walking_order(base: str, places: Sequence[str], apart: Callable[[str, str], float]) -> list[int]:
    """Positions of `places` in the order of the walk. `apart` is a distance, the same both ways, 0 or above.

    Held and Karp's programme up to 10 places; beyond, the nearest next and then exchanges of two edges (2-opt).

    >>> at = {"gate": 0, "pump": 1, "fan": 5, "mill": 9}
    >>> walking_order("gate", ["mill", "pump", "fan"], lambda a, b: abs(at[a] - at[b]))
    [0, 2, 1]
    """
    if not places:
        return []
    way = _shortest(base, places, apart) if len(places) <= EXACT else _near_shortest(base, places, apart)
    return min(way, way[::-1])  # the same length both ways: one of them, always the same


def length_of(base: str, places: Sequence[str], way: Sequence[int], apart: Callable[[str, str], float]) -> float:
    """Length of a walk from the base and back."""
    stops = [base, *(places[n] for n in way), base]
    return sum(apart(a, b) for a, b in pairwise(stops))


def _shortest(base: str, places: Sequence[str], apart: Callable[[str, str], float]) -> list[int]:
    count = len(places)
    best: dict[tuple[int, int], tuple[float, int]] = {(1 << n, n): (apart(base, places[n]), -1) for n in range(count)}
    for been in range(1, 1 << count):
        for last in range(count):
            if (been, last) not in best:
                continue
            so_far = best[been, last][0]
            for following in range(count):
                if not (been >> following) & 1:
                    key = (been | 1 << following, following)
                    length = so_far + apart(places[last], places[following])
                    if length < best.get(key, (math.inf, -1))[0]:
                        best[key] = (length, last)
    everywhere = (1 << count) - 1
    last = min(range(count), key=lambda n: best[everywhere, n][0] + apart(places[n], base))
    way, been = [], everywhere
    while last >= 0:
        way.append(last)
        been, last = been ^ 1 << last, best[been, last][1]
    return way[::-1]


def _near_shortest(base: str, places: Sequence[str], apart: Callable[[str, str], float]) -> list[int]:
    left, way, here = set(range(len(places))), [], base
    while left:
        following = min(sorted(left), key=lambda n: apart(here, places[n]))
        left.discard(following)
        way.append(following)
        here = places[following]
    length, better = length_of(base, places, way, apart), True
    while better:
        better = False
        for first in range(len(way) - 1):
            for last in range(first + 1, len(way)):
                other = way[:first] + way[first : last + 1][::-1] + way[last + 1 :]
                if length_of(base, places, other, apart) < length - 1e-9:
                    way, length, better = other, length_of(base, places, other, apart), True
    return way
