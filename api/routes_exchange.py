"""Routes of tables in and out. A file is the body of the request as it is, CSV or XLSX; what it is, its bytes say.

First a preview, which changes nothing; then the same file again with the token of the preview as `If-Match`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, HTTPException, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from forewarn.api import views_exchange as shown
from forewarn.api.auth import Caller
from forewarn.api.problems import Stale
from forewarn.api.routes_orders import Key
from forewarn.api.schemas_exchange import TableAppliedOut, TableImportOut, TableKindOut, TablePreviewOut
from forewarn.api.state import Plantroom, Room
from forewarn.core.errors import Conflict
from forewarn.maintenance.exchange.cells import LIMITS
from forewarn.maintenance.exchange.desk import Exchange
from forewarn.maintenance.exchange.write_csv import csv_of
from forewarn.maintenance.exchange.write_xlsx import template_csv, template_of, xlsx_of

router = APIRouter(prefix="/api/tables")
Kind = Annotated[str, Path(pattern="^[a-z_]{1,40}$")]
Format = Literal["csv", "xlsx"]
Sheet = Annotated[str | None, Query(max_length=100, description="sheet to read; needed where several would do")]
MEDIA = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
A_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA.values()}}
}


class _File(Response):
    """A file: its media type depends on what was asked for."""

    media_type = None


def exchange_of(room: Plantroom) -> Exchange:
    """Tables in and out, or 503 where there are none."""
    if room.tables is None:
        raise HTTPException(503, "This server takes no tables in or out")
    return room.tables


@router.get("")
def get_kinds(room: Room, _: Caller) -> list[TableKindOut]:
    """Every kind of table with its columns."""
    return [shown.kind_out(kind) for kind in exchange_of(room).kinds]


@router.get("/imports")
def get_imports(room: Room, _: Caller, limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> list[TableImportOut]:
    """What came in, newest first."""
    return [shown.import_out(kept) for kept in exchange_of(room).imports(limit)]


@router.post("/imports/{id}/undo")
def post_undo(id: Annotated[int, Path(ge=1, le=2**62)], room: Room, caller: Caller, key: Key = None) -> TableImportOut:
    """Give every row of an import back what it said before. 409 when it was undone already or somebody has touched one
    of its rows since: then nothing is undone. 422 for history, which is never taken back."""
    exchange = exchange_of(room)

    def act() -> str:
        return shown.import_out(exchange.undo(id, caller, room.now_us())).model_dump_json()

    return TableImportOut.model_validate_json(_once(room, key, caller.name, f"undo|{id}", act))


@router.get("/{kind}.{format}", responses=FILES, response_class=_File)
def get_table(kind: Kind, format: Format, room: Room, _: Caller) -> Response:
    """All rows of a kind as a file. No text in it is ever run as a formula; numbers stay numbers. It can come in again
    and says the same then."""
    found, records = exchange_of(room).rows(kind)
    return _file(csv_of(found, records) if format == "csv" else xlsx_of(found, records), kind, format)


@router.get("/{kind}/template.{format}", responses=FILES, response_class=_File)
def get_template(kind: Kind, format: Format, room: Room, _: Caller) -> Response:
    """An empty table to fill in; as XLSX with notes and drop-down lists."""
    found = exchange_of(room).source(kind).kind
    return _file(template_csv(found) if format == "csv" else template_of(found), f"{kind}-template", format)


@router.post("/{kind}/preview", openapi_extra=A_FILE)
async def post_preview(
    kind: Kind,
    request: Request,
    room: Room,
    _: Caller,
    sheet: Sheet = None,
    rows: Annotated[int, Query(ge=0, le=100_000, description="rows that are listed at most")] = shown.MOST_ROWS,
) -> TablePreviewOut:
    """What a file would change: new, changed field by field, same, wrong; errors with sheet, row, column, value and
    fix. Changes nothing. 422 for a file that is no table of this kind, 413 for one that is too large."""
    data = await _body(request)
    return await run_in_threadpool(lambda: shown.preview_out(exchange_of(room).preview(kind, data, sheet), rows))


@router.post("/{kind}/apply", openapi_extra=A_FILE)
async def post_apply(
    kind: Kind,
    request: Request,
    room: Room,
    caller: Caller,
    if_match: Annotated[str | None, Header(description="token of the preview")] = None,
    key: Key = None,
    sheet: Sheet = None,
    filename: Annotated[str, Query(max_length=200)] = "",
    good_rows: Annotated[bool, Query(description="leave wrong rows out instead of refusing all")] = False,
) -> TableAppliedOut:
    """Write what was previewed, in one transaction, or nothing. 428 without `If-Match`, 412 when the file or the books
    are not those of the preview any more, 422 while a row is wrong (unless `good_rows`)."""
    if if_match is None:
        raise HTTPException(428, 'Send If-Match: "<token>" as you read it in the preview')
    data, token = await _body(request), if_match.removeprefix("W/").strip('"')
    exchange = exchange_of(room)

    def act() -> str:
        try:
            applied = exchange.apply(kind, data, token, caller, room.now_us(), filename, good_rows, sheet)
        except Conflict as error:
            raise Stale(str(error)) from error
        return shown.applied_out(applied).model_dump_json()

    digest = hashlib.sha256(data).hexdigest()
    request_told = f"{kind}|{token}|{digest}|{good_rows}|{sheet}"
    done = await run_in_threadpool(_once, room, key, caller.name, request_told, act)
    return TableAppliedOut.model_validate_json(done)


async def _body(request: Request) -> bytes:
    """The file, read no further than it may be large."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LIMITS.bytes:
            raise HTTPException(413, f"A file has at most {LIMITS.bytes // 1_000_000} MB: split it")
        parts.append(part)
    return b"".join(parts)


def _once(room: Plantroom, key: str | None, actor: str, request: str, act: Callable[[], str]) -> str:
    """Act, at most once for a key; the text of the answer."""
    if key is None:
        return act()
    digest = hashlib.sha256(f"tables|{request}".encode()).hexdigest()
    return str(getattr(room.idempotent(key, actor, digest, lambda: (200, act())), "body", ""))


def _file(data: bytes, name: str, format: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{format}"', "Cache-Control": "no-store"}
    return _File(data, media_type=MEDIA[format], headers=headers)
