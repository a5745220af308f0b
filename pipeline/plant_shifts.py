"""`shifts:` of a site or an asset -> `core.shifts.ShiftPlan`."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, timedelta, tzinfo

from forewarn.core.clock import US_PER_S
from forewarn.core.shifts import ShiftPlan, days_of, shifts_of
from forewarn.pipeline.plant_layers import Report
from forewarn.pipeline.plant_schema import ShiftsEntry
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
