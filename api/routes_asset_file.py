"""The whole-life file of an asset over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from forewarn.api import views_asset_file
from forewarn.api.auth import Caller
from forewarn.api.schemas_asset_file import AssetFileOut
from forewarn.api.state import Room
from forewarn.pipeline.asset_file import asset_file

router = APIRouter(prefix="/api")


@router.get("/assets/{id}/file")
def get_asset_file(
    id: str,
    room: Room,
    _: Caller,
    before: Annotated[str | None, Query(max_length=80)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> AssetFileOut:
    """The whole life of a machine: specification, orders page by page, parts, costs, readings, models that decided, and
    changes. `before`: the `next` of the page before. A machine that has left the plant file keeps its past; 404 when
    nothing is known of it."""
    if room.work is None:
        raise HTTPException(503, "This server keeps no records of work around orders")
    asset = room.plant.asset(id)
    found = asset_file(
        id, asset, room.work.file, room.reader, room.derived, room.now_us(), views_asset_file.place(before), limit
    )
    if asset is None and not found.sums.orders:
        raise HTTPException(404, f"There is no asset {id!r} in this plant, and no order of it")
    return views_asset_file.asset_file(found, room.plant)
