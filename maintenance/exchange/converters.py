"""From a cell to a value and back, one converter for each sort of column. Pure.

`read` raises BadCell with what to write instead; `write(read(x))` reads as the same value again. What `read` gives is
JSON: texts, numbers, truth values, None, lists of texts, tables of words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from typing import Any, Protocol

from forewarn.maintenance.exchange.amounts import SHOWN_SHORT, day_of, day_of_serial, number_of, plain_text, short
from forewarn.maintenance.exchange.cells import BadCell, Cell, Raw, Sheet

TRUE = ("yes", "true", "1", "y", "x", "ja", "wahr", "oui", "si", "是", "对", "真")
FALSE = ("no", "false", "0", "n", "nein", "falsch", "non", "否", "不", "假")
TEXT_AGAIN = "format the column as text and write the id again"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class Converter(Protocol):
    """One sort of column."""

    @property
    def words(self) -> str:
        """What may stand in such a cell, for the reference."""
        ...

    @property
    def choices(self) -> tuple[str, ...]:
        """What a drop-down list offers; empty: anything."""
        ...

    def read(self, cell: Raw, sheet: Sheet) -> Any:
        """The value of a cell that is not empty."""
        ...

    def write(self, value: Any) -> Raw:
        """The cell of a value."""
        ...


def is_empty(cell: Cell) -> bool:
    """Nothing stands there, or only blanks."""
    return cell is None or (isinstance(cell, str) and not plain_text(cell))


def text_of(cell: Raw) -> str:
    """A cell as a text, without blanks at the ends; lines end with a line feed."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return short(cell)
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell).replace("\r\n", "\n").replace("\r", "\n").strip(" \t\n\u00a0\u3000\u200b\ufeff")


@dataclass(frozen=True, slots=True)
class Text:
    """Any text of at most `longest` letters."""

    longest: int = 300

    @property
    def words(self) -> str:
        """See `Converter`."""
        return f"text, at most {self.longest} letters"

    @property
    def choices(self) -> tuple[str, ...]:
        """See `Converter`."""
        return ()

    def read(self, cell: Raw, sheet: Sheet) -> str:
        """See `Converter`."""
        told = text_of(cell)
        if CONTROL.search(told):
            raise BadCell("holds signs that are not letters", "type the text again")
        if len(told) > self.longest:
            raise BadCell(f"has {len(told)} letters", f"shorten it to {self.longest}")
        return told

    def write(self, value: Any) -> Raw:
        """See `Converter`."""
        return None if value in (None, "") else str(value)


@dataclass(frozen=True, slots=True)
class Id:
    """A name that tells things apart. A spreadsheet takes zeros and digits away from ids that look like numbers."""

    pattern: str = r"[^\x00-\x1f]{1,100}"
    fix: str = "an id has 1 to 100 letters"
    plain: bool = False

    @property
    def words(self) -> str:
        """See `Converter`."""
        return f"id: {self.fix}"

    @property
    def choices(self) -> tuple[str, ...]:
        """See `Converter`."""
        return ()

    def read(self, cell: Raw, sheet: Sheet) -> str:
        """See `Converter`."""
        if isinstance(cell, bool | datetime | date | time | timedelta):
            raise BadCell("is no id: the program made something else of it", TEXT_AGAIN)
        if isinstance(cell, float) and (cell != int(cell) or abs(cell) >= 1e15):
            raise BadCell("is no id but a number", TEXT_AGAIN)
        told = text_of(cell)
        if SHOWN_SHORT.fullmatch(told):
            raise BadCell("was an id with more digits, which are lost", TEXT_AGAIN)
        if not re.fullmatch(self.pattern, told):
            raise BadCell("is no id", self._meant(told))
        return told

    def _meant(self, told: str) -> str:
        meant = re.sub(r"[^a-z0-9_-]+", "-", told.lower()).strip("-")[:64]
        return f"write {meant} ({self.fix})" if self.plain and re.fullmatch(self.pattern, meant) else self.fix

    def write(self, value: Any) -> Raw:
        """See `Converter`."""
        return None if value in (None, "") else str(value)


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `low` to `high`. `units`: what may stand behind it, and by how much it is multiplied then."""

    low: float | None = None
    high: float | None = None
    whole: bool = False
    units: Mapping[str, float] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """See `Converter`."""
        sort = "whole number" if self.whole else "number"
        lowest = f", at least {short(self.low)}" if self.low is not None else ""
        highest = f", at most {short(self.high)}" if self.high is not None else ""
        return f"{sort}{lowest}{highest}"

    @property
    def choices(self) -> tuple[str, ...]:
        """See `Converter`."""
        return ()

    def read(self, cell: Raw, sheet: Sheet) -> float | int:
        """See `Converter`."""
        if isinstance(cell, bool | datetime | date | time | timedelta):
            raise BadCell("is not a number", "format the cell as a number and write it again")
        found = self._of_text(cell, sheet) if isinstance(cell, str) else float(cell or 0.0)
        if self.whole and found != round(found):
            raise BadCell("is not a whole number", f"write {round(found)}")
        if self.low is not None and found < self.low:
            raise BadCell("is too small", f"write {short(self.low)} or more")
        if self.high is not None and found > self.high:
            raise BadCell("is too large", f"write {short(self.high)} or less")
        return round(found) if self.whole else found

    def _of_text(self, text: str, sheet: Sheet) -> float:
        told = plain_text(text)
        for unit in sorted(self.units, key=len, reverse=True):
            if told.casefold().endswith(unit.casefold()) and told[: -len(unit)].strip():
                head = told[: -len(unit)].rstrip()
                if head[-1:].isdigit():
                    return number_of(head, sheet.decimal) * self.units[unit]
        return number_of(told, sheet.decimal)

    def write(self, value: Any) -> Raw:
        """See `Converter`."""
        return None if value is None else value if isinstance(value, int | float) else float(value)


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    @property
    def words(self) -> str:
        """See `Converter`."""
        return "yes or no"

    @property
    def choices(self) -> tuple[str, ...]:
        """See `Converter`."""
        return ("yes", "no")

    def read(self, cell: Raw, sheet: Sheet) -> bool:
        """See `Converter`."""
        told = text_of(cell).casefold()
        if told in TRUE or told in FALSE:
            return told in TRUE
        raise BadCell("is neither yes nor no", "write yes or no")

    def write(self, value: Any) -> Raw:
        """See `Converter`."""
        return None if value is None else "yes" if value else "no"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several words; `others`: other spelling -> word."""

    options: tuple[str, ...]
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """See `Converter`."""
        return "one of " + ", ".join(self.options)

    @property
    def choices(self) -> tuple[str, ...]:
        """See `Converter`."""
        return self.options

    def read(self, cell: Raw, sheet: Sheet) -> str:
        """See `Converter`."""
        told = text_of(cell)
        by_name = {option.casefold(): option for option in self.options}
        by_name = {**{name.casefold(): option for name, option in self.others.items()}, **by_name}
        found = by_name.get(told.casefold())
        if found is None:
            near = get_close_matches(told.casefold(), by_name, n=1)
            meant = f"write {by_name[near[0]]}, or another of: " if near else "write one of: "
            raise BadCell("is not known here", meant + ", ".join(self.options[:12]))
        return found

    def write(self, value: Any) -> Raw:
        """See `Converter`."""
        return None if value in (None, "") else str(value)


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar; as JSON 2026-12-24. Spreadsheets hold days as numbers."""

    @property
    def words(self) -> str:
        """See `Converter`."""
        return "day, such as 2026-12-24"

    @property
    def choices(self) -> tuple[str, ...]:
        """See `Converter`."""
        return ()

    def read(self, cell: Raw, sheet: Sheet) -> str:
        """See `Converter`."""
        if isinstance(cell, datetime):
            return cell.date().isoformat()
        if isinstance(cell, date):
            return cell.isoformat()
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            return day_of_serial(float(cell), sheet.day_zero).date().isoformat()
        told = text_of(cell)
        if re.fullmatch(r"\d{5}(\.\d+)?", told):
            return day_of_serial(float(told), sheet.day_zero).date().isoformat()
        return day_of(told).isoformat()

    def write(self, value: Any) -> Raw:
        """See `Converter`."""
        return None if value in (None, "") else date.fromisoformat(str(value)[:10])


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment; as JSON ISO 8601 in UTC to the microsecond. A day alone is its beginning; no zone means UTC."""

    @property
    def words(self) -> str:
        """See `Converter`."""
        return "time, such as 2026-12-24T06:00Z (UTC when it names no zone)"

    @property
    def choices(self) -> tuple[str, ...]:
        """See `Converter`."""
        return ()

    def read(self, cell: Raw, sheet: Sheet) -> str:
        """See `Converter`."""
        if isinstance(cell, bool | time | timedelta):
            raise BadCell("is no moment", "write it as 2026-12-24T06:00Z")
        if isinstance(cell, int | float):
            return _utc(day_of_serial(float(cell), sheet.day_zero))
        if isinstance(cell, datetime):
            return _utc(cell)
        if isinstance(cell, date):
            return _utc(datetime(cell.year, cell.month, cell.day, tzinfo=UTC))
        told = text_of(cell)
        try:
            return _utc(datetime.fromisoformat(told))
        except (ValueError, OverflowError):
            day = day_of(told.split(" ")[0] if " " in told else told)
            at = re.fullmatch(r"\S+ +(\d{1,2}):(\d{2})(?::(\d{2}))?", told)
            if at is None and " " in told:
                raise BadCell("is no moment", "write it as 2026-12-24T06:00Z") from None
            hour, minute, second = (int(at[n] or 0) for n in (1, 2, 3)) if at else (0, 0, 0)
            if hour > 23 or minute > 59 or second > 59:
                raise BadCell("is no moment", "write it as 2026-12-24T06:00Z") from None
            return _utc(datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC))

    def write(self, value: Any) -> Raw:
        """See `Converter`."""
        return None if value in (None, "") else str(value)


def _utc(at: datetime) -> str:
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat()
