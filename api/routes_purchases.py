"""Routes of purchase orders: steps, dates, receipts, inspections, invoices.

A change needs `If-Match` with the revision and may carry an `Idempotency-Key`. A receipt needs no revision: its
delivery note is taken once, and the same receipt sent again is answered as the first time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response

from forewarn.api import views_buying
from forewarn.api.auth import Caller
from forewarn.api.problems import Stale
from forewarn.api.routes_buying import Id, PartQuery, desk_of, number_of, once
from forewarn.api.routes_departments import at_us
from forewarn.api.routes_orders import Key, revision_of
from forewarn.api.routes_people import IfMatch
from forewarn.api.schemas_buying import (
    LetterOut,
)
from forewarn.api.schemas_purchases import (
    AmendIn,
    DatesIn,
    DifferenceOut,
    DirectIn,
    InspectionIn,
    InvoiceAnswer,
    InvoiceIn,
    PurchaseActionIn,
    PurchaseDetail,
    PurchaseRow,
    PurchaseStatusName,
    ReceiptIn,
)
from forewarn.api.state import Plantroom, Room
from forewarn.core.buying import Invoice, PurchaseOrder, PurchaseStatus
from forewarn.core.ports import Actor
from forewarn.maintenance.buying.desk import Terms, subject
from forewarn.maintenance.buying.letters import purchase_csv, purchase_text
from forewarn.maintenance.buying.life import differences

router = APIRouter(prefix="/api/buying/orders")


def known_purchase(room: Plantroom, id: str) -> PurchaseOrder:
    """The purchase order by id or number, or 404."""
    found = desk_of(room).book.purchase(id)
    if found is None:
        raise HTTPException(404, f"There is no purchase order {id!r}")
    return found


def detail(room: Plantroom, id: str, response: Response) -> PurchaseDetail:
    """A purchase order with what came of it; `ETag` is the revision."""
    found, book = known_purchase(room, id), desk_of(room).book
    response.headers["ETag"] = f'"{found.revision}"'
    record = book.history(subject(found.id))
    return views_buying.purchase_detail(
        found, book.receipts(found.id), book.invoices(found.id), record, number_of(room)
    )


@router.get("")
def get_purchases(
    room: Room,
    _: Caller,
    status: Annotated[list[PurchaseStatusName] | None, Query()] = None,
    supplier: Annotated[str | None, Query(max_length=64)] = None,
    part: PartQuery = None,
    order: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> list[PurchaseRow]:
    """Purchase orders, newest first; `order`: id or number of a work order that waits for them."""
    statuses = [PurchaseStatus(name) for name in status or ()]
    waiting = desk_of(room).orders.order(order) if order is not None else None
    if order is not None and waiting is None:
        return []
    found = desk_of(room).book.purchases(statuses, supplier, part, waiting.id if waiting else None, limit)
    return [views_buying.purchase_row(one, number_of(room)) for one in found]


@router.post("")
def post_purchase(body: DirectIn, room: Room, caller: Caller, response: Response, key: Key = None) -> PurchaseDetail:
    """Draft an order of approved proposals without asking for quotes, for a reason."""
    terms = {one.part: Terms(one.unit_price, one.lead_p50_days, one.lead_p90_days) for one in body.terms}

    def act() -> str:
        book = desk_of(room).book
        made = book.order_directly(
            body.proposals, body.supplier, terms, body.reason, caller, room.now_us(), body.freight
        )
        return made.id

    return detail(room, once(room, key, caller, f"direct|{body.model_dump_json()}", act), response)


@router.get("/{id}")
def get_purchase(id: Id, room: Room, _: Caller, response: Response) -> PurchaseDetail:
    """One purchase order by id or number: lines, receipts, invoices, record. `ETag` is the revision."""
    return detail(room, id, response)


@router.get("/{id}/letter")
def get_letter(id: Id, room: Room, _: Caller) -> LetterOut:
    """What the supplier is sent: a letter and a table."""
    order = known_purchase(room, id)
    to = desk_of(room).book.supplier(order.supplier)
    assert to is not None  # a foreign key says so
    return LetterOut(email=to.email, text=purchase_text(order, to), csv=purchase_csv(order))


@router.put("/{id}")
def put_purchase(
    id: Id, body: AmendIn, room: Room, caller: Caller, response: Response, if_match: IfMatch = None, key: Key = None
) -> PurchaseDetail:
    """Change a draft: quantities, prices, due dates, freight, note. 409 once it is no draft any more."""
    revision, lines = revision_of(if_match), views_buying.amendments(body)

    def act(order: PurchaseOrder) -> object:
        book = desk_of(room).book
        return book.amend(order.id, lines, caller, revision, room.now_us(), body.freight, body.note)

    return _changed(room, id, revision, caller, key, f"amend|{body.model_dump_json()}", act, response)


@router.post("/{id}/actions")
def post_action(
    id: Id,
    body: PurchaseActionIn,
    room: Room,
    caller: Caller,
    response: Response,
    if_match: IfMatch = None,
    key: Key = None,
) -> PurchaseDetail:
    """Approve (within the limits of cost), send, confirm as it stands, close, cancel, reopen. Sent, the supplier gets
    text and CSV by the outbox (`purchase.sent`). 409 for a step that is not in `allowed_actions`."""
    revision = revision_of(if_match)

    def act(order: PurchaseOrder) -> object:
        to, now_us = PurchaseStatus(body.to), room.now_us()
        return desk_of(room).act(order.id, to, caller, revision, now_us, body.note, body.rebuy)

    return _changed(room, id, revision, caller, key, f"action|{body.model_dump_json()}", act, response)


@router.post("/{id}/dates")
def post_dates(
    id: Id, body: DatesIn, room: Room, caller: Caller, response: Response, if_match: IfMatch = None, key: Key = None
) -> PurchaseDetail:
    """The supplier confirms dates, or moves them (`why`): work orders that wait move with them, say so, and their
    planner is told."""
    revision, dates = revision_of(if_match), {one.line: at_us(one.due) for one in body.lines}

    def act(order: PurchaseOrder) -> object:
        return desk_of(room).confirm(order.id, dates, caller, revision, room.now_us(), body.why)

    return _changed(room, id, revision, caller, key, f"dates|{body.model_dump_json()}", act, response)


@router.post("/{id}/receipts")
def post_receipt(id: Id, body: ReceiptIn, room: Room, caller: Caller, response: Response, key: Key = None
                 ) -> PurchaseDetail:  # fmt: skip
    """Receive what came under a delivery note: each piece to the shelf, to quarantine or back. The ledger is booked in
    the same transaction. The same receipt again changes nothing; 409 for another one under the same note."""
    order, lines = known_purchase(room, id), views_buying.receipt_lines(body)

    def act() -> str:
        desk_of(room).receive(order.id, body.note, lines, caller, room.now_us())
        return order.id

    once(room, key, caller, f"receipt|{order.id}|{body.model_dump_json()}", act)
    _publish(room, order.id)
    return detail(room, order.id, response)


@router.post("/{id}/inspections")
def post_inspection(
    id: Id,
    body: InspectionIn,
    room: Room,
    caller: Caller,
    response: Response,
    if_match: IfMatch = None,
    key: Key = None,
) -> PurchaseDetail:
    """Pieces leave quarantine: to the shelf, or back to the supplier, who then owes them again."""
    revision, told = revision_of(if_match), views_buying.inspection_of(body)

    def act(order: PurchaseOrder) -> object:
        return desk_of(room).inspect(order.id, told, caller, revision, room.now_us())

    return _changed(room, id, revision, caller, key, f"inspect|{body.model_dump_json()}", act, response)


@router.post("/{id}/invoices")
def post_invoice(id: Id, body: InvoiceIn, room: Room, caller: Caller, key: Key = None) -> InvoiceAnswer:
    """Take an invoice, once for each number, and hold it against order and receipts: prices, pieces that were not
    accepted, freight."""
    order, book = known_purchase(room, id), desk_of(room).book
    lines = tuple((one.line, one.quantity, one.unit_price) for one in body.lines)

    def act() -> str:
        book.invoice(Invoice(order.supplier, body.number, order.id, room.now_us(), lines, body.freight), caller)
        return order.id

    once(room, key, caller, f"invoice|{order.id}|{body.model_dump_json()}", act)
    kept = book.invoices(order.id)
    place = next(n for n, one in enumerate(kept) if one.number == body.number)
    found = differences(known_purchase(room, order.id), kept[place], kept[:place])
    told = [DifferenceOut(line=one.line, amount=one.amount, text=one.text) for one in found]
    return InvoiceAnswer(invoice=views_buying.invoice_out(kept[place]), differences=told)


def _changed(
    room: Plantroom,
    id: str,
    revision: int,
    caller: Actor,
    key: str | None,
    request: str,
    act: Callable[[PurchaseOrder], object],
    response: Response,
) -> PurchaseDetail:
    """A change at a revision: 412 when somebody changed the order since."""
    order = known_purchase(room, id)

    def fresh() -> str:
        now = known_purchase(room, order.id)
        if now.revision != revision:
            raise Stale(f"{now.number} is at revision {now.revision}, you sent {revision}")
        act(now)
        return now.id

    once(room, key, caller, f"{order.id}|{revision}|{request}", fresh)
    _publish(room, order.id)
    return detail(room, order.id, response)


def _publish(room: Plantroom, id: str) -> None:
    """Work orders that wait for it may have moved."""
    order = known_purchase(room, id)
    for waiting in {need.order_id for line in order.lines for need in line.needs if need.order_id is not None}:
        room.hub.publish("order", waiting)
