"""Device times on the wire -> UTC microseconds. A wrong unit is named, never stored as 1970."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from forewarn.core.errors import Rejected
from forewarn.ingest.formats.result import shown

US_PER_MS = 1_000
US_PER_YEAR = 31_557_600 * 1_000_000
PAST_YEARS, AHEAD_YEARS = 40, 20
INT64_MAX = 2**63 - 1
_UNITS_NS = {"seconds": 10**9, "milliseconds": 10**6, "microseconds": 10**3, "nanoseconds": 1}
_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
TIME_UNITS = (*_NAMES, "auto", "iso")
"""What the plant file may say of a number that is a time. "iso": only texts are times."""
_LONGEST_NUMBER = 32
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
    return time_of_number(ms, "ms", now_us)


def time_of_number(raw: float, unit: str, now_us: int) -> int:
    """A time as a number since 1970 in one of `TIME_UNITS` -> microseconds, with the same window rule.

    "auto" takes the one unit in which the number is plausible; the windows of the units do not overlap. Refuses
    `timestamp_unit_suspect`, and `bad_time` where the unit is "iso".

    >>> time_of_number(1795392000, "auto", now_us=1795392000_000_000)
    1795392000000000
    """
    if unit == "iso":
        raise Rejected("bad_time", f"the time is the number {shown(raw)}, an ISO 8601 text is expected")
    raw = max(-_FAR, min(_FAR, raw))
    if unit == "auto":
        return _in_any_unit(raw, now_us)
    name = _NAMES[unit]
    return _checked(_microseconds(raw, name), name, raw, now_us)


def _microseconds(raw: float, name: str) -> int:
    size = _UNITS_NS[name]
    return round(raw / 1_000) if size == 1 else round(raw * (size // 1_000))


def _in_any_unit(raw: float, now_us: int) -> int:
    low, high = plausible_us(now_us)
    for name in _UNITS_NS:
        if low < (at := _microseconds(raw, name)) < high:
            return at
    raise Rejected("timestamp_unit_suspect", f"{shown(raw)} is no time of this age in any unit from s to ns")


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


def device_time(ts: object, now_us: int, unit: str = "ms") -> int:
    """The time of a JSON message: a number in `unit`, or a text in ISO 8601. Else refuses `bad_time`.

    With "auto" a text may also be a number, as some gateways write it.
    """
    if isinstance(ts, str):
        digits = unit == "auto" and len(ts) <= _LONGEST_NUMBER and ts.isascii() and ts.isdigit()
        return time_of_number(int(ts), unit, now_us) if digits else time_of_iso(ts)
    if isinstance(ts, bool) or not isinstance(ts, int | float):
        raise Rejected("bad_time", f"ts is {shown(ts)}, neither a number nor ISO 8601")
    if not math.isfinite(ts):
        raise Rejected("bad_time", f"ts is {shown(ts)}")
    return time_of_number(ts, unit, now_us)
