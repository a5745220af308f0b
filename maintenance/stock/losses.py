"""What counts found missing or too much: by part, place, month, class and who counted, against what was issued. Pure.

A piece that is missing in one place and turns up in another is no loss but a move that nobody booked: the two are laid
against each other first. What is left is unexplained. Its rate is lost money per money issued, with the gamma interval
of Fay and Feuer (Statistics in Medicine 16, 1997, 791-801) for a weighted sum of rare events: each difference is one
event that weighs its value. It stays honest where nothing was lost: the upper end is what one loss might have been.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from forewarn.core.clock import US_PER_DAY, US_PER_S
from forewarn.core.errors import Rejected

PAIR_DAYS = 120.0
"""A loss and a find of one part within so many days may be the same pieces: places are counted one after the other."""
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Difference:
    """A line of a count that was posted. `pieces` counted less those of the ledger: below 0 they are missing. `price`
    of a piece then; `abc` class (A, B, C); `by` who counted last; `sheet` and `line` name the row behind."""

    sheet: str
    line: int
    part: str
    place: str
    at_us: int
    pieces: int
    price: float
    abc: str = "C"
    by: str = ""

    @property
    def value(self) -> float:
        """Money; below 0: missing."""
        return self.pieces * self.price


@dataclass(frozen=True, slots=True)
class Issue:
    """Pieces that left the store for work, less those that came back; `value` in money."""

    part: str
    place: str
    at_us: int
    value: float
    abc: str = "C"


class By(StrEnum):
    """What losses are added up by."""

    PART = "part"
    PLACE = "place"
    MONTH = "month"
    CLASS = "class"
    WHO = "who"


@dataclass(frozen=True, slots=True)
class Rate:
    """Lost money per money issued, with its 95 % interval; `issued` money. None where nothing was issued."""

    rate: float | None
    low: float | None
    high: float | None
    issued: float


@dataclass(frozen=True, slots=True)
class Explained:
    """A difference and how many of its pieces turned up, or went missing, elsewhere; `rest` is unexplained (signed)."""

    difference: Difference
    elsewhere: int
    rest: int

    @property
    def rest_value(self) -> float:
        """Money of the rest; below 0: lost."""
        return self.rest * self.difference.price


@dataclass(frozen=True, slots=True)
class LossGroup:
    """One part, place, month, class or person. `counted` lines, `off` of them with a difference; pieces and money
    `missing` and `found`; `moved` pieces that only lay elsewhere; `unexplained` money lost; the rows behind."""

    key: str
    counted: int
    off: int
    missing_pieces: int
    found_pieces: int
    missing_value: float
    found_value: float
    moved_pieces: int
    unexplained_value: float
    rate: Rate
    rows: tuple[Explained, ...]

    @property
    def accuracy(self) -> float:
        """Share of lines without a difference."""
        return 1 - self.off / self.counted if self.counted else 1.0


@dataclass(frozen=True, slots=True)
class Losses:
    """All of a span of time, and added up by one thing, the most money lost first."""

    by: By
    total: LossGroup
    groups: tuple[LossGroup, ...]


def losses(
    counted: Sequence[Difference], issues: Sequence[Issue], by: By = By.PART, pair_days: float = PAIR_DAYS
) -> Losses:
    """The losses that counts found. `counted` holds every counted line, those without a difference too.

    >>> rows = [Difference("C1", 1, "seal", "main", 0, -2, 40.0), Difference("C2", 1, "seal", "van", 0, 1, 40.0)]
    >>> found = losses(rows, [Issue("seal", "main", 0, 2000.0)], By.PLACE)
    >>> [(g.key, g.missing_pieces, g.moved_pieces, g.unexplained_value) for g in found.groups]
    [('main', 2, 1, 40.0), ('van', 0, 1, 0.0)]
    >>> found.total.rate.rate, round(found.total.rate.high or 0, 3)
    (0.02, 0.111)
    """
    if pair_days < 0:
        raise Rejected("pair_days", f"pair_days is 0 or more, not {pair_days:g}")
    rows = explained(counted, pair_days)
    key, issue_key = _key(by), _issue_key(by)
    keys = sorted({key(row.difference) for row in rows})
    groups = [
        _group(
            one,
            [row for row in rows if key(row.difference) == one],
            [issue for issue in issues if issue_key is None or issue_key(issue) == one],
        )
        for one in keys
    ]
    groups.sort(key=lambda group: (-group.unexplained_value, group.key))
    return Losses(by, _group("all", rows, issues), tuple(groups))


def explained(counted: Sequence[Difference], pair_days: float = PAIR_DAYS) -> list[Explained]:
    """Each difference with what turned up again; losses and finds of a part are laid against each other in the order of
    their times, each piece once.

    >>> day = 86_400_000_000
    >>> rows = [Difference("C1", 1, "seal", "main", 0, -2, 40.0), Difference("C2", 1, "seal", "van", 9 * day, 3, 40.0)]
    >>> [(row.elsewhere, row.rest) for row in explained(rows)]
    [(2, 0), (2, 1)]
    """
    rest = [one.pieces for one in counted]
    in_time = sorted(range(len(rest)), key=lambda i: (counted[i].at_us, counted[i].sheet, counted[i].line))
    finds: dict[str, list[int]] = {}
    for i in in_time:
        if rest[i] > 0:
            finds.setdefault(counted[i].part, []).append(i)
    for lost in (i for i in in_time if rest[i] < 0):
        for found in finds.get(counted[lost].part, ()):
            if abs(counted[found].at_us - counted[lost].at_us) <= pair_days * US_PER_DAY:
                pieces = min(-rest[lost], rest[found])
                rest[lost] += pieces
                rest[found] -= pieces
    return [Explained(one, abs(one.pieces - left), left) for one, left in zip(counted, rest, strict=True)]


def rate_of(lost: Iterable[float], issued: float, dearest: float, confidence: float = CONFIDENCE) -> Rate:
    """Lost money (one number above 0 an event) per `issued` money, with the interval of Fay and Feuer.

    `dearest`: money of the dearest event that could have been, for the upper end. Nothing issued: no rate.

    >>> none = rate_of([], 1000.0, 10.0)
    >>> none.rate, none.low, round(none.high or 0, 4)
    (0.0, 0.0, 0.0369)
    """
    if issued <= 0:
        return Rate(None, None, None, issued)
    from scipy.special import gammaincinv

    events = [value / issued for value in lost if value > 0]
    total, square = sum(events, 0.0), sum(weight**2 for weight in events)
    least = max([dearest / issued, *events])
    tail = (1 - confidence) / 2
    low = 0.0 if not events else square / total * float(gammaincinv(total**2 / square, tail))
    up, up_square = total + least, square + least**2
    high = up_square / up * float(gammaincinv(up**2 / up_square, 1 - tail)) if up > 0 else 0.0
    return Rate(total, low, high, issued)


def month_of(at_us: int) -> str:
    """The month of a time, in UTC: 2026-11."""
    return datetime.fromtimestamp(at_us / US_PER_S, UTC).strftime("%Y-%m")


def _group(key: str, rows: Sequence[Explained], issues: Iterable[Issue]) -> LossGroup:
    missing = [row for row in rows if row.difference.pieces < 0]
    found = [row for row in rows if row.difference.pieces > 0]
    lost = [-row.rest_value for row in rows if row.rest < 0]
    dearest = max((row.difference.price for row in rows), default=0.0)
    issued = max(0.0, sum(issue.value for issue in issues))
    return LossGroup(
        key=key,
        counted=len(rows),
        off=len(missing) + len(found),
        missing_pieces=-sum(row.difference.pieces for row in missing),
        found_pieces=sum(row.difference.pieces for row in found),
        missing_value=round(sum((-row.difference.value for row in missing), 0.0), 2),
        found_value=round(sum((row.difference.value for row in found), 0.0), 2),
        moved_pieces=sum(row.elsewhere for row in rows),
        unexplained_value=round(sum(lost, 0.0), 2),
        rate=rate_of(lost, issued, dearest),
        rows=tuple(row for row in rows if row.difference.pieces),
    )


def _key(by: By) -> Callable[[Difference], str]:
    keys: dict[By, Callable[[Difference], str]] = {
        By.PART: lambda one: one.part,
        By.PLACE: lambda one: one.place,
        By.MONTH: lambda one: month_of(one.at_us),
        By.CLASS: lambda one: one.abc,
        By.WHO: lambda one: one.by,
    }
    return keys[by]


def _issue_key(by: By) -> Callable[[Issue], str] | None:
    """Issues that a group is held against; None: all of them (who counted issued nothing)."""
    keys: dict[By, Callable[[Issue], str]] = {
        By.PART: lambda one: one.part,
        By.PLACE: lambda one: one.place,
        By.MONTH: lambda one: month_of(one.at_us),
        By.CLASS: lambda one: one.abc,
    }
    return keys.get(by)
