"""The use cases of counting, over whatever keeps the sheets: draw, count, book the differences, cancel.

Each runs inside one transaction of its `CountStore`: the sheet, the moves of the ledger, the audit row and the message
are written together. Rows of a sheet stand in the audit under `count:ID`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.ports import Actor
from forewarn.core.stock import NewMove, StockMove
from forewarn.core.work import Json
from forewarn.maintenance.audit import AuditEntry
from forewarn.maintenance.stock.counting import (
    Count,
    Need,
    Sheet,
    SheetState,
    Spot,
    Verdict,
    counted,
    moves_to_post,
    state_of,
    stepped,
    verdicts,
)
from forewarn.maintenance.stock.walks import CountRules, lines_of

AREA_LIMIT = 200
NOTE_LIMIT = 2_000


class CountStore(Protocol):
    """Sheets as one transaction sees them, with the ledger beside."""

    def position(self) -> int:
        """`seq` of the newest move; 0: there is none. Nobody books another before this transaction ends."""
        ...

    def sheet(self, id: int) -> Sheet | None:
        """One sheet, locked against other writers."""
        ...

    def add(self, sheet: Sheet) -> Sheet:
        """A new sheet, with its id. Raises Conflict when one of its spots stands on another sheet under way."""
        ...

    def keep(self, sheet: Sheet, verdicts: Sequence[Verdict]) -> None:
        """In the place of the one of this id; of a posted one with what each line came to."""
        ...

    def moves_since(self, sheet: Sheet) -> list[StockMove]:
        """Moves of the sheet's parts after it was drawn, oldest first."""
        ...

    def book(self, new: NewMove, actor: Actor) -> StockMove:
        """Write a move into the ledger, as the stock desk does."""
        ...

    def record(self, entry: AuditEntry) -> int:
        """Append to the audit; its number."""
        ...

    def post(self, kind: str, body: Json, at_us: int) -> None:
        """Put a message in the outbox."""
        ...


def take_drawing(
    store: CountStore, area: str, spots: Sequence[Spot], actor: Actor, at_us: int, rules: CountRules | None = None
) -> Sheet:
    """Draw a sheet of these spots, as the ledger has them in this transaction. Raises Rejected without any, Conflict
    when one is being counted already."""
    if not area.strip() or len(area) > AREA_LIMIT:
        raise Rejected("count_area", f"a sheet has an area of 1 to {AREA_LIMIT} letters, such as main")
    if not spots:
        raise Rejected("count_empty", "nothing is to be counted there: no part lies in these places")
    fresh = Sheet(0, area, SheetState.OPEN, store.position(), at_us, actor.name, lines_of(spots, rules))
    sheet = store.add(fresh)
    told: Json = {"area": area, "lines": len(sheet.lines), "position": sheet.position}
    store.record(AuditEntry(at_us, actor, subject(sheet.id), "drawn", {}, told))
    return sheet


def take_count(store: CountStore, id: int, seq: int, count: Count, actor: Actor, at_us: int) -> Sheet:
    """Note what was counted on a line; see `counting.counted`. Raises Rejected for a count that lies ahead, or before
    the sheet was drawn."""
    sheet = _known(store, id)
    if not sheet.made_at_us <= count.at_us <= at_us:
        raise Rejected("count_time", f"a count is taken after {sheet.number} was drawn, and not in the future")
    before = verdicts(sheet, store.moves_since(sheet))
    need = next((one.need for one in before if one.line.seq == seq), Need.NOTHING)
    after = counted(sheet, seq, count, need)
    judged = verdicts(after, store.moves_since(after))
    kept = replace(stepped(after, state_of(judged)), revision=sheet.revision + 1)
    store.keep(kept, judged)
    told: Json = {"line": seq, "pieces": count.pieces, "by": count.by, "state": kept.state.value}
    if count.serials:
        told["serials"] = list(count.serials)
    store.record(AuditEntry(at_us, actor, subject(id), "counted", {"state": sheet.state.value}, told))
    return kept


def take_posting(store: CountStore, id: int, actor: Actor, revision: int, at_us: int) -> Sheet:
    """Book the differences of a sheet, all or none, once. Raises Conflict for a stale revision, for a sheet that ended
    before, and while lines wait for a count, also because a move that was booked late changed what they say."""
    store.position()  # from here on the ledger stands still
    sheet = _fresh(store, id, revision)
    judged = verdicts(sheet, store.moves_since(sheet))
    open_lines = [str(one.line.seq) for one in judged if one.need is not Need.NOTHING]
    if open_lines and sheet.state is not SheetState.POSTED:
        raise Conflict(f"{sheet.number}: lines {', '.join(open_lines)} still have to be counted, then post it")
    ready = stepped(stepped(sheet, SheetState.READY) if sheet.state in _BEFORE_READY else sheet, SheetState.POSTED)
    booked = {one.line.seq: [store.book(new, actor).seq for new in moves_to_post(sheet, one, at_us)] for one in judged}
    lines = tuple(replace(line, moves=tuple(booked[line.seq])) for line in sheet.lines)
    kept = replace(ready, lines=lines, revision=sheet.revision + 1, ended_at_us=at_us, ended_by=actor.name)
    store.keep(kept, judged)
    off = {str(one.line.seq): one.difference for one in judged if one.is_off}
    value = sum((one.difference or 0) * one.line.spot.price for one in judged)
    told: Json = {"state": kept.state.value, "differences": off, "value": round(value, 2)}
    seq = store.record(AuditEntry(at_us, actor, subject(id), "posted", {"state": sheet.state.value}, told))
    store.post("count.posted", {"sheet": sheet.number, "differences": off, "value": told["value"], "audit": seq}, at_us)
    return kept


def take_cancelling(store: CountStore, id: int, actor: Actor, revision: int, reason: str, at_us: int) -> Sheet:
    """End a sheet without booking anything, for a reason. Raises Conflict for a stale revision and an ended sheet."""
    if not reason.strip() or len(reason) > NOTE_LIMIT:
        raise Rejected("count_reason", f"say why the count is given up, in 1 to {NOTE_LIMIT:,} letters")
    sheet = _fresh(store, id, revision)
    ended = stepped(sheet, SheetState.CANCELLED)
    kept = replace(ended, revision=sheet.revision + 1, ended_at_us=at_us, ended_by=actor.name, note=reason)
    store.keep(kept, ())
    told: Json = {"state": kept.state.value, "reason": reason}
    store.record(AuditEntry(at_us, actor, subject(id), "cancelled", {"state": sheet.state.value}, told))
    return kept


def subject(id: int) -> str:
    """Under what the audit keeps rows of a sheet."""
    return f"count:{id}"


_BEFORE_READY = (SheetState.OPEN, SheetState.RECOUNT)


def _known(store: CountStore, id: int) -> Sheet:
    sheet = store.sheet(id)
    if sheet is None:
        raise Rejected("unknown_count", f"there is no count sheet {id}")
    return sheet


def _fresh(store: CountStore, id: int, revision: int) -> Sheet:
    sheet = _known(store, id)
    if sheet.revision != revision:
        raise Conflict(f"{sheet.number} is at revision {sheet.revision}, not {revision}: read it again")
    return sheet
