"""Numbers and days as people and spreadsheets write them. Pure; what could be read in two ways is not guessed."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import UTC, date, datetime, timedelta

from forewarn.maintenance.exchange.cells import BadCell

PLAIN_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?")
ONE_COMMA = re.compile(r"[-+]?\d*,\d+")
GROUPED = {
    ",": re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?"),
    ".": re.compile(r"[-+]?\d{1,3}(\.\d{3})+(,\d+)?"),
}
SPACES = re.compile(r"(?<=\d)[\s\u00a0\u2009\u202f'’](?=\d{3}(\D|$))")
BEGINS_WITH_NUMBER = re.compile(r"[-+]?\d[\d.,\s\u00a0\u202f']*")
SHOWN_SHORT = re.compile(r"\d(\.\d+)?E\+\d+", re.IGNORECASE)
"""What a spreadsheet makes of a long number: 1E+05, 1.23457E+11."""

EARLIEST_SERIAL, LATEST_SERIAL = 10_000, 109_574
"""Day numbers that are taken for days: May 1927 to the end of 2199. A year such as 2024 is none of them."""

DAY_FORMS = (
    (re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"), (1, 2, 3)),
    (re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})"), (3, 2, 1)),
    (re.compile(r"(\d{4})(\d{2})(\d{2})"), (1, 2, 3)),
)
SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")


def plain_text(text: str) -> str:
    """Without blanks at the ends (also those that do not look like one); full-width digits and signs made plain.

    >>> plain_text("\\u3000１２，５\\u00a0")
    '12,5'
    """
    return unicodedata.normalize("NFKC", text).strip(" \t\r\n\u00a0\u200b\ufeff")


def number_of(text: str, decimal: str = "") -> float:
    """A number of a text. `decimal`: the mark of the file, where it is known. Raises BadCell with what to write.

    >>> number_of("1 234,5"), number_of("1,234.5"), number_of("-0.5"), number_of("1,234", decimal=",")
    (1234.5, 1234.5, -0.5, 1.234)
    >>> number_of("1,234")
    Traceback (most recent call last):
    forewarn.maintenance.exchange.cells.BadCell: cell: may be 1234 or 1.234: write 1234 or 1.234 without a comma
    """
    told = SPACES.sub("", plain_text(text).replace("−", "-"))
    found = _number(told, decimal)
    if found is None:
        raise BadCell("is not a number", f"write {_meant(told, decimal)}")
    if not math.isfinite(found):
        raise BadCell("is too large", "write a number that a computer can hold")
    return found


def _number(told: str, decimal: str) -> float | None:
    thousands = {",": ".", ".": ","}.get(decimal, "")
    if decimal and GROUPED[thousands].fullmatch(told):
        return float(told.replace(thousands, "").replace(",", "."))
    if PLAIN_NUMBER.fullmatch(told) and not (decimal == "," and GROUPED["."].fullmatch(told)):
        return float(told)
    if ONE_COMMA.fullmatch(told):
        if not decimal and GROUPED[","].fullmatch(told):
            whole, fraction = told.replace(",", ""), told.replace(",", ".")
            raise BadCell(f"may be {whole} or {fraction}", f"write {whole} or {fraction} without a comma")
        return float(told.replace(",", ".")) if decimal != "." else None
    for mark, form in GROUPED.items():
        if form.fullmatch(told):
            return float(told.replace(mark, "").replace(",", "."))
    return None


def _meant(told: str, decimal: str) -> str:
    """The number that a text begins with, as an example."""
    begin = BEGINS_WITH_NUMBER.match(told)
    if begin is not None:
        try:
            found = _number(begin[0].rstrip(" .,'"), decimal)
        except BadCell:
            found = None
        if found is not None and math.isfinite(found):
            return short(found)
    return "a number such as 12.5"


def short(number: float) -> str:
    """As people write it.

    >>> short(12.0), short(0.1)
    ('12', '0.1')
    """
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def day_of(text: str) -> date:
    """A day of a text: 2026-12-24, 2026/12/24, 24.12.2026, 2026年12月24日. Raises BadCell.

    >>> day_of("24.12.2026").isoformat(), day_of("13/12/2026").isoformat()
    ('2026-12-24', '2026-12-13')
    """
    told = plain_text(text)
    if len(told) > 10 and re.match(r"\d{4}-\d{2}-\d{2}[T ]", told):
        told = told[:10]
    for form, (year, month, day) in DAY_FORMS:
        found = form.fullmatch(told)
        if found is not None:
            return _day(int(found[year]), int(found[month]), int(found[day]))
    slashed = SLASHED.fullmatch(told)
    if slashed is None:
        raise BadCell("is no day", "write it as 2026-12-24")
    first, second, year = (int(slashed[n]) for n in (1, 2, 3))
    if first <= 12 and second <= 12 and first != second:
        one, other = f"{year}-{first:02d}-{second:02d}", f"{year}-{second:02d}-{first:02d}"
        raise BadCell(f"may be {one} or {other}", "write the day as 2026-12-24")
    return _day(year, second, first) if first > 12 else _day(year, first, second)


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise BadCell("is no day of the calendar", "write it as 2026-12-24") from None


def day_of_serial(number: float, day_zero: date) -> datetime:
    """The moment that a spreadsheet's day number stands for. Raises BadCell for one that is hardly meant so.

    >>> day_of_serial(46380.25, date(1899, 12, 30)).isoformat()
    '2026-12-24T06:00:00+00:00'
    """
    if not EARLIEST_SERIAL <= number <= LATEST_SERIAL:
        raise BadCell("is a number, no day", "write the day as 2026-12-24")
    start = datetime(day_zero.year, day_zero.month, day_zero.day, tzinfo=UTC)
    return start + timedelta(seconds=round(number * 86_400))
