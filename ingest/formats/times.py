"""Device times on the wire -> UTC microseconds. A wrong unit is named, never stored as 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from forewarn.core.errors import Rejected
from forewarn.ingest.formats.result import shown

US_PER_MS = 1_000
US_PER_YEAR = 31_557_600 * 1_000_000
PAST_YEARS, AHEAD_YEARS = 40, 20
INT64_MAX = 2**63 - 1
_UNITS_NS = {"seconds": 10**9, "milliseconds": 10**6, "microseconds": 10**3, "nanoseconds": 1}
_FAR = 10**25  # beyond every unit's window, and still safe to multiply as a float
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def plausible_us(now_us: int) -> tuple[int, int]:
    """The open window (microseconds) in which a number is believed to be in the unit it should be in."""
    return now_us - PAST_YEARS * US_PER_YEAR, now_us + AHEAD_YEARS * US_PER_YEAR


def time_of_ms(ms: float, now_us: int) -> int:
    """Unix milliseconds (fractions allowed, exact to the microsecond) -> microseconds.

    Refuses `timestamp_unit_suspect` when the number lies outside the plausible window as milliseconds but inside it as
    seconds, microseconds or nanoseconds. Any other number is taken as it stands, clipped to 64 bits: the quality rules
    then call it `future` or `too_old`.

    >>> time_of_ms(1795392000000.25, now_us=1795392000_000_000)
    1795392000000250
    """
    ms = max(-_FAR, min(_FAR, ms))
    return _checked(round(ms * US_PER_MS), "milliseconds", ms, now_us)


def time_of_us(us: int, now_us: int) -> int:
    """Unix microseconds, with the same window rule. Refuses `timestamp_unit_suspect`."""
    return _checked(us, "microseconds", us, now_us)


def _checked(at: int, unit: str, raw: float, now_us: int) -> int:
    """`at` is the time if `raw` is in `unit`; it could be in another one."""
    low, high = plausible_us(now_us)
    if low < at < high:
        return at
    for other, size in _UNITS_NS.items():
        if low < at * size // _UNITS_NS[unit] < high:
            raise Rejected("timestamp_unit_suspect", f"{shown(raw)} looks like {other}, {unit} are expected")
    return max(-INT64_MAX, min(INT64_MAX, at))


def time_of_iso(text: str) -> int:
    """ISO 8601 with a zone -> UTC microseconds (digits beyond are cut off).

    A leap second (`:60`) is the first moment of the next minute, as POSIX counts. Refuses `bad_time`: no zone, no such
    day, not ISO 8601.

    >>> time_of_iso("2026-11-23T12:00:00+08:00") == time_of_iso("2026-11-23T04:00:00Z")
    True
    """
    leap = len(text) > 18 and text[16:19] == ":60"
    try:
        moment = datetime.fromisoformat(text[:16] + ":59" + text[19:] if leap else text)
        if moment.tzinfo is None:
            raise Rejected("bad_time", f"{shown(text)} has no zone (write Z or an offset)")
        at = (moment - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        raise Rejected("bad_time", f"{shown(text)} is not an ISO 8601 date and time") from None
    return at + 1_000_000 if leap else at


def device_time(ts: object, now_us: int) -> int:
    """The `ts` of a JSON message: a number is Unix milliseconds, a text ISO 8601. Else refuses `bad_time`."""
    if isinstance(ts, str):
        return time_of_iso(ts)
    if isinstance(ts, bool) or not isinstance(ts, int | float):
        raise Rejected("bad_time", f"ts is {shown(ts)}, neither milliseconds nor ISO 8601")
    if ts != ts or ts in (float("inf"), float("-inf")):
        raise Rejected("bad_time", f"ts is {shown(ts)}")
    return time_of_ms(ts, now_us)
