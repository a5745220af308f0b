"""Maintenance windows: at the same local time again, whatever the clocks do. Against a walk over every hour."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Rejected
from forewarn.core.windows import EPOCH, ONE_US, MaintenanceWindow, Repeat, Scope

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


def us(text: str) -> int:
    return (datetime.fromisoformat(text).astimezone(UTC) - EPOCH) // ONE_US


def window(start: str, hours: float, repeat: Repeat, **more: object) -> MaintenanceWindow:
    return MaintenanceWindow("w", Scope.PLANT, "", us(start), hours, repeat, zone=BERLIN, **more)  # type: ignore[arg-type]


def walked(one: MaintenanceWindow, until_us: int) -> list[tuple[int, int]]:
    """Every occurrence by looking at each local day: is it one of those on which the window begins?"""
    first = (EPOCH + one.start_us * ONE_US).astimezone(one.zone).replace(tzinfo=None)
    found: list[tuple[int, int]] = []
    day = first
    while True:
        begins = {
            Repeat.ONCE: day == first,
            Repeat.DAILY: (day - first).days % one.every == 0,
            Repeat.WEEKLY: (day - first).days % (7 * one.every) == 0,
            Repeat.MONTHLY: day.day == first.day
            and ((day.year - first.year) * 12 + day.month - first.month) % one.every == 0,
        }[one.repeat]
        start_us = (day.replace(tzinfo=one.zone).astimezone(UTC) - EPOCH) // ONE_US
        if start_us > until_us or (one.until_us is not None and start_us >= one.until_us):
            return found
        if begins:
            found.append((start_us, start_us + round(one.hours * US_PER_HOUR)))
        day += timedelta(days=1)


@given(
    st.integers(0, 365 * 24 * 4).map(lambda quarter: us("2026-01-01T00:00:00+01:00") + quarter * US_PER_HOUR // 4),
    st.sampled_from(list(Repeat)),
    st.integers(1, 4),
    st.floats(0.25, 24.0),
    st.none() | st.integers(1, 400).map(lambda days: days * 24 * US_PER_HOUR),
    st.integers(-24 * 20, 24 * 500),
)
@settings(max_examples=150)
def test_a_window_stands_and_comes_when_a_walk_over_every_day_says_so(
    start_us: int, repeat: Repeat, every: int, hours: float, lasts_us: int | None, look_h: int
) -> None:
    until_us = None if lasts_us is None else start_us + lasts_us
    one = MaintenanceWindow("w", Scope.PLANT, "", start_us, hours, repeat, every, until_us, BERLIN)
    now_us = start_us + look_h * US_PER_HOUR
    all_of_them = walked(one, now_us + 130 * 24 * US_PER_HOUR)
    assert one.at(now_us) == next((w for w in all_of_them if w[0] <= now_us < w[1]), None)
    assert one.after(now_us) == next((w for w in all_of_them if w[0] > now_us), None)


def test_a_night_window_stays_at_its_local_hour_when_clocks_change() -> None:
    nightly = window("2026-03-20T22:00:00+01:00", 6.0, Repeat.DAILY)
    assert nightly.at(us("2026-03-28T22:00:00+01:00")) == (
        us("2026-03-28T22:00:00+01:00"),
        us("2026-03-29T05:00:00+02:00"),
    )
    assert nightly.at(us("2026-03-29T21:30:00+02:00")) is None
    assert nightly.at(us("2026-03-29T22:00:00+02:00")) is not None


def test_a_window_on_the_31st_passes_over_months_without_it() -> None:
    monthly = window("2026-01-31T08:00:00+01:00", 4.0, Repeat.MONTHLY)
    assert monthly.after(us("2026-02-01T00:00:00+01:00")) == (
        us("2026-03-31T08:00:00+02:00"),
        us("2026-03-31T12:00:00+02:00"),
    )


@pytest.mark.parametrize(
    ("fields", "slug"),
    [
        ({"hours": 0.0}, "window_hours"),
        ({"hours": 24.5, "repeat": Repeat.DAILY}, "window_hours"),
        ({"every": 0}, "window_hours"),
        ({"until_us": 0}, "window_until"),
        ({"of": "p1"}, "window_of"),
        ({"scope": Scope.AREA}, "window_of"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(fields: dict[str, object], slug: str) -> None:
    whole: dict[str, object] = {"id": "w", "scope": Scope.PLANT, "of": "", "start_us": 0, "hours": 4.0, **fields}
    with pytest.raises(Rejected, match=slug):
        MaintenanceWindow(**whole)  # type: ignore[arg-type]
