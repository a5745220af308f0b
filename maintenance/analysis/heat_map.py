"""Open work by skill and week, against the hours of those who have the skill. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from forewarn.core.people import Technician
from forewarn.core.work import OPEN_STATUSES
from forewarn.maintenance.analysis.facts import Facts, PastOrder, Period
from forewarn.maintenance.analysis.planning import capacity

ANY = "(any skill)"
ALL = "(all)"
OPEN = tuple(status.value for status in OPEN_STATUSES)


@dataclass(frozen=True, slots=True)
class Cell:
    """A skill in a week. `load` hours of open work, `capacity` hours of people who have the skill, `share` of the one
    in the other (None: nobody has it then); `overdue`: hours whose week has passed, told in the first one."""

    skill: str
    week_us: int
    load: float
    capacity: float
    overdue: float
    orders: tuple[str, ...]

    @property
    def share(self) -> float | None:
        """Load over capacity."""
        return self.load / self.capacity if self.capacity > 0 else None


@dataclass(frozen=True, slots=True)
class Load:
    """The map, row by row: skills by name, the line of all last. `undated` are hours of open work that neither a
    schedule nor a date puts in a week, `later` those after the last week."""

    weeks: tuple[int, ...]
    cells: tuple[Cell, ...]
    undated: float
    later: float


def load(facts: Facts, span: Period, skills: Mapping[str, Sequence[str]] | None = None) -> Load:
    """Open orders over the weeks of a span.

    An order lies in the week for which it is scheduled, else in that of its "start by" date; what lies before the first
    week is overdue and counts there. Hours of an order with several skills are shared out evenly, so that the skills
    add up to all; `skills` names those of orders whose job plan names none (by order id). An hour of a person with two
    skills is capacity for both: only the line of all says what the crew can do together.
    """
    weeks = span.weeks()
    starts = [week.from_us for week in weeks]
    hours: defaultdict[tuple[str, int], float] = defaultdict(float)
    overdue: defaultdict[str, float] = defaultdict(float)
    orders: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    undated = later = 0.0
    placed = _places(facts)
    for order in facts.orders:
        if order.status not in OPEN or order.hours <= 0:
            continue
        at_us = placed.get(order.id, order.start_by_us)
        if at_us is None or not weeks:
            undated += order.hours
            continue
        if at_us >= weeks[-1].to_us:
            later += order.hours
            continue
        week = max((start for start in starts if start <= at_us), default=starts[0])
        named = _skills(order, skills or {})
        for skill, portion in [(ALL, 1.0), *((skill, 1.0 / len(named)) for skill in named)]:
            hours[skill, week] += order.hours * portion
            orders[skill, week].append(order.number)
            overdue[skill] += order.hours * portion if at_us < starts[0] else 0.0
    people = {week.from_us: capacity(facts.people, week.from_us, week.to_us) for week in weeks}
    rows = sorted({skill for skill, _ in hours} | {s for p in facts.people if p.active for s in p.skills} - {ALL})
    cells = [
        Cell(skill, start, hours[skill, start], _able(facts.people, people[start], skill),
             overdue[skill] if start == starts[0] else 0.0, tuple(sorted(orders[skill, start])))
        for skill in [*(row for row in rows if row != ALL), ALL]
        for start in starts
    ]  # fmt: skip
    return Load(tuple(starts), tuple(cells), undated, later)


def _places(facts: Facts) -> dict[str, int]:
    """Where orders begin in the schedule that is in force."""
    found: dict[str, int] = {}
    for one in facts.placed:
        if one.until_us is None:
            found[one.order_id] = min(one.start_us, found.get(one.order_id, one.start_us))
    return found


def _skills(order: PastOrder, more: Mapping[str, Sequence[str]]) -> Sequence[str]:
    return order.skills or tuple(more.get(order.id, ())) or (ANY,)


def _able(people: Iterable[Technician], hours: Mapping[str, float], skill: str) -> float:
    able = (p.id for p in people if skill in (ANY, ALL) or skill in p.skills)
    return sum(hours.get(id, 0.0) for id in able)
