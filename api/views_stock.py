"""Values of the store room in the shapes of `api.schemas_stock`, and the moves that people ask for as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from forewarn.api.schemas_stock import (
    AssetPartOut,
    BalanceOut,
    CardIn,
    NeedOut,
    OnOrderOut,
    OrderStockOut,
    PartLineModel,
    PartWaitingOut,
    ReservationOut,
    SerialOut,
    StockMoveIn,
    StockMoveOut,
    StockPartDetail,
    StockPartOut,
    StockPlaceOut,
)
from forewarn.api.stock_desk import PartRow
from forewarn.api.views import moment
from forewarn.core.errors import Rejected
from forewarn.core.plant import PartLine
from forewarn.core.stock import (
    OPENING,
    SCRAP,
    SUPPLIER,
    USED,
    Balance,
    Level,
    MoveReason,
    NewMove,
    PartCard,
    PartKind,
    Place,
    Reservation,
    Serial,
    StockMove,
    Ved,
    Waiting,
)
from forewarn.core.work import Json, WorkOrder
from forewarn.maintenance.stock.needs import Need

FROM_SIDE = {MoveReason.OPENING: OPENING, MoveReason.RECEIPT: SUPPLIER, MoveReason.REMOVE: USED}
TO_SIDE = {MoveReason.TO_SUPPLIER: SUPPLIER, MoveReason.SCRAP: SCRAP}


def card_of(id: str, body: CardIn) -> PartCard:
    """The card that a form tells."""
    told = body.model_dump(exclude={"kind", "ved", "substitutes", "contains"})
    inside = tuple(PartLine(line.part, line.quantity) for line in body.contains)
    kind, ved = PartKind(body.kind), Ved(body.ved)
    return PartCard(id, **told, kind=kind, ved=ved, substitutes=tuple(body.substitutes), contains=inside)


def part_out(row: PartRow, on_order: int | None = None) -> StockPartOut:
    """A part of the list."""
    return StockPartOut(**_part(row, on_order))


def part_detail(
    row: PartRow,
    balances: Iterable[Balance],
    needs: Iterable[Need],
    reservations: Iterable[Reservation],
    record: list[Json],
) -> StockPartDetail:
    """A part with everything about it."""
    return StockPartDetail(
        **_part(row, row.coming),
        balances=[
            BalanceOut(place=one.place, batch=one.batch, quantity=one.quantity, expires=maybe(one.expires_us))
            for one in balances
        ],
        coming=[OnOrderOut(quantity=one.quantity, due=maybe(one.due_us), text=one.text) for one in row.on_order],
        needs=[need_out(need) for need in needs],
        reservations=[reservation_out(one) for one in reservations],
        record=record,
    )


def _part(row: PartRow, on_order: int | None) -> dict[str, Any]:
    card, level = row.card, row.level
    told = asdict(card) | {"kind": card.kind.value, "ved": card.ved.value, "substitutes": list(card.substitutes)}
    told["contains"] = [PartLineModel(part=line.part, quantity=line.quantity) for line in card.contains]
    amounts = {name: getattr(level, name) for name in ("on_hand", "reserved", "unusable", "expired", "available")}
    return {**told, **amounts, "on_order": on_order, "value": round(level.on_hand * card.price, 2)}


def need_out(need: Need) -> NeedOut:
    """Why a part is kept."""
    return NeedOut(
        source=need.source.value,
        name=need.name,
        asset=need.asset,
        criticality=need.criticality,
        quantity=need.quantity,
        failure_modes=list(need.failure_modes),
        via=list(need.via),
    )


def asset_parts(
    needs: Mapping[str, Sequence[Need]], cards: Mapping[str, PartCard], levels: Mapping[str, Level]
) -> list[AssetPartOut]:
    """The parts list of an asset; `quantity`: what the job that takes most of it takes."""
    return [
        AssetPartOut(
            part=part,
            name=cards[part].name if part in cards else "",
            known=part in cards,
            on_hand=levels.get(part, Level(part)).on_hand,
            available=levels.get(part, Level(part)).available,
            quantity=max(need.quantity for need in mine),
            needs=[need_out(need) for need in mine],
        )
        for part, mine in sorted(needs.items())
    ]


def place_out(place: Place, balances: Iterable[Balance], prices: Mapping[str, float]) -> StockPlaceOut:
    """A place and what it holds."""
    mine = [one for one in balances if one.place == place.id and one.quantity]
    return StockPlaceOut(
        id=place.id,
        name=place.name,
        usable=place.usable,
        parts=len({one.part for one in mine}),
        pieces=sum(one.quantity for one in mine),
        value=round(sum(one.quantity * prices.get(one.part, 0.0) for one in mine), 2),
    )


def new_move(body: StockMoveIn, wrong: StockMove | None, at_us: int) -> NewMove:
    """The move that a form tells; of a correction `wrong` is the move that was a mistake, whose way back it is.

    Raises Rejected where something is missing, with what to send.
    """
    reason = MoveReason(body.reason)
    told: dict[str, Any] = {"unit_cost": body.unit_cost, "batch": body.batch, "serial": body.serial, "note": body.note}
    told |= {"order": body.order, "expires_us": None if body.expires is None else us_of(body.expires)}
    if reason is MoveReason.CORRECTION:
        if wrong is None:
            raise Rejected("move_corrects", "send in `corrects` the number of the move that was a mistake")
        told |= {"unit_cost": wrong.unit_cost, "batch": wrong.batch, "serial": wrong.serial}
        told |= {"order": wrong.order, "expires_us": wrong.expires_us, "corrects": wrong.seq}
        pieces = wrong.quantity if body.quantity is None else body.quantity
        return NewMove(wrong.part, wrong.to_place, wrong.from_place, pieces, reason, at_us, **told)
    if body.corrects is not None:
        raise Rejected("move_corrects", "only a correction names in `corrects` the move that it takes back")
    from_place, to_place = body.from_ or FROM_SIDE.get(reason), body.to or TO_SIDE.get(reason)
    missing = [
        name
        for name, value in (("part", body.part), ("quantity", body.quantity), ("from", from_place), ("to", to_place))
        if value is None
    ]
    if missing or body.part is None or body.quantity is None or from_place is None or to_place is None:
        raise Rejected("move_fields", f"a {reason.value} needs {', '.join(missing)} too")
    return NewMove(body.part, from_place, to_place, body.quantity, reason, at_us, **told)


def move_out(move: StockMove) -> StockMoveOut:
    """A move as it was booked."""
    told: dict[str, Any] = {"from": move.from_place, "to": move.to_place}
    return StockMoveOut(
        seq=move.seq,
        part=move.part,
        quantity=move.quantity,
        reason=cast(Any, move.reason.value),
        order=move.order,
        at=moment(move.at_us),
        by=move.by,
        unit_cost=move.unit_cost,
        amount=move.amount,
        batch=move.batch,
        expires=maybe(move.expires_us),
        serial=move.serial,
        note=move.note,
        corrects=move.corrects,
        **told,
    )


def reservation_out(one: Reservation) -> ReservationOut:
    """What is put aside for an order."""
    return ReservationOut(
        id=one.id,
        order=one.order,
        part=one.part,
        quantity=one.quantity,
        taken=one.taken,
        left=one.left,
        state=one.state.value,
        needed_by=maybe(one.needed_by_us),
        substitute_for=one.substitute_for,
        at=moment(one.at_us),
    )


def order_stock(
    order: WorkOrder, reservations: Iterable[Reservation], in_hand: Mapping[str, int], moves: Iterable[StockMove]
) -> OrderStockOut:
    """The parts of an order."""
    return OrderStockOut(
        order=order.id,
        number=order.number,
        status=order.status.value,
        reservations=[reservation_out(one) for one in reservations],
        in_hand=dict(sorted(in_hand.items())),
        moves=[move_out(move) for move in moves],
    )


def waiting_out(one: Waiting) -> PartWaitingOut:
    """A place in the line."""
    mine = one.reservation
    return PartWaitingOut(
        part=mine.part,
        quantity=mine.left,
        order=mine.order,
        number=one.number,
        asset=one.asset,
        priority=one.priority,
        needed_by=maybe(mine.needed_by_us),
        available=one.available,
        since=moment(mine.at_us),
    )


def serial_out(one: Serial) -> SerialOut:
    """A piece with a serial number."""
    return SerialOut(
        serial=one.serial,
        part=one.part,
        place=one.place,
        since=moment(one.since_us),
        order=one.order,
        asset=one.asset,
        batch=one.batch,
    )


def maybe(at_us: int | None) -> datetime | None:
    """A time, or null."""
    return None if at_us is None else moment(at_us)


def us_of(at: datetime) -> int:
    """Microseconds of a time. Raises Rejected for one without a zone."""
    if at.tzinfo is None:
        raise Rejected("time_without_zone", f"{at.isoformat()} has no zone: end it with Z")
    return round(at.timestamp() * 1e6)
