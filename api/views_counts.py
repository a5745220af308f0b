"""Counts and looks over all stock in the shapes of `api.schemas_counts`. A sheet is told blind while it is counted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from forewarn.api.schemas_counts import (
    CountedOut,
    CountLineOut,
    DeadPartOut,
    DeadStockOut,
    DueCountOut,
    DueCountsOut,
    HandledOut,
    LossesOut,
    LossGroupOut,
    LossRowOut,
    PartClassOut,
    RateOut,
    SheetOut,
    SheetRow,
    WalkOut,
)
from forewarn.api.stock_desk import Handled
from forewarn.api.views import moment
from forewarn.api.views_stock import maybe, need_out
from forewarn.core.stock import PartCard
from forewarn.maintenance.stock.classes import PartClass
from forewarn.maintenance.stock.counting import SHEET_STEPS, UNDER_WAY, Need, Sheet, SheetState, Verdict, state_of
from forewarn.maintenance.stock.dead import DeadPart
from forewarn.maintenance.stock.losses import Explained, Losses, LossGroup
from forewarn.maintenance.stock.walks import DueSpot, Walk

Cards = Mapping[str, PartCard]
BLIND = (SheetState.OPEN, SheetState.RECOUNT)


def sheet_row(sheet: Sheet) -> SheetRow:
    """A sheet of the list."""
    return SheetRow(**_sheet(sheet))


def sheet_out(sheet: Sheet, judged: Sequence[Verdict], cards: Cards) -> SheetOut:
    """A sheet with its lines; a move that was booked late may show it in another state than it was left in."""
    state = state_of(judged) if sheet.state in UNDER_WAY else sheet.state
    blind = state in BLIND
    known = [] if blind else [one for one in judged if one.difference is not None]
    value = round(sum((one.difference or 0) * one.line.spot.price for one in known), 2)
    return SheetOut(
        **_sheet(sheet) | {"state": state.value},
        blind=blind,
        lines=[_line(one, state, cards) for one in judged],
        value=None if blind else value,
        allowed=[after.value for after in SHEET_STEPS[state]],
    )


def _sheet(sheet: Sheet) -> dict[str, Any]:
    return {
        "id": sheet.id,
        "number": sheet.number,
        "area": sheet.area,
        "state": sheet.state.value,
        "made_at": moment(sheet.made_at_us),
        "made_by": sheet.made_by,
        "ended_at": maybe(sheet.ended_at_us),
        "ended_by": sheet.ended_by,
        "note": sheet.note,
        "revision": sheet.revision,
    }


def _line(judged: Verdict, state: SheetState, cards: Cards) -> CountLineOut:
    line, spot, blind = judged.line, judged.line.spot, state in BLIND
    card = cards.get(spot.part)
    shown = not blind and judged.difference is not None
    return CountLineOut(
        line=line.seq,
        part=spot.part,
        name=card.name if card else "",
        unit=card.unit if card else "piece",
        place=spot.place,
        batch=spot.batch,
        abc=_letter(spot.abc),
        is_rotable=spot.is_rotable,
        need=_need(judged.need, state),
        counts=[
            CountedOut(
                pieces=None if blind else one.pieces,
                by=one.by,
                at=moment(one.at_us),
                serials=None if blind else list(one.serials),
                note=one.note,
                replaced=one.replaced,
            )
            for one in line.counts
        ],
        expected=judged.expected if shown else None,
        difference=judged.difference if shown else None,
        value=round((judged.difference or 0) * spot.price, 2) if shown else None,
        missing=list(judged.missing) if shown else None,
        extra=list(judged.extra) if shown else None,
        moves=list(line.moves),
    )


def _need(need: Need, state: SheetState) -> Any:
    """Nobody is told while others still count that a line will have to be counted again."""
    if state is SheetState.OPEN and need is not Need.COUNT:
        return "counted"
    return need.value


def due_out(due: Sequence[DueSpot], walks: Sequence[Walk]) -> DueCountsOut:
    """What the rolling count asks for."""
    return DueCountsOut(
        walks=[
            WalkOut(
                area=walk.area,
                lines=len(walk.spots),
                due=walk.due,
                places=list(dict.fromkeys(spot.place for spot in walk.spots)),
            )
            for walk in walks
        ],
        spots=[
            DueCountOut(
                part=one.spot.part,
                place=one.spot.place,
                batch=one.spot.batch,
                abc=_letter(one.spot.abc),
                counted_at=maybe(one.counted_at_us),
                due=moment(one.due_us),
                urgency=round(one.urgency, 4),
            )
            for one in due
        ],
    )


def class_out(one: PartClass, cards: Cards) -> PartClassOut:
    """The classes of a part."""
    card = cards[one.part]
    return PartClassOut(
        part=one.part,
        name=card.name,
        code=one.code,
        abc=_letter(one.abc),
        xyz=_any(one.xyz),
        ved=one.ved.value,
        ved_card=card.ved.value,
        yearly_value=one.yearly_value,
        share=one.share,
        adi=one.adi if math.isfinite(one.adi) else None,
        cv2=one.cv2,
        why=one.why,
    )


def losses_out(found: Losses, handled: Callable[[Explained], Handled] | None = None) -> LossesOut:
    """Losses; with `handled` each row that is not explained says who moved the part before."""
    return LossesOut(
        by=_any(found.by.value),
        total=_group(found.total, None, rows=False),
        groups=[_group(group, handled) for group in found.groups],
    )


def _group(group: LossGroup, handled: Callable[[Explained], Handled] | None, rows: bool = True) -> LossGroupOut:
    rate = group.rate
    return LossGroupOut(
        key=group.key,
        counted=group.counted,
        off=group.off,
        accuracy=group.accuracy,
        missing_pieces=group.missing_pieces,
        found_pieces=group.found_pieces,
        missing_value=group.missing_value,
        found_value=group.found_value,
        moved_pieces=group.moved_pieces,
        unexplained_value=group.unexplained_value,
        rate=RateOut(rate=rate.rate, low=rate.low, high=rate.high, issued=rate.issued),
        rows=[_loss_row(row, handled) for row in group.rows] if rows else [],
    )


def _loss_row(row: Explained, handled: Callable[[Explained], Handled] | None) -> LossRowOut:
    found, who = row.difference, handled(row) if handled is not None and row.rest < 0 else None
    return LossRowOut(
        sheet=found.sheet,
        line=found.line,
        part=found.part,
        place=found.place,
        at=moment(found.at_us),
        pieces=found.pieces,
        price=found.price,
        abc=_letter(found.abc),
        counted_by=found.by,
        elsewhere=row.elsewhere,
        rest=row.rest,
        rest_value=round(row.rest_value, 2),
        counted_before=maybe(who.since_us) if who else None,
        handled=[HandledOut(by=name, moves=moves) for name, moves in who.by] if who else None,
    )


def dead_out(found: Sequence[DeadPart], cards: Cards) -> DeadStockOut:
    """Slow and dead stock."""
    parts = [
        DeadPartOut(
            part=one.part,
            name=cards[one.part].name,
            motion=one.motion.value,
            advice=one.disposal.value,
            on_hand=one.on_hand,
            value=one.value,
            still_days=round(one.still_days, 2),
            cover_years=round(one.cover_years, 2) if math.isfinite(one.cover_years) else None,
            keep=one.keep,
            surplus=one.surplus,
            surplus_value=one.surplus_value,
            reason=one.reason,
            needs=[need_out(need) for need in one.needs],
        )
        for one in found
    ]
    return DeadStockOut(
        parts=parts,
        value=round(sum(one.value for one in found), 2),
        surplus_value=round(sum(one.surplus_value for one in found), 2),
    )


def _letter(text: str) -> Any:
    return text


def _any(text: str) -> Any:
    return text
