"""The rolling count: what is due by its class, and walks that count together what lies together. Pure.

Instead of one stocktaking a year, each part is counted in its turn: dear ones monthly, cheap ones yearly. A walk is one
room, shelf after shelf; what stands beside something that is due and comes due soon is counted on the same walk.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.maintenance.stock.counting import CountLine, Spot

RHYTHM_DAYS: Mapping[str, float] = {"A": 30.0, "B": 91.0, "C": 365.0}
"""Monthly, quarterly, yearly."""
TOLERANCE: Mapping[str, float] = {"A": 0.002, "B": 0.01, "C": 0.05}
"""Shares that APICS recommends; of a few pieces that is none."""
ROOM = "/"


@dataclass(frozen=True, slots=True)
class CountRules:
    """How often each class is counted (days), which share of the pieces it may be off without a second count, and at
    most worth how much; how many lines a walk has; `beside`: what comes due within this share of its interval is
    counted along with its neighbours. Raises Rejected for numbers that make no sense."""

    rhythm_days: Mapping[str, float] = field(default_factory=lambda: dict(RHYTHM_DAYS))
    tolerance: Mapping[str, float] = field(default_factory=lambda: dict(TOLERANCE))
    most_value: float = 100.0
    most_lines: int = 60
    beside: float = 0.25

    def __post_init__(self) -> None:
        if any(days <= 0 for days in self.rhythm_days.values()) or set(self.rhythm_days) != {"A", "B", "C"}:
            raise Rejected("count_rhythm", "say after how many days, above 0, each of A, B and C is counted")
        if any(not 0 <= share <= 1 for share in self.tolerance.values()) or set(self.tolerance) != {"A", "B", "C"}:
            raise Rejected("count_tolerance", "say which share, 0 to 1, each of A, B and C may be off")
        if self.most_value < 0 or self.most_lines < 1 or not 0 <= self.beside <= 1:
            raise Rejected("count_rules", "most_value is 0 or more, most_lines 1 or more, beside 0 to 1")

    def allowed(self, spot: Spot) -> int:
        """Pieces that a spot may be off without a second count.

        >>> rules = CountRules()
        >>> [rules.allowed(Spot("nut", "main", "", 1000, letter, price)) for letter, price in (("C", 0.1), ("C", 50))]
        [50, 2]
        """
        pieces = int(self.tolerance[spot.abc] * spot.pieces + 1e-9)
        return min(pieces, int(self.most_value / spot.price)) if spot.price > 0 else pieces


@dataclass(frozen=True, slots=True)
class DueSpot:
    """A spot and when its count is due. `urgency`: intervals since the last count; 1 and above: it is due."""

    spot: Spot
    counted_at_us: int | None
    due_us: int
    urgency: float


@dataclass(frozen=True, slots=True)
class Walk:
    """What one sheet counts: spots of one area, shelf after shelf."""

    area: str
    spots: tuple[Spot, ...]
    due: int


def room_of(place: str) -> str:
    """The room of a place: shelves are named room/shelf.

    >>> room_of("main/a-03"), room_of("van-2")
    ('main', 'van-2')
    """
    return place.split(ROOM, 1)[0]


def in_walking_order(spot: Spot) -> tuple[object, ...]:
    """Sorts shelves as people walk along them: a-2 before a-10.

    >>> sorted([Spot("x", "main/a-10"), Spot("y", "main/a-2")], key=in_walking_order)[0].place
    'main/a-2'
    """
    pieces = re.split(r"(\d+)", spot.place.lower())
    return (*((0, int(p), "") if p.isdigit() else (1, 0, p) for p in pieces if p), (2, 0, ""), spot.part, spot.batch)


def due_spots(
    spots: Iterable[Spot], counted_at_us: Mapping[tuple[str, str], int], now_us: int, rules: CountRules | None = None
) -> list[DueSpot]:
    """Every spot with its due time, the most urgent first. `counted_at_us`: the last count of a part in a place; one
    that was never counted is due an interval after the part came there."""
    rules = rules or CountRules()
    found = []
    for spot in spots:
        last = counted_at_us.get((spot.part, spot.place))
        interval_us = rules.rhythm_days[spot.abc] * US_PER_DAY
        start_us = spot.since_us if last is None else last
        urgency = (now_us - start_us) / interval_us
        found.append(DueSpot(spot, last, round(start_us + interval_us), urgency))
    return sorted(found, key=lambda one: (-one.urgency, one.spot.key))


def walks(due: Sequence[DueSpot], rules: CountRules | None = None) -> list[Walk]:
    """The walks that count all that is due, the most urgent one first; each spot is on one walk at most.

    >>> spots = [Spot("seal", "main/a-2", abc="A"), Spot("belt", "main/a-2"), Spot("oil", "main/b-1")]
    >>> last = {("seal", "main/a-2"): 0, ("belt", "main/a-2"): 0, ("oil", "main/b-1"): 0}
    >>> [(w.area, [s.part for s in w.spots], w.due) for w in walks(due_spots(spots, last, 300 * US_PER_DAY))]
    [('main', ['belt', 'seal'], 1)]
    """
    rules = rules or CountRules()
    found: list[Walk] = []
    by_room: dict[str, list[DueSpot]] = {}
    for one in due:
        by_room.setdefault(room_of(one.spot.place), []).append(one)
    for room, mine in by_room.items():
        found += [_walk(room, chosen) for chosen in _together(mine, rules)]
    return sorted(found, key=lambda walk: (-walk.due, walk.area, walk.spots[0].key))


def lines_of(spots: Sequence[Spot], rules: CountRules | None = None) -> tuple[CountLine, ...]:
    """Lines of a sheet, in walking order, each with what it may be off."""
    rules = rules or CountRules()
    walked = sorted(spots, key=in_walking_order)
    return tuple(CountLine(seq, spot, rules.allowed(spot)) for seq, spot in enumerate(walked, 1))


def _together(mine: Sequence[DueSpot], rules: CountRules) -> Iterable[list[DueSpot]]:
    """What is due in a room, by shelves in walking order, cut where a walk is full; neighbours along while there is
    room on the sheet."""
    by_place: dict[str, list[DueSpot]] = {}
    for one in mine:
        if one.urgency >= 1 - rules.beside:
            by_place.setdefault(one.spot.place, []).append(one)
    shelves = [of for of in by_place.values() if any(one.urgency >= 1 for one in of)]
    shelves.sort(key=lambda of: in_walking_order(of[0].spot))
    sheet: list[DueSpot] = []
    for shelf in shelves:
        ranked = sorted(shelf, key=lambda one: (one.urgency < 1, in_walking_order(one.spot)))
        must = sum(one.urgency >= 1 for one in ranked)
        if sheet and len(sheet) + must > rules.most_lines:
            yield sheet
            sheet = []
        for n, one in enumerate(ranked):
            if len(sheet) == rules.most_lines:
                if n >= must:
                    break
                yield sheet
                sheet = []
            sheet.append(one)
    if sheet:
        yield sheet


def _walk(room: str, chosen: Sequence[DueSpot]) -> Walk:
    spots = sorted((one.spot for one in chosen), key=in_walking_order)
    return Walk(room, tuple(spots), sum(one.urgency >= 1 for one in chosen))
