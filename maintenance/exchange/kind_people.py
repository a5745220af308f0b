"""The table of people: its columns, and how a row becomes what the book of people keeps. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from forewarn.core.errors import Rejected
from forewarn.core.people import EVERYTHING
from forewarn.core.shifts import WEEKDAYS, days_of
from forewarn.core.work import Json
from forewarn.maintenance.exchange.cells import BadCell, Raw, Record, Sheet
from forewarn.maintenance.exchange.converters import Day, Flag, Id, Moment, Number, Text, text_of
from forewarn.maintenance.exchange.kinds import Column, TableKind
from forewarn.maintenance.exchange.several import Items, Pairs
from forewarn.maintenance.people.plain_people import person_from, person_json

WINDOW = re.compile(r"([01]?\d|2[0-3]):[0-5]\d\s*-\s*(([01]?\d|2[0-3]):[0-5]\d|24:00)")
DAYS = re.compile(rf"({'|'.join(WEEKDAYS)})(-({'|'.join(WEEKDAYS)}))?")
HOLIDAY = Day()


class Week:
    """Days and windows: `mon-fri 06:00-14:00; sat 06:00-12:00`."""

    words = "days and hours, such as mon-fri 06:00-14:00; sat 06:00-12:00"
    choices: tuple[str, ...] = ()

    def read(self, cell: Raw, sheet: Sheet) -> str:
        """The week in its one form."""
        windows: dict[str, list[str]] = {}
        for entry in re.split(r"[;；\n]", text_of(cell)):
            if not entry.strip():
                continue
            days, _, hours = entry.strip().partition(" ")
            found = WINDOW.fullmatch(hours.strip())
            if not DAYS.fullmatch(days.lower()) or found is None:
                raise BadCell("is no week", "write days and hours, such as mon-fri 06:00-14:00; sat 06:00-12:00")
            start, _, stop = hours.partition("-")
            for day in days_of(days.lower()):
                windows.setdefault(WEEKDAYS[day], []).append(f"{start.strip():0>5}-{stop.strip():0>5}")
        return week_text(windows)

    def write(self, value: Any) -> Raw:
        """As it is kept."""
        return value or None


class Until(Moment):
    """A moment, or a day that counts to its end where the person works (the book of people says when that is)."""

    __slots__ = ()

    def read(self, cell: Raw, sheet: Sheet) -> str:
        """See `Converter`."""
        is_day = isinstance(cell, datetime) and (cell.hour, cell.minute, cell.second) == (0, 0, 0)
        if is_day or (isinstance(cell, str) and len(text_of(cell)) <= len("2026-12-24")):
            return HOLIDAY.read(cell, sheet)
        return Moment.read(self, cell, sheet)


class Holidays(Items):
    """Several days."""

    __slots__ = ()

    @property
    def words(self) -> str:
        """See `Converter`."""
        return "days with ; between, such as 2026-12-25; 2026-12-26"

    def read(self, cell: Raw, sheet: Sheet) -> list[str]:
        """See `Converter`."""
        if not isinstance(cell, str):
            return [HOLIDAY.read(cell, sheet)]
        return sorted({HOLIDAY.read(day, sheet) for day in Items(commas=True).read(cell, sheet)})


PEOPLE = TableKind(
    "people",
    "People",
    "One row is one person. Absences are not part of it: `forewarn people away` keeps them.",
    (
        Column("id", "what the person is called in schedules", Id(), "ann", ("person", "employee", "personnel number",
               "Personalnummer", "工号", "员工编号"), is_key=True, required=True),
        Column("name", "name", Text(200), "Ann Weber", ("full name", "employee name", "姓名", "名字"), ""),
        Column("skills", "skills with levels 1 to 4", Pairs(1, 4), "mechanical:3; welding:1",
               ("qualifications", "crafts", "Qualifikationen", "技能"), {}),
        Column("week", "when the person works", Week(), "mon-fri 06:00-14:00",
               ("shifts", "shift", "working hours", "Schicht", "班次", "工作时间"), required=True),
        Column("timezone", "time zone of the hours (IANA name)", Text(60), "Europe/Berlin",
               ("time zone", "时区"), "UTC"),
        Column("place", "where the person starts", Text(200), "hall-a", ("area", "workshop", "车间", "区域"), ""),
        Column("rate_per_h", "cost of an hour", Number(0), "52.5",
               ("rate", "hourly rate", "labour rate", "Stundensatz", "小时费率"), 0.0, unit="money per hour"),
        Column("company", "of somebody from another company", Text(200), "Hoist GmbH",
               ("contractor", "vendor", "Firma", "承包商", "公司"), ""),
        Column("until", "end of the contract; a day counts to its end", Until(), "2027-06-30T22:00Z",
               ("contract end", "valid to", "合同到期"), ""),
        Column("may_do", "kinds of orders in the contract; empty: all", Items(commas=True), "preventive; corrective",
               ("may do", "scope"), []),
        Column("holidays", "days on which no shift begins", Holidays(), "2026-12-25; 2026-12-26", ("节假日",), []),
        Column("active", "works here", Flag(), "yes", ("is active", "employed", "在职"), True),
    ),
)  # fmt: skip


def week_text(windows: dict[str, list[str]]) -> str:
    """Windows by day in one line; neighbours with the same hours together.

    >>> week_text({"mon": ["06:00-14:00"], "tue": ["06:00-14:00"], "sat": ["06:00-12:00"]})
    'mon-tue 06:00-14:00; sat 06:00-12:00'
    """
    told: list[str] = []
    day = 0
    while day < len(WEEKDAYS):
        mine = sorted(windows.get(WEEKDAYS[day], []))
        last = day
        while last + 1 < len(WEEKDAYS) and mine and sorted(windows.get(WEEKDAYS[last + 1], [])) == mine:
            last += 1
        name = WEEKDAYS[day] if last == day else f"{WEEKDAYS[day]}-{WEEKDAYS[last]}"
        told += [f"{name} {window}" for window in mine]
        day = last + 1
    return "; ".join(told)


def person_record(body: Json) -> Record:
    """The row of a person as kept (`plain_people.person_json`)."""
    told: dict[str, Any] = dict(body)
    contract = told["contractor"] or {}
    may_do = [kind for kind in contract.get("may_do", ()) if kind != EVERYTHING]
    return {
        **{name: told[name] for name in ("id", "name", "timezone", "place", "rate_per_h", "active")},
        "skills": dict(told["skills"]),
        "week": week_text(told["week"]),
        "company": contract.get("company", ""),
        "until": contract.get("until") or "",
        "may_do": may_do,
        "holidays": list(told["holidays"]),
    }


def person_body(record: Record, before: Json | None) -> Json:
    """What the book keeps of a row; what the table does not hold (absences) stays as it was. Raises Rejected."""
    week: dict[str, list[str]] = {}
    for entry in record["week"].split("; "):
        days, _, window = entry.partition(" ")
        week.setdefault(days, []).append(window)
    company = record["company"]
    if not company and (record["until"] or record["may_do"]):
        raise Rejected("company", "a contract's end and scope are those of a company: write the company too")
    contractor = {"company": company, "until": record["until"] or None, "may_do": record["may_do"]} if company else None
    plain = ("id", "timezone", "place", "rate_per_h", "skills", "holidays", "active")
    told = {name: record[name] for name in plain}
    absences = before["absences"] if before else []
    name = record["name"] or record["id"]
    return person_json(
        person_from({**told, "name": name, "week": week, "contractor": contractor, "absences": absences})
    )
