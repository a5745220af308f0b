"""People as plain JSON and back, in the words of plant files: what the records, the API and people files hold.

>>> told = {"id": "ann", "name": "Ann", "skills": {"mechanical": 3}, "week": {"mon-fri": ["06:00-14:00"]}}
>>> ann = person_from(told)
>>> ann.skills["mechanical"], len(ann.shifts.shifts), person_json(ann)["week"]["fri"]
(3, 5, ['06:00-14:00'])
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, cast

from forewarn.core.clock import US_PER_S
from forewarn.core.errors import Rejected
from forewarn.core.people import EVERYTHING, Absence, Contractor, Technician
from forewarn.core.shifts import WEEKDAYS, ShiftPlan, days_of, shifts_of
from forewarn.core.work import Json

WINDOW = re.compile(r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)")
DAYS = re.compile(rf"({'|'.join(WEEKDAYS)})(-({'|'.join(WEEKDAYS)}))?")
KEYS = frozenset(
    "id name skills week timezone holidays absences place rate_per_h contractor active".split()  # noqa: SIM905
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def person_json(person: Technician) -> Json:
    """Everything about a person; `person_from` reads it back."""
    week: dict[str, list[str]] = {}
    for shift in person.shifts.shifts:
        week.setdefault(WEEKDAYS[shift.weekday], []).append(f"{_clock(shift.start_min)}-{_clock(shift.stop_min)}")
    contract = person.contractor
    return {
        "id": person.id,
        "name": person.name,
        "skills": dict(sorted(person.skills.items())),
        "week": week,
        "timezone": str(person.shifts.zone),
        "holidays": sorted(day.isoformat() for day in person.shifts.holidays),
        "absences": [{"from": iso(a.from_us), "to": iso(a.to_us), "reason": a.reason} for a in person.absences],
        "place": person.place,
        "rate_per_h": person.rate_per_h,
        "contractor": None
        if contract is None
        else {
            "company": contract.company,
            "until": None if contract.until_us is None else iso(contract.until_us),
            "may_do": sorted(contract.may_do),
        },
        "active": person.active,
    }


def person_from(told: Mapping[str, Any]) -> Technician:
    """A person from JSON, a form or a file. Raises Rejected with what to write instead."""
    unknown = sorted(set(told) - KEYS)
    if unknown:
        raise Rejected("person", f"{', '.join(unknown)} is not known; a person has: {', '.join(sorted(KEYS))}")
    if not told.get("id") or not told.get("week"):
        raise Rejected("person", "a person has an id and a week, such as {mon-fri: ['06:00-14:00']}")
    id = str(told["id"])
    zone = zone_of(str(told.get("timezone") or "UTC"))
    holidays = frozenset(_day(id, str(text)) for text in told.get("holidays") or ())
    try:
        skills = {str(skill): int(level) for skill, level in dict(told.get("skills") or {}).items()}
        rate = float(told.get("rate_per_h") or 0.0)
    except (TypeError, ValueError) as error:
        raise Rejected("person", f"{id}: skills are names with levels 1 to 4, the rate is a number: {error}") from error
    return Technician(
        id,
        str(told.get("name") or id),
        skills,
        ShiftPlan(_shifts(id, told["week"]), zone, holidays),
        str(told.get("place") or ""),
        rate,
        tuple(_absence(id, cast(Mapping[str, Any], entry), zone) for entry in told.get("absences") or ()),
        _contractor(id, told.get("contractor"), zone),
        bool(told.get("active", True)),
    )


def _shifts(id: str, week: object) -> tuple[Any, ...]:
    if not isinstance(week, Mapping):
        raise Rejected("week", f"{id}: a week names days and windows, such as {{mon-fri: ['06:00-14:00']}}")
    found = []
    for days, windows in week.items():
        if not DAYS.fullmatch(str(days)):
            raise Rejected("week", f"{id}: {days!r} is no day; write mon, mon-fri or sat-sun")
        for window in [windows] if isinstance(windows, str) else windows:
            if not WINDOW.fullmatch(str(window)):
                raise Rejected("week", f"{id}: {window!r} is no shift; write 06:00-14:00")
            found += [shift for day in days_of(str(days)) for shift in shifts_of(day, str(window))]
    return tuple(sorted(found, key=lambda shift: (shift.weekday, shift.start_min)))


def _absence(id: str, told: Mapping[str, Any], zone: tzinfo) -> Absence:
    if "from" not in told or "to" not in told:
        raise Rejected("absence", f"{id}: an absence has from and to, such as 2026-12-24 or 2026-12-24T12:00+01:00")
    start_us = moment_us(str(told["from"]), zone)
    stop_us = moment_us(str(told["to"]), zone, end=True)
    return Absence(start_us, stop_us, str(told.get("reason") or ""))


def _contractor(id: str, told: Any, zone: tzinfo) -> Contractor | None:
    if not told:
        return None
    if not isinstance(told, Mapping) or not told.get("company"):
        raise Rejected("contractor", f"{id}: a contractor has a company, and perhaps until and may_do")
    until = told.get("until")
    may_do = frozenset(str(kind) for kind in told.get("may_do") or (EVERYTHING,))
    return Contractor(str(told["company"]), moment_us(str(until), zone, end=True) if until else None, may_do)


def zone_of(name: str) -> tzinfo:
    """A time zone by its IANA name. Raises Rejected for one that is not known."""
    try:
        return UTC if name == "UTC" else zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Rejected("timezone", f"{name!r} is no time zone; write one such as Europe/Berlin") from error


def moment_us(text: str, zone: tzinfo = UTC, end: bool = False) -> int:
    """UTC microseconds of an ISO 8601 time, or of a day: its local beginning, or its `end`.

    >>> (moment_us("2026-12-24", end=True) - moment_us("2026-12-24T12:00:00")) / 3.6e9
    12.0
    """
    try:
        told = datetime.fromisoformat(text)
    except ValueError as error:
        raise Rejected("time", f"{text!r} is no time; write 2026-12-24 or 2026-12-24T06:00+01:00") from error
    if end and len(text.strip()) <= len("2026-12-24"):
        told += timedelta(days=1)
    if told.tzinfo is None:
        told = told.replace(tzinfo=zone)
    return (told.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def iso(at_us: int) -> str:
    """ISO 8601 in UTC.

    >>> iso(0)
    '1970-01-01T00:00:00+00:00'
    """
    return (EPOCH + timedelta(seconds=at_us // US_PER_S, microseconds=at_us % US_PER_S)).isoformat()


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _day(id: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Rejected("holiday", f"{id}: there is no day {text}; write 2026-12-24") from error
