"""What becomes of a purchase order: pure functions over its values; `desk` writes them down.

No step that `core.buying.PURCHASE_STEPS` does not allow comes out of here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from forewarn.core.buying import (
    PURCHASE_STEPS,
    UNDER_WAY,
    Invoice,
    NewReceiptLine,
    PurchaseLine,
    PurchaseOrder,
    PurchaseStatus,
    Receipt,
    ReceiptLine,
)
from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.stock import SUPPLIER, MoveReason, NewMove
from forewarn.maintenance.buying.buying_json import as_json
from forewarn.maintenance.orders.costs import money

RECEIVING = (*UNDER_WAY, PurchaseStatus.RECEIVED)
PRICE_TOLERANCE = 0.005


def stepped(order: PurchaseOrder, status: PurchaseStatus, at_us: int) -> PurchaseOrder:
    """The order in another status. Raises Conflict for a step that the table forbids, or that only receipts take."""
    if status not in order.allowed_actions:
        could = ", ".join(order.allowed_actions) or "nothing more"
        raise Conflict(f"{order.number} is {order.status}: it cannot become {status} now; it may become {could}")
    if status is PurchaseStatus.SENT:
        return replace(changed(order, at_us), status=status, sent_at_us=at_us, lines=_with_dates(order.lines, at_us))
    if status is PurchaseStatus.DRAFT:
        return replace(changed(order, at_us), status=status, approved_by="")
    return replace(changed(order, at_us), status=status)


def changed(order: PurchaseOrder, at_us: int) -> PurchaseOrder:
    """The order at its next revision."""
    return replace(order, revision=order.revision + 1, updated_at_us=at_us)


def _with_dates(lines: Sequence[PurchaseLine], sent_us: int) -> tuple[PurchaseLine, ...]:
    """Until the supplier confirms, a line is due when nine of ten such deliveries have come."""
    return tuple(
        replace(line, due_us=line.due_us or sent_us + round(line.lead_p90_days * US_PER_DAY)) for line in lines
    )


def confirmed(order: PurchaseOrder, dates: Mapping[int, int], at_us: int) -> PurchaseOrder:
    """The order with the dates that the supplier confirms, by line; what is not named stays. The first confirmed date
    of a line is its promise. Raises Conflict unless it is under way, Rejected for an unknown line and a date before it
    was sent."""
    if order.status not in UNDER_WAY or order.sent_at_us is None:
        raise Conflict(
            f"{order.number} is {order.status}: dates are confirmed once it is sent, and until it is received"
        )
    for number, due_us in dates.items():
        known_line(order, number)
        if due_us < order.sent_at_us:
            raise Rejected("due_before_sent", f"line {number} of {order.number} cannot come before it was ordered")
    lines = tuple(_confirmed(line, dates.get(line.line, line.due_us)) for line in order.lines)
    status = PurchaseStatus.CONFIRMED if order.status is PurchaseStatus.SENT else order.status
    if lines == order.lines and status is order.status:
        return order
    return replace(changed(order, at_us), lines=lines, status=status)


def _confirmed(line: PurchaseLine, due_us: int | None) -> PurchaseLine:
    promised_us = due_us if line.promised_us is None else line.promised_us
    return replace(line, due_us=due_us, promised_us=promised_us)


@dataclass(frozen=True, slots=True)
class Amendment:
    """What is changed on a draft: quantity, price and due date by line (None: as it was)."""

    line: int
    quantity: int | None = None
    unit_price: float | None = None
    due_us: int | None = None


def amended(order: PurchaseOrder, changes: Sequence[Amendment], freight: float | None, note: str | None, at_us: int
            ) -> PurchaseOrder:  # fmt: skip
    """A changed draft. Raises Conflict when it is no draft any more: it is to be reopened first."""
    if order.status is not PurchaseStatus.DRAFT:
        raise Conflict(f"{order.number} is {order.status}: only a draft is changed; move it back to DRAFT first")
    new = {one.line: one for one in changes}
    for number in new:
        known_line(order, number)
    lines = tuple(_amended(line, new.get(line.line)) for line in order.lines)
    after = replace(
        order,
        lines=lines,
        note=order.note if note is None else note,
        freight=order.freight if freight is None else freight,
    )
    return order if after == order else changed(after, at_us)


def _amended(line: PurchaseLine, new: Amendment | None) -> PurchaseLine:
    if new is None:
        return line
    return replace(
        line,
        quantity=line.quantity if new.quantity is None else new.quantity,
        unit_price=line.unit_price if new.unit_price is None else new.unit_price,
        due_us=line.due_us if new.due_us is None else new.due_us,
    )


def known_line(order: PurchaseOrder, number: int) -> PurchaseLine:
    """The line of a number. Raises Rejected when there is none."""
    line = order.line(number)
    if line is None:
        raise Rejected("unknown_line", f"{order.number} has lines {', '.join(str(x.line) for x in order.lines)} only")
    return line


def digest_of(lines: Sequence[NewReceiptLine]) -> str:
    """What two tellings of one receipt are compared by."""
    return hashlib.sha256(as_json(tuple(lines)).encode()).hexdigest()


def checked_receipt(order: PurchaseOrder, lines: Sequence[NewReceiptLine]) -> None:
    """Raises Conflict unless goods may come for the order, Rejected for a line of another part and for pieces that stay
    here above what is open, unless they are wanted."""
    if order.status not in RECEIVING:
        hint = (
            "mark it as sent first" if order.status is PurchaseStatus.APPROVED else "goods are received once it is sent"
        )
        raise Conflict(f"{order.number} is {order.status}: {hint}")
    if not lines:
        raise Rejected("receipt_empty", "a receipt says what was counted: one line or more")
    coming: dict[int, int] = {}
    for new in (one for one in lines if one.line is not None):
        assert new.line is not None
        line = known_line(order, new.line)
        if line.part != new.part:
            raise Rejected(
                "receipt_part",
                f"line {line.line} of {order.number} is of {line.part}, not {new.part}: leave the line out for a part"
                " that nobody ordered",
            )
        coming[line.line] = coming.get(line.line, 0) + new.accepted + new.quarantined
        surplus = coming[line.line] - line.open
        if surplus > 0 and not new.keep_surplus:
            raise Rejected(
                "receipt_surplus",
                f"{line.part}: {surplus} more than the {line.open} that are open stay here; send them back, or say that"
                " they are wanted (keep_surplus)",
            )


def receipt_of(
    order: PurchaseOrder, note: str, lines: Sequence[NewReceiptLine], batches: Sequence[str], by: str, at_us: int
) -> Receipt:
    """The receipt as it is kept, with the batch that the ledger gave each line. `serials`: of pieces in quarantine."""
    kept = tuple(
        ReceiptLine(
            seq, new.part, new.counted, new.accepted, new.quarantined, new.returned, new.line, new.fault, batch,
            new.expires_us, new.serials[new.accepted :], new.note,
        )
        for seq, (new, batch) in enumerate(zip(lines, batches, strict=True), 1)
    )  # fmt: skip
    return Receipt(0, order.id, note.strip(), at_us, by, kept)


def moves_of(
    order: PurchaseOrder, note: str, new: NewReceiptLine, shelf: str, quarantine: str, at_us: int
) -> list[NewMove]:
    """What a line of a receipt books: from the supplier to the shelf and to quarantine. What is sent back at the dock
    was never in stock, and books nothing."""
    line = order.line(new.line) if new.line is not None else None
    text = f"{order.number}, delivery note {note}"
    moves: list[NewMove] = []
    for place, count, serials in (
        (new.place or shelf, new.accepted, new.serials[: new.accepted]),
        (quarantine, new.quarantined, new.serials[new.accepted :]),
    ):
        for serial, quantity in _each(serials, count):
            moves.append(
                NewMove(
                    new.part, SUPPLIER, place, quantity, MoveReason.RECEIPT, at_us, None,
                    line.unit_price if line else None, new.batch, new.expires_us, serial, text,
                )
            )  # fmt: skip
    return moves


def _each(serials: Sequence[str], count: int) -> list[tuple[str, int]]:
    if serials:
        return [(serial, 1) for serial in serials]
    return [("", count)] if count else []


@dataclass(frozen=True, slots=True)
class Inspection:
    """Pieces of a receipt line that leave quarantine: `accepted` to the shelf, `returned` to the supplier. `serials` of
    a rotable, those for the shelf first. `place`: the shelf ("": where goods usually go)."""

    receipt: int
    seq: int
    accepted: int = 0
    returned: int = 0
    serials: tuple[str, ...] = ()
    place: str = ""
    note: str = ""


def inspected(receipt: Receipt, told: Inspection) -> ReceiptLine:
    """The line afterwards. Raises Rejected for more pieces than wait, for none, and for serial numbers that do not."""
    line = next((one for one in receipt.lines if one.seq == told.seq), None)
    if line is None:
        raise Rejected("unknown_receipt_line", f"the delivery note {receipt.note} has no line {told.seq}")
    count = told.accepted + told.returned
    if min(told.accepted, told.returned) < 0 or not 1 <= count <= line.quarantined:
        raise Rejected(
            "inspection", f"{line.part}: {line.quarantined} wait in quarantine; say where 1 or more of them go"
        )
    if line.serials and (len(set(told.serials)) != count or not set(told.serials) <= set(line.serials)):
        raise Rejected(
            "inspection_serials", f"{line.part}: name {count} of the serial numbers {', '.join(line.serials)}"
        )
    return replace(
        line,
        accepted=line.accepted + told.accepted,
        quarantined=line.quarantined - count,
        returned=line.returned + told.returned,
        serials=tuple(serial for serial in line.serials if serial not in told.serials),
    )


def inspection_moves(
    order: PurchaseOrder, receipt: Receipt, line: ReceiptLine, told: Inspection, shelf: str, quarantine: str, at_us: int
) -> list[NewMove]:
    """What an inspection books: from quarantine to the shelf, and back to the supplier."""
    text = f"{order.number}, delivery note {receipt.note}, inspected"
    moves: list[NewMove] = []
    for place, count, reason, serials in (
        (told.place or shelf, told.accepted, MoveReason.TRANSFER, told.serials[: told.accepted]),
        (SUPPLIER, told.returned, MoveReason.TO_SUPPLIER, told.serials[told.accepted :]),
    ):
        for serial, quantity in _each(serials, count):
            moves.append(
                NewMove(
                    line.part, quarantine, place, quantity, reason, at_us, batch=line.batch, expires_us=line.expires_us,
                    serial=serial, note=text,
                )
            )  # fmt: skip
    return moves


def after_goods(order: PurchaseOrder) -> PurchaseStatus:
    """The status that received pieces bring about: RECEIVED when nothing is open, PARTLY once something is here."""
    if not order.open_pieces:
        return PurchaseStatus.RECEIVED
    here = any(line.accepted or line.quarantined for line in order.lines)
    if here or order.status is PurchaseStatus.RECEIVED:
        return PurchaseStatus.PARTLY
    return order.status


def moved_by_goods(order: PurchaseOrder, at_us: int) -> PurchaseOrder:
    """The order at its next revision, in the status that its pieces bring about."""
    status = after_goods(order)
    if status is not order.status and status not in PURCHASE_STEPS[order.status]:
        raise Conflict(f"{order.number} is {order.status}: pieces cannot move it to {status}")
    return replace(changed(order, at_us), status=status)


def waived(order: PurchaseOrder) -> PurchaseOrder:
    """The order with nothing open: what has not come is not waited for any more."""
    return replace(order, lines=tuple(replace(line, waived=line.waived + line.open) for line in order.lines))


@dataclass(frozen=True, slots=True)
class Difference:
    """Where an invoice is not what was ordered and received. `amount`: what is asked for too much (below 0: too
    little); `line` None: the freight."""

    line: int | None
    amount: float
    text: str


def differences(order: PurchaseOrder, invoice: Invoice, before: Sequence[Invoice]) -> list[Difference]:
    """An invoice against order and receipts (three-way match): prices beyond half a cent, pieces billed above what was
    accepted and not billed before, freight above what was agreed."""
    billed: dict[int, int] = {}
    for number, quantity, _ in (one for earlier in before for one in earlier.lines):
        billed[number] = billed.get(number, 0) + quantity
    found: list[Difference] = []
    for number, quantity, price in invoice.lines:
        line = known_line(order, number)
        over = round(quantity * (price - line.unit_price), 2)
        if abs(price - line.unit_price) > PRICE_TOLERANCE:
            agreed, asked = money(line.unit_price, order.currency), money(price, order.currency)
            found.append(Difference(number, over, f"line {number}, {line.part}: {asked} a piece instead of {agreed}"))
        billed[number] = billed.get(number, 0) + quantity
        excess = min(billed[number] - line.accepted, quantity)
        if excess > 0:
            text = f"line {number}, {line.part}: {excess} pieces are billed that were not accepted"
            found.append(Difference(number, round(excess * price, 2), text))
    freight = sum(one.freight for one in before) + invoice.freight - order.freight
    if freight > PRICE_TOLERANCE:
        text = f"freight is {money(freight, order.currency)} above what was agreed"
        found.append(Difference(None, round(freight, 2), text))
    return found
