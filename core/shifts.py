"""When a machine is planned to run: a weekly pattern in the site's time zone, holidays, planned stops.

Turns operating hours into calendar time and back. Pure: the time zone is a value (`datetime.tzinfo`) that the caller
brings, so nothing is read from the system here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import numpy as np

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats

MINUTES_PER_DAY = 1_440
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EXACT_DAYS = 800
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ONE_US = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """A window of operation: weekday 0 (Monday) to 6, minutes of the local day, 0 <= start < stop <= 1440.

    A shift over midnight is two of them.
    """

    weekday: int
    start_min: int
    stop_min: int

    def __post_init__(self) -> None:
        if not (0 <= self.weekday <= 6 and 0 <= self.start_min < self.stop_min <= MINUTES_PER_DAY):
            raise Rejected(
                "shift", f"{self} is not a window of one day: weekday 0-6, 0 <= start < stop <= 1440 minutes"
            )


@dataclass(frozen=True, slots=True)
class ShiftPlan:
    """Planned operation. `stops` are half-open intervals in UTC microseconds in which nothing runs; on `holidays`
    (local dates) no shift begins. Overlapping shifts count once. Refused: a plan without a shift.

    On the days when clocks change, a shift lasts as long as it really does: 22:00 to 6:00 in seven or nine hours.
    """

    shifts: tuple[Shift, ...]
    zone: tzinfo = UTC
    holidays: frozenset[date] = frozenset()
    stops: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if not self.shifts:
            raise Rejected("shifts", "a shift plan has at least one shift; leave it out for a machine that always runs")

    @property
    def hours_per_week(self) -> float:
        """Planned hours of a week without holidays and stops."""
        week = merged((s.weekday * MINUTES_PER_DAY + s.start_min, s.weekday * MINUTES_PER_DAY + s.stop_min)
                      for s in self.shifts)  # fmt: skip
        return sum(stop - start for start, stop in week) / 60.0

    def windows(self, from_us: int, days: int) -> list[tuple[int, int]]:
        """Planned operation from an instant on, over so many local days: half-open intervals in UTC microseconds."""
        first = (EPOCH + from_us * ONE_US).astimezone(self.zone).date() - timedelta(days=1)
        planned = merged(window for day in range(days + 2) for window in self._of_day(first + timedelta(days=day)))
        kept = without(planned, merged(self.stops))
        return [(max(start, from_us), stop) for start, stop in kept if stop > from_us]

    def _of_day(self, day: date) -> Iterator[tuple[int, int]]:
        if day in self.holidays:
            return
        for shift in self.shifts:
            if shift.weekday == day.weekday():
                yield self._instant(day, shift.start_min), self._instant(day, shift.stop_min)

    def _instant(self, day: date, minute: int) -> int:
        local = datetime.combine(day, time()) + timedelta(minutes=minute)
        return (local.replace(tzinfo=self.zone).astimezone(UTC) - EPOCH) // ONE_US

    def calendar_hours(self, from_us: int, operating_h: Floats, share: float = 1.0) -> Floats:
        """float64 like `operating_h` (>= 0): hours of the calendar from an instant until the machine has run so long.

        `share` in (0, 1]: part of the planned time in which it does run, where that was measured. Exact for 800 days;
        beyond them at the mean rate of the weekly pattern. A life that ends with a shift ends there, not at the start
        of the next one.

        >>> days = tuple(Shift(day, 6 * 60, 22 * 60) for day in range(5))          # Monday to Friday, 6 to 22
        >>> friday_noon = 1_790_942_400_000_000                                    # 2 October 2026, 12:00 UTC
        >>> ShiftPlan(days).calendar_hours(friday_noon, np.array([4.0, 10.0, 12.0])).tolist()
        [4.0, 10.0, 68.0]
        """
        wanted = np.asarray(operating_h, np.float64) / share
        windows = self.windows(from_us, EXACT_DAYS)
        starts = np.array([start - from_us for start, _ in windows], np.float64) / US_PER_HOUR
        lengths = np.array([stop - start for start, stop in windows], np.float64) / US_PER_HOUR
        done = np.cumsum(lengths)
        place = np.searchsorted(done, wanted, side="left")
        inside = np.minimum(place, len(windows) - 1)
        before = done[inside] - lengths[inside]
        told = np.where(wanted > 0, starts[inside] + (wanted - before), 0.0)
        late = EXACT_DAYS * 24.0 + (wanted - done[-1]) * 168.0 / self.hours_per_week
        return np.asarray(np.where(place < len(windows), told, np.maximum(late, starts[-1] + lengths[-1])), np.float64)

    def operating_hours(self, from_us: int, to_us: int) -> float:
        """Planned hours between two instants, to >= from: the inverse of `calendar_hours`."""
        days = max(0, (to_us - from_us) // (24 * US_PER_HOUR)) + 2
        return sum(max(0, min(stop, to_us) - start) for start, stop in self.windows(from_us, days)) / US_PER_HOUR


def merged(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Half-open intervals in order, those that touch or overlap as one; empty ones left out.

    >>> merged([(5, 9), (0, 2), (2, 3), (7, 8)])
    [(0, 3), (5, 9)]
    """
    told: list[tuple[int, int]] = []
    for start, stop in sorted(intervals):
        if stop <= start:
            continue
        if told and start <= told[-1][1]:
            told[-1] = told[-1][0], max(stop, told[-1][1])
        else:
            told.append((start, stop))
    return told


def without(planned: list[tuple[int, int]], stops: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Planned intervals less the stops; both in order.

    >>> without([(0, 10), (20, 30)], [(5, 6), (9, 25)])
    [(0, 5), (6, 9), (25, 30)]
    """
    told = []
    for start, stop in planned:
        for first, last in stops:
            if last > start and first < stop:
                if first > start:
                    told.append((start, first))
                start = max(start, last)
        if start < stop:
            told.append((start, stop))
    return told


def days_of(text: str) -> list[int]:
    """Weekdays of `mon`, `mon-fri` or `sat-mon`, 0 = Monday.

    >>> days_of("fri-mon")
    [4, 5, 6, 0]
    """
    first, _, last = text.partition("-")
    start = WEEKDAYS.index(first)
    length = (WEEKDAYS.index(last) - start) % 7 if last else 0
    return [(start + step) % 7 for step in range(length + 1)]


def shifts_of(weekday: int, window: str) -> list[Shift]:
    """`06:00-14:00` of a day; one that ends no later than it begins goes on in the next day.

    >>> shifts_of(0, "22:00-06:00")
    [Shift(weekday=0, start_min=1320, stop_min=1440), Shift(weekday=1, start_min=0, stop_min=360)]
    """
    start, stop = (60 * int(text[:2]) + int(text[3:]) for text in window.split("-"))
    if start < stop:
        return [Shift(weekday, start, stop)]
    late = [Shift(weekday, start, MINUTES_PER_DAY)] if start < MINUTES_PER_DAY else []
    return late + ([Shift((weekday + 1) % 7, 0, stop)] if stop else [])
