"""Routes of buying, from a need to a chosen quote: suppliers, proposals, requests for quotation.

Every change may carry an `Idempotency-Key`; a change of a supplier or a proposal needs `If-Match` with its revision.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Response

from forewarn.api import views_buying
from forewarn.api.auth import Caller
from forewarn.api.buying_desk import BuyingDesk
from forewarn.api.problems import Stale
from forewarn.api.routes_departments import at_us
from forewarn.api.routes_orders import Key, revision_of
from forewarn.api.routes_people import IfMatch
from forewarn.api.schemas_buying import (
    ChooseIn,
    DeclineIn,
    LetterOut,
    NeedIn,
    OfferOut,
    PipelineOut,
    ProposalActionIn,
    ProposalOut,
    ProposalStateName,
    QuotesIn,
    ReasonIn,
    RfqIn,
    RfqOut,
    RfqStateName,
    SupplierIn,
    SupplierOut,
    SupplierScoreOut,
)
from forewarn.api.schemas_purchases import (
    PurchaseDetail,
)
from forewarn.api.state import Plantroom, Room
from forewarn.core.ports import Actor
from forewarn.core.quotes import Need, Proposal, ProposalState, Rfq, RfqState, Supplier
from forewarn.maintenance.buying.letters import rfq_csv, rfq_text
from forewarn.maintenance.idempotency import Answer

router = APIRouter(prefix="/api/buying")
Id = Annotated[str, Path(min_length=1, max_length=64)]
ProposalId = Annotated[int, Path(ge=1, le=2**53)]
PartQuery = Annotated[str | None, Query(max_length=200)]


def desk_of(room: Plantroom) -> BuyingDesk:
    """The desk of buying, or 503 where there is none."""
    if room.buying is None:
        raise HTTPException(503, "This server buys nothing")
    return room.buying


def once(room: Plantroom, key: str | None, caller: Actor, request: str, act: Callable[[], str]) -> str:
    """Act and answer an id; where the same request came before under this key, only answer it."""
    if key is None:
        return act()
    digest = hashlib.sha256(f"buying|{request}".encode()).hexdigest()
    answer = room.idempotent(key, caller.name, digest, lambda: (200, act()))
    return answer.body if isinstance(answer, Answer) else ""


def number_of(room: Plantroom) -> views_buying.NumberOf:
    """Numbers of work orders by their id."""

    def number(id: str) -> str | None:
        order = desk_of(room).orders.order(id)
        return order.number if order is not None else None

    return number


def _supplier(room: Plantroom, id: str) -> Supplier:
    found = desk_of(room).book.supplier(id)
    if found is None:
        raise HTTPException(404, f"There is no supplier {id!r}")
    return found


def _proposal(room: Plantroom, id: int) -> Proposal:
    found = desk_of(room).book.proposal(id)
    if found is None:
        raise HTTPException(404, f"There is no proposal {id}")
    return found


def known_rfq(room: Plantroom, id: str) -> Rfq:
    """The request by id or number, or 404."""
    found = desk_of(room).book.rfq(id)
    if found is None:
        raise HTTPException(404, f"There is no request for quotation {id!r}")
    return found


@router.get("/suppliers")
def get_suppliers(room: Room, _: Caller) -> list[SupplierOut]:
    """Every supplier, by id."""
    return [views_buying.supplier_out(one) for one in desk_of(room).book.suppliers()]


@router.get("/suppliers/{id}")
def get_supplier(id: Id, room: Room, _: Caller, response: Response) -> SupplierOut:
    """One supplier; `ETag` is the revision."""
    found = _supplier(room, id)
    response.headers["ETag"] = f'"{found.revision}"'
    return views_buying.supplier_out(found)


@router.put("/suppliers/{id}")
def put_supplier(
    id: Id, body: SupplierIn, room: Room, caller: Caller, response: Response, if_match: IfMatch = None, key: Key = None
) -> SupplierOut:
    """Add a supplier (`If-Match: "0"`) or change one. 428 without `If-Match`, 412 when somebody changed it since."""
    revision, book = revision_of(if_match), desk_of(room).book

    def act() -> str:
        known = book.supplier(id)
        if (known.revision if known else 0) != revision:
            raise Stale(f"the supplier {id} is at revision {known.revision if known else 0}, you sent {revision}")
        return book.save_supplier(views_buying.supplier_of(id, body), caller, room.now_us(), revision).id

    once(room, key, caller, f"supplier|{id}|{revision}|{body.model_dump_json()}", act)
    return get_supplier(id, room, caller, response)


@router.get("/suppliers/{id}/score")
def get_score(id: Id, room: Room, _: Caller) -> SupplierScoreOut:
    """How a supplier has done: on time, promises, quality, prices, answers; each figure with its definition, its rows,
    and "cannot tell yet" while they are few. Lead times of its parts."""
    _supplier(room, id)
    return views_buying.score_out(desk_of(room).book.score(id, room.now_us()))


@router.get("/proposals")
def get_proposals(
    room: Room,
    _: Caller,
    part: PartQuery = None,
    state: Annotated[list[ProposalStateName] | None, Query()] = None,
) -> list[ProposalOut]:
    """Proposals to buy, oldest first; of a part, in some states."""
    states = [ProposalState(name) for name in state or ()]
    return [_proposal_out(room, one) for one in desk_of(room).book.proposals(part, states)]


@router.get("/proposals/{id}")
def get_proposal(id: ProposalId, room: Room, _: Caller, response: Response) -> ProposalOut:
    """One proposal with every need behind it; `ETag` is the revision."""
    return _told(room, id, response)


@router.post("/proposals")
def post_need(body: NeedIn, room: Room, caller: Caller, response: Response, key: Key = None) -> ProposalOut:
    """Ask for pieces: they join the open proposal of their part. The same need told again changes nothing. 422 for an
    unknown part or order, and where everything is bought already."""
    needed_us = None if body.needed_by is None else at_us(body.needed_by)
    desk = desk_of(room)

    def act() -> str:
        own = body.key or f"hand:{uuid.uuid4()}"
        need = Need(own, body.quantity, body.why, needed_us, body.order)
        return str(desk.propose(body.part, need, caller, room.now_us()).id)

    return _told(room, int(once(room, key, caller, f"need|{body.model_dump_json()}", act)), response)


@router.post("/proposals/{id}/actions")
def post_proposal_action(
    id: ProposalId,
    body: ProposalActionIn,
    room: Room,
    caller: Caller,
    response: Response,
    if_match: IfMatch = None,
    key: Key = None,
) -> ProposalOut:
    """Approve a proposal within the limits of cost, or drop it with a `note`. 412 when it changed since (more needs may
    have joined it), 409 for a step that is not allowed or a cost that the role may not approve."""
    revision = revision_of(if_match)
    _proposal(room, id)

    def act() -> str:
        found = _proposal(room, id)
        if found.revision != revision:
            raise Stale(f"the proposal {id} is at revision {found.revision}, you sent {revision}")
        to = ProposalState(body.to)
        return str(desk_of(room).book.settle_proposal(id, to, caller, revision, room.now_us(), body.note).id)

    once(room, key, caller, f"proposal|{id}|{revision}|{body.model_dump_json()}", act)
    return _told(room, id, response)


@router.get("/rfqs")
def get_rfqs(room: Room, _: Caller, state: Annotated[list[RfqStateName] | None, Query()] = None) -> list[RfqOut]:
    """Requests for quotation, newest first, with their answers."""
    found = desk_of(room).book.rfqs([RfqState(name) for name in state or ()])
    return [_rfq_out(room, one, record=False) for one in found]


@router.post("/rfqs")
def post_rfq(body: RfqIn, room: Room, caller: Caller, key: Key = None) -> RfqOut:
    """Ask several suppliers for a price of approved proposals; each gets text and CSV by the outbox
    (`purchase.asked`)."""
    until_us = at_us(body.answer_by)

    def act() -> str:
        book = desk_of(room).book
        now_us = room.now_us()
        asked = book.ask(body.proposals, body.suppliers, until_us, caller, now_us, body.late_per_day, body.note)
        return asked.id

    return _rfq_out(room, known_rfq(room, once(room, key, caller, f"rfq|{body.model_dump_json()}", act)))


@router.get("/rfqs/{id}")
def get_rfq(id: Id, room: Room, _: Caller) -> RfqOut:
    """One request by id or number: who was asked, who answered what, and its record."""
    return _rfq_out(room, known_rfq(room, id))


@router.get("/rfqs/{id}/letters/{supplier}")
def get_letter(id: Id, supplier: Id, room: Room, _: Caller) -> LetterOut:
    """What a supplier is sent: a letter, and a table to fill in."""
    rfq, to = known_rfq(room, id), _supplier(room, supplier)
    return LetterOut(email=to.email, text=rfq_text(rfq, to), csv=rfq_csv(rfq))


@router.post("/rfqs/{id}/quotes")
def post_quotes(id: Id, body: QuotesIn, room: Room, caller: Caller, key: Key = None) -> RfqOut:
    """Note the answer of a supplier, for one part or several: all or none. A later answer replaces it."""
    rfq, desk = known_rfq(room, id), desk_of(room)

    def act() -> str:
        currency = desk.orders.house.costs.currency
        desk.book.quote([views_buying.quote_of(rfq.id, one, room.now_us(), currency) for one in body.quotes], caller)
        return rfq.id

    once(room, key, caller, f"quotes|{rfq.id}|{body.model_dump_json()}", act)
    return _rfq_out(room, known_rfq(room, rfq.id))


@router.post("/rfqs/{id}/decline")
def post_decline(id: Id, body: DeclineIn, room: Room, caller: Caller, key: Key = None) -> RfqOut:
    """A supplier who was asked does not offer."""
    rfq = known_rfq(room, id)

    def act() -> str:
        return desk_of(room).book.decline(rfq.id, body.supplier, caller, room.now_us()).id

    once(room, key, caller, f"decline|{rfq.id}|{body.model_dump_json()}", act)
    return _rfq_out(room, known_rfq(room, rfq.id))


@router.post("/rfqs/{id}/cancel")
def post_cancel(id: Id, body: ReasonIn, room: Room, caller: Caller, key: Key = None) -> RfqOut:
    """Cancel a request; what is not ordered yet is approved again, to be asked for elsewhere."""
    rfq = known_rfq(room, id)

    def act() -> str:
        return desk_of(room).book.end_rfq(rfq.id, caller, room.now_us(), body.reason).id

    once(room, key, caller, f"cancel|{rfq.id}|{body.model_dump_json()}", act)
    return _rfq_out(room, known_rfq(room, rfq.id))


@router.get("/rfqs/{id}/comparison")
def get_comparison(id: Id, part: Annotated[str, Query(max_length=200)], room: Room, _: Caller) -> list[OfferOut]:
    """The quotes for a part side by side, the least expected cost first, with the reason and every number. Nothing is
    chosen by that."""
    offers = desk_of(room).book.compare(known_rfq(room, id).id, part, room.now_us())
    return [views_buying.offer_out(rank, one) for rank, one in enumerate(offers, 1)]


@router.post("/rfqs/{id}/choose")
def post_choose(id: Id, body: ChooseIn, room: Room, caller: Caller, response: Response, key: Key = None
                ) -> PurchaseDetail:  # fmt: skip
    """A person chooses a supplier for a part: a line on the draft of a purchase order. 409 for a quote that has run
    out, and for a part that is chosen already."""
    from forewarn.api.routes_purchases import detail

    rfq = known_rfq(room, id)

    def act() -> str:
        book = desk_of(room).book
        return book.choose(rfq.id, body.part, body.supplier, body.reason, caller, room.now_us()).id

    return detail(room, once(room, key, caller, f"choose|{rfq.id}|{body.model_dump_json()}", act), response)


@router.get("/pipelines")
def get_pipelines(room: Room, _: Caller, part: PartQuery = None) -> list[PipelineOut]:
    """What is on its way, by part: on order, and asked for."""
    found = desk_of(room).book.pipelines(part)
    return [PipelineOut(part=one.part, on_order=one.on_order, asked=one.asked) for one in found]


def _proposal_out(room: Plantroom, one: Proposal) -> ProposalOut:
    card = desk_of(room).deliveries.stock.card(one.part)
    return views_buying.proposal_out(one, card.price if card else 0.0, number_of(room))


def _told(room: Plantroom, id: int, response: Response) -> ProposalOut:
    found = _proposal(room, id)
    response.headers["ETag"] = f'"{found.revision}"'
    return _proposal_out(room, found)


def _rfq_out(room: Plantroom, rfq: Rfq, record: bool = True) -> RfqOut:
    book = desk_of(room).book
    history = book.history(f"rfq:{rfq.id}") if record else []
    return views_buying.rfq_out(rfq, book.quotes(rfq.id), history, number_of(room))
