"""Several things in one cell, and back: lists of texts, and words with whole numbers. Pure."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import Any

from forewarn.maintenance.exchange.cells import BadCell, Raw, Sheet
from forewarn.maintenance.exchange.converters import text_of

BETWEEN = re.compile(r"[;；、\n]")
DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Items:
    """Several texts in one cell, with `;` or line breaks between; one that holds such a sign stands in quotes."""

    commas: bool = False

    @property
    def words(self) -> str:
        """See `Converter`."""
        return "several, with ; between"

    @property
    def choices(self) -> tuple[str, ...]:
        """See `Converter`."""
        return ()

    def read(self, cell: Raw, sheet: Sheet) -> list[str]:
        """See `Converter`."""
        return split(text_of(cell), self.commas)

    def write(self, value: Any) -> Raw:
        """See `Converter`."""
        return joined([str(one) for one in value or ()]) or None


@dataclass(frozen=True, slots=True)
class Pairs:
    """Words with a whole number each: `mechanical:3; welding:1`."""

    lowest: int = 1
    highest: int = 100_000

    @property
    def words(self) -> str:
        """See `Converter`."""
        return "names with whole numbers, such as mechanical:3; welding:1"

    @property
    def choices(self) -> tuple[str, ...]:
        """See `Converter`."""
        return ()

    def read(self, cell: Raw, sheet: Sheet) -> dict[str, int]:
        """See `Converter`."""
        told = text_of(cell).replace("：", ":")
        by_blanks = re.fullmatch(r"[^\s:;,]+:\d+(\s+[^\s:;,]+:\d+)+", told)
        found: dict[str, int] = {}
        for one in told.split() if by_blanks else split(told, commas=True):
            name, _, count = one.rpartition(":")
            name, count = name.strip(), count.strip()
            if not name or not DIGITS.fullmatch(count) or len(count) > 9:
                raise BadCell("is not understood", "write names with numbers, such as mechanical:3; welding:1")
            if not self.lowest <= int(count) <= self.highest:
                raise BadCell(f"has {count} for {name}", f"write {self.lowest} to {self.highest}")
            if name in found:
                raise BadCell(f"names {name} twice", "name it once")
            found[name] = int(count)
        return found

    def write(self, value: Any) -> Raw:
        """See `Converter`."""
        return joined([f"{name}:{count}" for name, count in sorted(dict(value or {}).items())]) or None


def split(text: str, commas: bool = False) -> list[str]:
    """Items of a cell.

    >>> split('p1; p2 ;"a;b"')
    ['p1', 'p2', 'a;b']
    """
    if '"' in text:
        quoted = io.StringIO(text.replace("；", ";"), newline="")
        rows = list(csv.reader(quoted, delimiter=";", skipinitialspace=True))
        return [item.strip() for row in rows for item in row if item.strip()]
    parted = re.split(r"[;；、\n,，]", text) if commas else BETWEEN.split(text)
    return [item.strip() for item in parted if item.strip()]


def joined(items: list[str]) -> str:
    """The inverse of `split`.

    >>> joined(["p1", "a;b", "x, y"])
    'p1; "a;b"; "x, y"'
    """
    needs_quotes = re.compile(r'[;；、,，\n"]')
    return "; ".join('"' + one.replace('"', '""') + '"' if needs_quotes.search(one) else one for one in items)
