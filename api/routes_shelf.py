"""Routes of shelving: silence a limit or a machine for a while, see what is silent, and end it."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException

from forewarn.api.auth import Caller
from forewarn.api.routes_plant import known_asset
from forewarn.api.schemas_shelf import ShelfOut, ShelvedOut, ShelveIn
from forewarn.api.state import Plantroom, Room
from forewarn.api.views import moment
from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Rejected
from forewarn.core.plant import Asset
from forewarn.core.plant_limits import Shelved
from forewarn.maintenance.shelf_book import ShelfBook

router = APIRouter(prefix="/api")


def book_of(room: Plantroom) -> ShelfBook:
    """The book of what is shelved, or 503 where there is none."""
    if room.shelf is None:
        raise HTTPException(503, "This server keeps no records of shelving")
    return room.shelf


@router.get("/shelved")
def get_all_shelved(room: Room, _: Caller) -> list[ShelvedOut]:
    """Everything that is silenced now, by machine."""
    return [_out(one) for one in book_of(room).standing(room.now_us())]


@router.get("/assets/{id}/shelved")
def get_shelved(id: str, room: Room, _: Caller) -> ShelfOut:
    """What of a machine is silenced now, and which limits could be."""
    return _shelf(room, known_asset(room, id))


@router.post("/assets/{id}/shelved")
def post_shelved(id: str, body: ShelveIn, room: Room, caller: Caller) -> ShelfOut:
    """Silence a limit or the whole machine; the same again moves its end. A shelved machine is judged and kept, and
    opens no order. 422 for a limit that it does not have."""
    asset, now_us = known_asset(room, id), room.now_us()
    if body.limit is not None and body.limit not in _limits(asset):
        known = ", ".join(_limits(asset)) or "none"
        raise Rejected("unknown_limit", f"{asset.id} has no limit {body.limit!r}; it has: {known}")
    until_us = now_us + round(body.hours * US_PER_HOUR)
    book_of(room).shelve(asset.id, body.limit, until_us, body.reason, caller, now_us)
    room.hub.publish("asset", asset.id)
    return _shelf(room, asset)


@router.delete("/assets/{id}/shelved")
def delete_shelved(id: str, room: Room, caller: Caller, limit: str | None = None) -> ShelfOut:
    """Let a limit (none named: the whole machine) speak again. 422 when it is not shelved."""
    asset = known_asset(room, id)
    book_of(room).end(asset.id, limit, caller, room.now_us())
    room.hub.publish("asset", asset.id)
    return _shelf(room, asset)


def _shelf(room: Plantroom, asset: Asset) -> ShelfOut:
    standing = [_out(one) for one in book_of(room).standing(room.now_us()) if one.asset == asset.id]
    return ShelfOut(asset=asset.id, limits=_limits(asset), standing=standing)


def _limits(asset: Asset) -> list[str]:
    return sorted({limit.name for limit in asset.limits})


def _out(one: Shelved) -> ShelvedOut:
    return ShelvedOut(asset=one.asset, limit=one.limit, until=moment(one.until_us), by=one.by, reason=one.reason)
