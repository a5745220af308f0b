"""Maintenance windows: times in which people are known to be at a machine, so that its alarms open no orders.

One-off or repeating in the local time of the place. Pure: the time zone is a value that the caller brings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Rejected
from forewarn.core.plant import Asset

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ONE_US = timedelta(microseconds=1)
LONGEST_H = {"once": 24.0 * 90, "daily": 24.0, "weekly": 24.0 * 7, "monthly": 24.0 * 28}


class Scope(StrEnum):
    """What a window is for; `of` names which one, "" for the whole plant."""

    ASSET = "asset"
    AREA = "area"
    CLASS = "class"
    PLANT = "plant"


class Repeat(StrEnum):
    """How a window comes again, at the same local time; monthly on the same day, months without it are passed over."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """First `start_us` for `hours`, again every so many days, weeks or months, the last beginning before `until_us`.

    Refused (Rejected): no hours, hours longer than the pause to the next one, `every` below 1, an end before the start.
    """

    id: str
    scope: Scope
    of: str
    start_us: int
    hours: float
    repeat: Repeat = Repeat.ONCE
    every: int = 1
    until_us: int | None = None
    zone: tzinfo = UTC
    zone_name: str = "UTC"
    reason: str = ""
    by: str = ""
    revision: int = 1

    def __post_init__(self) -> None:
        longest_h = LONGEST_H[self.repeat] * self.every
        if self.every < 1 or not 0 < self.hours <= longest_h:
            raise Rejected(
                "window_hours", f"a window that comes {self.repeat} has more than 0 and at most {longest_h:g} h"
            )
        if self.until_us is not None and self.until_us <= self.start_us:
            raise Rejected("window_until", "a window ends to come again after its first start: give a later `until`")
        if (self.scope is Scope.PLANT) != (self.of == ""):
            raise Rejected("window_of", "name the asset, area or class of a window; for the whole plant name none")

    def covers(self, asset: Asset) -> bool:
        """Is the machine one of those that it is for?"""
        named = {Scope.ASSET: asset.id, Scope.AREA: asset.area, Scope.CLASS: asset.asset_class, Scope.PLANT: ""}
        return named[self.scope] == self.of

    def at(self, now_us: int) -> tuple[int, int] | None:
        """The occurrence that a moment lies in, half-open in UTC microseconds, or None.

        >>> weekly = MaintenanceWindow("w", Scope.AREA, "boilers", 0, 4.0, Repeat.WEEKLY)     # Thursdays 0 to 4 h UTC
        >>> hour = 3_600_000_000
        >>> weekly.at(170 * hour), weekly.at(173 * hour)
        ((604800000000, 619200000000), None)
        """
        return next((one for one in self._near(now_us) if one[0] <= now_us < one[1]), None)

    def after(self, now_us: int) -> tuple[int, int] | None:
        """The next occurrence that begins later, or None when none comes."""
        return next((one for one in self._near(now_us) if one[0] > now_us), None)

    def _near(self, now_us: int) -> Iterator[tuple[int, int]]:
        """Occurrences from the one before the moment on, in order; a dozen at most (months may lack the day)."""
        first = (EPOCH + self.start_us * ONE_US).astimezone(self.zone).replace(tzinfo=None)
        now = (EPOCH + now_us * ONE_US).astimezone(self.zone).replace(tzinfo=None)
        if self.repeat is Repeat.ONCE:
            yield self.start_us, self.start_us + round(self.hours * US_PER_HOUR)
            return
        if self.repeat is Repeat.MONTHLY:
            passed = ((now.year - first.year) * 12 + now.month - first.month) // self.every
        else:
            passed = (now - first).days // (self.every * (7 if self.repeat is Repeat.WEEKLY else 1))
        for count in range(max(passed - 1, 0), max(passed, 0) + 12):
            local = self._begins(first, count)
            if local is None:
                continue
            start_us = (local.replace(tzinfo=self.zone).astimezone(UTC) - EPOCH) // ONE_US
            if self.until_us is not None and start_us >= self.until_us:
                return
            yield start_us, start_us + round(self.hours * US_PER_HOUR)

    def _begins(self, first: datetime, count: int) -> datetime | None:
        if self.repeat is not Repeat.MONTHLY:
            return first + timedelta(days=count * self.every * (7 if self.repeat is Repeat.WEEKLY else 1))
        months = first.year * 12 + first.month - 1 + count * self.every
        try:
            return first.replace(year=months // 12, month=months % 12 + 1)
        except ValueError:  # a month without this day
            return None
