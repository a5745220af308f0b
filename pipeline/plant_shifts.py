"""`shifts:` of a site or an asset -> `core.shifts.ShiftPlan`."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, timedelta, tzinfo

from forewarn.core.clock import US_PER_S
from forewarn.core.shifts import MINUTES_PER_DAY, Shift, ShiftPlan
from forewarn.pipeline.plant_layers import Report
from forewarn.pipeline.plant_schema import WEEKDAYS, ShiftsEntry
from forewarn.pipeline.plant_yaml import Path


def plan_of(entry: ShiftsEntry, timezone: str, path: Path, report: Report) -> ShiftPlan | None:
    """The plan in the time zone of its site. None after a report."""
    shifts = [shift for days, windows in entry.week.items() for day in days_of(days) for window in windows
              for shift in shifts_of(day, window)]  # fmt: skip
    if not shifts:
        report((*path, "week"), "no shift is given; leave `shifts` out for a machine that may always run")
        return None
    try:
        zone: tzinfo = UTC if timezone == "UTC" else zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None  # the site says so itself
    holidays = [day_of(text, (*path, "holidays", place), report) for place, text in enumerate(entry.holidays)]
    stops = []
    for place, stop in enumerate(entry.stops):
        here = (*path, "stops", place)
        first, last = day_of(stop.first, (*here, "first"), report), day_of(stop.last, (*here, "last"), report)
        if first and last and last < first:
            report(here, f"last {stop.last} is before first {stop.first}")
        elif first and last:
            stops.append((midnight_us(first, zone), midnight_us(last + timedelta(days=1), zone)))
    return ShiftPlan(tuple(shifts), zone, frozenset(day for day in holidays if day), tuple(stops))


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


def day_of(text: str, path: Path, report: Report) -> date | None:
    """A date that there is. None after a report."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        report(path, f"there is no day {text}; write year-month-day, for instance 2026-12-24")
        return None


def midnight_us(day: date, zone: tzinfo) -> int:
    """UTC microseconds at which the local day begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * US_PER_S
