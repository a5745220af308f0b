"""Routes of work orders. A change needs `If-Match` with the revision, and may carry an `Idempotency-Key`."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Query, Response

from forewarn.api import views
from forewarn.api.auth import Caller
from forewarn.api.problems import Stale
from forewarn.api.schemas import ActionIn, OrderDetail, OrderRow, VerificationIn
from forewarn.api.state import Plantroom, Room
from forewarn.core.ports import Actor
from forewarn.core.work import Json, Status, Verification, WorkOrder

router = APIRouter(prefix="/api/orders")
REVISION = re.compile(r'(?:W/)?"?([0-9]{1,9})"?')
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=8, max_length=100)]


def known_order(room: Plantroom, id: str) -> WorkOrder:
    """The order by id or number, or 404."""
    order = room.orders.order(id)
    if order is None:
        raise HTTPException(404, f"There is no work order {id!r}")
    return order


@router.get("")
def get_orders(
    room: Room,
    _: Caller,
    open: bool = False,
    asset: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
    before: Annotated[str | None, Query(max_length=100)] = None,
) -> list[OrderRow]:
    """Work orders, newest first. The next page begins `before` the last order of this one (its id or number)."""
    found = room.orders.orders(open_only=open, asset=asset, limit=limit, evidence=False, before=before)
    return [views.order_row(room, order) for order in found]


@router.get("/{id}")
def get_order(id: str, room: Room, caller: Caller, response: Response) -> OrderDetail:
    """One order: causes with frozen evidence, parts, dates, record. `ETag` is its revision."""
    order = known_order(room, id)
    response.headers["ETag"] = f'"{order.revision}"'
    return views.order_detail(room, order, caller)


@router.post("/{id}/actions")
def post_action(
    id: str,
    action: ActionIn,
    room: Room,
    caller: Caller,
    response: Response,
    if_match: Annotated[str | None, Header()] = None,
    key: Key = None,
) -> OrderDetail:
    """Move an order to a status of its `allowed_actions`.

    428 without `If-Match`, 412 when somebody changed it since, 409 when the step is not allowed, 422 for a finding that
    is not understood, and for work that is completed without its codes or with open steps that are not `skipped`.
    The same Idempotency-Key with the same body answers again without acting again.
    """
    order = known_order(room, id)
    revision = revision_of(if_match)
    request = hashlib.sha256(f"{order.id}|{revision}|{action.model_dump_json()}".encode()).hexdigest()

    def act() -> tuple[int, str]:
        if order.revision != revision:
            raise Stale(f"{order.number} is at revision {order.revision}, you sent {revision}")
        done = room.orders.act(
            order.id,
            Status(action.status),
            caller,
            revision,
            room.now_us(),
            _report(action),
        )
        return 200, done.id

    if key is None:
        act()
    else:
        room.idempotent(key, caller.name, request, act)
    return _told(room, order.id, response, caller)


@router.post("/{id}/verification")
def post_verification(
    id: str,
    verification: VerificationIn,
    room: Room,
    caller: Caller,
    response: Response,
    if_match: Annotated[str | None, Header()] = None,
) -> OrderDetail:
    """Note on a completed order whether the repair shows in the signals; passed or waived, it may be closed.

    428 without `If-Match`, 412 when somebody changed it since, 409 when the order is not completed.
    """
    order = known_order(room, id)
    if order.revision != (revision := revision_of(if_match)):
        raise Stale(f"{order.number} is at revision {order.revision}, you sent {revision}")
    room.orders.verify(order.id, Verification(verification.result), caller, room.now_us())
    return _told(room, order.id, response, caller)


def _report(action: ActionIn) -> Json | None:
    """What was told with a step; None when nothing was."""
    return action.model_dump(exclude={"status"}, exclude_defaults=True) or None


def _told(room: Plantroom, id: str, response: Response, caller: Actor) -> OrderDetail:
    """The changed order, for the caller and for everybody who listens."""
    changed = known_order(room, id)
    room.hub.publish("order", changed.id)
    room.hub.publish("asset", changed.asset)
    response.headers["ETag"] = f'"{changed.revision}"'
    return views.order_detail(room, changed, caller)


def revision_of(if_match: str | None) -> int:
    """The revision of an `If-Match` header. 428 without one, 400 for one that is no revision."""
    if if_match is None:
        raise HTTPException(428, 'Send If-Match: "<revision>" as you read it in ETag')
    found = REVISION.fullmatch(if_match)
    if found is None:
        raise HTTPException(400, f'If-Match is not a revision: {if_match!r}; send the ETag that you read, such as "3"')
    return int(found[1])
