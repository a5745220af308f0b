"""Counting what lies on the shelves: the sheet, its life, tolerance, the second count, and what is booked at the end.

Pure. Nobody stops working while a shelf is counted, so a sheet remembers up to which move of the ledger it was drawn,
and a count when it was taken: what was moved in between is reckoned with, also when it is booked late. A count is
blind: who counts is not told what the ledger says. What is further off than the tolerance is counted again by somebody
else. The difference is booked on top of what the ledger says at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.stock import DIFFERENCE, MoveReason, NewMove, StockMove

MOST_COUNTS = 3
"""The third count of a line stands, whatever it says."""
NAME_LIMIT = 200


class SheetState(StrEnum):
    """Where a count sheet stands."""

    OPEN = "open"  # lines are still to be counted
    RECOUNT = "recount"  # all are counted, some have to be counted again by somebody else
    READY = "ready"  # the differences can be booked
    POSTED = "posted"  # they are, final
    CANCELLED = "cancelled"  # final


SHEET_STEPS: dict[SheetState, tuple[SheetState, ...]] = {
    SheetState.OPEN: (SheetState.RECOUNT, SheetState.READY, SheetState.CANCELLED),
    SheetState.RECOUNT: (SheetState.READY, SheetState.CANCELLED),
    SheetState.READY: (SheetState.POSTED, SheetState.RECOUNT, SheetState.CANCELLED),
    SheetState.POSTED: (),
    SheetState.CANCELLED: (),
}
"""The life of a sheet. One that is ready goes back when a move that was booked late shows a difference."""

UNDER_WAY = tuple(state for state, after in SHEET_STEPS.items() if after)
"""States in which what a sheet counts stands on no other sheet."""


@dataclass(frozen=True, slots=True)
class Spot:
    """What is counted as one: a part, in a place, of a batch ("": none named). `pieces` the ledger says; `serials`
    those of a rotable; `abc` class; `price` of a piece; `since_us`: when the part first came to the place;
    `expires_us`: the last day of the batch (None: it keeps)."""

    part: str
    place: str
    batch: str = ""
    pieces: int = 0
    abc: str = "C"
    price: float = 0.0
    serials: tuple[str, ...] = ()
    since_us: int = 0
    is_rotable: bool = False
    expires_us: int | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it another one."""
        return self.part, self.place, self.batch


@dataclass(frozen=True, slots=True)
class Count:
    """What somebody counted at `at_us`. `serials`: those that lay there, for a rotable. `replaced`: typed wrong, the
    same person told another number before the sheet was judged."""

    pieces: int
    by: str
    at_us: int
    serials: tuple[str, ...] = ()
    note: str = ""
    replaced: bool = False

    def __post_init__(self) -> None:
        if self.pieces < 0:
            raise Rejected("count_pieces", f"a count is 0 or more pieces, not {self.pieces}")
        if not self.by.strip() or len(self.by) > NAME_LIMIT:
            raise Rejected("count_by", f"say who counted, in 1 to {NAME_LIMIT} letters")
        if self.serials and (len(set(self.serials)) != len(self.serials) or len(self.serials) != self.pieces):
            raise Rejected("count_serials", f"{self.pieces} pieces have that many serial numbers, each once")


@dataclass(frozen=True, slots=True)
class CountLine:
    """A line of a sheet. `spot` as the ledger had it when the sheet was drawn; `tolerance` pieces that it may be off
    without a second count; `moves`: `seq` of what was booked."""

    seq: int
    spot: Spot
    tolerance: int = 0
    counts: tuple[Count, ...] = ()
    moves: tuple[int, ...] = ()

    @property
    def standing(self) -> tuple[Count, ...]:
        """Counts that were not replaced, in their order."""
        return tuple(count for count in self.counts if not count.replaced)


def number_of(id: int) -> str:
    """What people call the sheet of an id."""
    return f"CNT-{id:06d}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A count sheet. `position`: `seq` of the newest move when it was drawn (0: there was none). `area`: where the walk
    is. `revision` counts changes and is checked on write."""

    id: int
    area: str
    state: SheetState
    position: int
    made_at_us: int
    made_by: str
    lines: tuple[CountLine, ...]
    revision: int = 1
    ended_at_us: int | None = None
    ended_by: str = ""
    note: str = ""

    @property
    def number(self) -> str:
        """Its name for people.

        >>> Sheet(12, "main", SheetState.OPEN, 0, 0, "x", ()).number
        'CNT-000012'
        """
        return number_of(self.id)

    def line(self, seq: int) -> CountLine:
        """A line. Raises Rejected when there is none of this number."""
        found = next((line for line in self.lines if line.seq == seq), None)
        if found is None:
            raise Rejected("count_line", f"{self.number} has no line {seq}: it has 1 to {len(self.lines)}")
        return found


class Need(StrEnum):
    """What a line waits for."""

    COUNT = "count"
    RECOUNT = "recount"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A line as its counts and the moves since the sheet say. `expected` pieces at the count that stands, `difference`
    counted less expected (None: it is not counted yet); `missing` and `extra` serial numbers of a rotable."""

    line: CountLine
    need: Need
    expected: int | None = None
    difference: int | None = None
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def is_off(self) -> bool:
        """Is anything to be booked?"""
        return bool(self.difference or self.missing or self.extra)


def expected_at(sheet: Sheet, line: CountLine, moves: Iterable[StockMove], at_us: int) -> int:
    """Pieces that should have lain there at a time: those of the sheet, and what was moved since and before it.

    A move booked after the sheet was drawn counts when it happened at or before `at_us`, however late it was booked.

    >>> drawn = Sheet(1, "main", SheetState.OPEN, 7, 0, "x", (CountLine(1, Spot("seal", "main", pieces=5)),))
    >>> issue = StockMove(8, "seal", "main", "@order", 2, MoveReason.ISSUE, "o1", 50, "x", 1.0)
    >>> [expected_at(drawn, drawn.lines[0], [issue], at_us) for at_us in (49, 50)]
    [5, 3]
    """
    return line.spot.pieces + sum(sign * move.quantity for sign, move in _since(sheet, line, moves, at_us))


def serials_at(sheet: Sheet, line: CountLine, moves: Iterable[StockMove], at_us: int) -> frozenset[str]:
    """Serial numbers that should have lain there at a time."""
    there = set(line.spot.serials)
    for sign, move in _since(sheet, line, moves, at_us):
        if sign > 0:
            there.add(move.serial)
        else:
            there.discard(move.serial)
    return frozenset(there)


def verdict(sheet: Sheet, line: CountLine, moves: Sequence[StockMove]) -> Verdict:
    """What a line waits for, or its difference.

    The first count stands within the tolerance. Else somebody else counts again, until a count is within it or finds
    the same difference as one before (the moves between the two reckoned with); the third stands in any case.
    """
    counts = line.standing
    if not counts:
        return Verdict(line, Need.COUNT)
    found = [_difference(sheet, line, moves, count) for count in counts]
    last = found[-1]
    small = not (last.missing or last.extra) and abs(last.difference or 0) <= line.tolerance
    again = any(_same(one, last) for one in found[:-1])
    settled = small or again or len(found) >= MOST_COUNTS
    return last if settled else replace(last, need=Need.RECOUNT)


def verdicts(sheet: Sheet, moves: Sequence[StockMove]) -> list[Verdict]:
    """Of every line; `moves`: those of its parts and places after `sheet.position`."""
    by_key: dict[tuple[str, str, str], list[StockMove]] = {}
    for move in moves:
        for place in (move.from_place, move.to_place):
            by_key.setdefault((move.part, place, move.batch), []).append(move)
    return [verdict(sheet, line, by_key.get(line.spot.key, ())) for line in sheet.lines]


def state_of(judged: Sequence[Verdict]) -> SheetState:
    """Where a sheet under way stands, from its lines."""
    needs = {one.need for one in judged}
    if Need.COUNT in needs:
        return SheetState.OPEN
    return SheetState.RECOUNT if Need.RECOUNT in needs else SheetState.READY


def counted(sheet: Sheet, seq: int, count: Count, need: Need) -> Sheet:
    """The sheet with one more count of a line, which waits for `need`; its state is judged afterwards.

    While first counts go on, the same person may tell another number, which replaces the first. A second count is told
    by somebody else. Raises Conflict where the line waits for nothing, and for who would count again what they counted;
    Rejected for a rotable without its serial numbers, and for serial numbers of what has none.
    """
    if sheet.state not in UNDER_WAY:
        raise Conflict(f"{sheet.number} is {sheet.state}: nothing is counted on it any more")
    line = sheet.line(seq)
    _check_serials(line, count)
    before = line.counts
    if line.standing and sheet.state is SheetState.OPEN and line.standing[-1].by == count.by:
        before = tuple(replace(one, replaced=True) if one is line.standing[-1] else one for one in before)
    elif line.standing and need is Need.NOTHING:
        raise Conflict(f"line {seq} of {sheet.number} is settled: nobody has to count it again")
    elif any(one.by == count.by for one in line.standing):
        raise Conflict(f"{count.by} counted line {seq} of {sheet.number} already: somebody else counts it again")
    after = replace(line, counts=(*before, count))
    return replace(sheet, lines=tuple(after if one is line else one for one in sheet.lines))


def stepped(sheet: Sheet, state: SheetState) -> Sheet:
    """The sheet in another state, or as it is while it is under way. Raises Conflict when the table does not allow it:
    what ended does not end again."""
    if state is sheet.state and state in UNDER_WAY:
        return sheet
    if state not in SHEET_STEPS[sheet.state]:
        ways = ", ".join(SHEET_STEPS[sheet.state]) or "nothing: that is final"
        raise Conflict(f"{sheet.number} is {sheet.state} and cannot become {state}; it may become {ways}")
    return replace(sheet, state=state)


def moves_to_post(sheet: Sheet, judged: Verdict, at_us: int) -> list[NewMove]:
    """What has to be booked for a line, so that the ledger says what was counted."""
    spot, note = judged.line.spot, f"{sheet.number} line {judged.line.seq}"

    def move(pieces: int, serial: str = "") -> NewMove:
        source, target = (DIFFERENCE, spot.place) if pieces > 0 else (spot.place, DIFFERENCE)
        return NewMove(
            spot.part, source, target, abs(pieces), MoveReason.COUNT, at_us,
            batch=spot.batch, expires_us=spot.expires_us, serial=serial, note=note,
        )  # fmt: skip

    if spot.is_rotable:
        return [*(move(-1, serial) for serial in judged.missing), *(move(1, serial) for serial in judged.extra)]
    return [move(judged.difference)] if judged.difference else []


def _since(sheet: Sheet, line: CountLine, moves: Iterable[StockMove], at_us: int) -> Iterable[tuple[int, StockMove]]:
    part, place, batch = line.spot.key
    for move in moves:
        mine = move.seq > sheet.position and move.at_us <= at_us and (move.part, move.batch) == (part, batch)
        sign = (move.to_place == place) - (move.from_place == place)
        if mine and sign:
            yield sign, move


def _difference(sheet: Sheet, line: CountLine, moves: Sequence[StockMove], count: Count) -> Verdict:
    expected = expected_at(sheet, line, moves, count.at_us)
    if not line.spot.is_rotable:
        return Verdict(line, Need.NOTHING, expected, count.pieces - expected)
    there = serials_at(sheet, line, moves, count.at_us)
    missing, extra = sorted(there - set(count.serials)), sorted(set(count.serials) - there)
    return Verdict(line, Need.NOTHING, expected, count.pieces - expected, tuple(missing), tuple(extra))


def _same(one: Verdict, other: Verdict) -> bool:
    told = (one.difference, one.missing, one.extra)
    return told == (other.difference, other.missing, other.extra)


def _check_serials(line: CountLine, count: Count) -> None:
    if line.spot.is_rotable and len(count.serials) != count.pieces:
        raise Rejected("count_serials", f"{line.spot.part} has serial numbers: tell those that lie there")
    if count.serials and not line.spot.is_rotable:
        raise Rejected("count_serials", f"{line.spot.part} has no serial numbers: tell the number of pieces only")
