"""`forewarn stock ...`: parts, places, moves, parts of orders, classes, losses, dead stock, by way of the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forewarn.api.cli_server import connected, told
from forewarn.core.errors import Rejected

if TYPE_CHECKING:
    from pandas import DataFrame

StateDir = Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
PartArg = Annotated[str, typer.Argument(metavar="PART", help="Id of the part.")]
OrderArg = Annotated[str, typer.Argument(metavar="ORDER", help="Id or number of the order.")]
Quantity = Annotated[int, typer.Argument(metavar="PIECES", help="How many.", min=1)]
Place = Annotated[str, typer.Option(help="Store or shelf.")]
Serial = Annotated[str, typer.Option(help="Serial number, of a rotable.")]
Note = Annotated[str, typer.Option(help="For the record.")]

stock_app = typer.Typer(help="The store room: parts, places, moves, parts of orders.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.add_typer(stock_app, name="stock")


@stock_app.command("parts")
def stock_parts(
    search: Annotated[str, typer.Argument(help="In id and name.")] = "",
    short: Annotated[bool, typer.Option("--short", help="Only those of which nothing is free.")] = False,
    asset: Annotated[str | None, typer.Option(help="The parts list of an asset, and why each is on it.")] = None,
    mode: Annotated[str | None, typer.Option(help="With --asset: of this ISO 14224 failure mode only.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Parts and how much there is of each; with --asset those of a machine."""
    with connected(state_dir) as client:
        if asset is not None:
            rows = records(client.parts_of_asset(asset, mode))
        else:
            rows = records(client.stock_parts(search, short=short))
    lines = [_asset_part(row) if asset is not None else _part(row) for row in rows]
    told({"parts": rows}, lines, as_json, "no part is known: forewarn stock save PART --name NAME")


@stock_app.command("show")
def stock_show(part: PartArg, state_dir: StateDir = None, as_json: Json = False) -> None:
    """One part: where it lies, who needs it, for whom it is put aside."""
    with connected(state_dir) as client:
        one = client.stock_part(part)
    lines = [_part(one)]
    lines += [
        f"  in {b['place']:<24} {b['quantity']:>6}  {b['batch']}{_until(b['expires'])}".rstrip()
        for b in one["balances"]
    ]
    lines += [f"  on order {o['quantity']} for {o['due'] or 'no date'}  {o['text']}" for o in one["coming"]]
    lines += [f"  {r['state']} {r['left']} for order {r['order']}" for r in one["reservations"]]
    lines += [f"  needed by {_need(need)}" for need in one["needs"]]
    told(one, lines, as_json)


@stock_app.command("save")
def stock_save(
    part: PartArg,
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    price: Annotated[float | None, typer.Option(help="Of one piece.", min=0.0)] = None,
    kind: Annotated[str | None, typer.Option(help="consumable, spare, rotable or insurance.")] = None,
    ved: Annotated[str | None, typer.Option(help="V (vital), E (essential) or D (desirable).")] = None,
    unit: Annotated[str | None, typer.Option(help="piece, m, kg ...")] = None,
    part_class: Annotated[str | None, typer.Option("--class", help="Group of parts that are asked for alike.")] = None,
    lead_days: Annotated[
        tuple[float, float] | None, typer.Option(help="Half, and nine in ten deliveries, come within so many days.")
    ] = None,
    shelf_life_days: Annotated[float | None, typer.Option(help="How long it keeps.", min=0.0)] = None,
    substitute: Annotated[list[str] | None, typer.Option(help="A part that does instead; also several.")] = None,
    contains: Annotated[list[str] | None, typer.Option(help="Of a kit: PART=PIECES; also several.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Make the card of a part, or change what is named of it."""
    fields: dict[str, Any] = {
        "name": name,
        "price": price,
        "kind": kind,
        "ved": ved,
        "unit": unit,
        "part_class": part_class,
        "shelf_life_days": shelf_life_days,
        "substitutes": substitute,
        "contains": [_line(text) for text in contains] if contains else None,
        **({} if lead_days is None else {"lead_p50_days": lead_days[0], "lead_p90_days": lead_days[1]}),
    }
    with connected(state_dir) as client:
        one = client.save_part(part, **{key: value for key, value in fields.items() if value is not None})
    told(one, [_part(one)], as_json)


@stock_app.command("places")
def stock_places(
    save: Annotated[str | None, typer.Option(help="Make or change this one (room/shelf).")] = None,
    name: Annotated[str, typer.Option(help="With --save: what it is called.")] = "",
    unusable: Annotated[bool, typer.Option("--unusable", help="With --save: what lies there is never issued.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Stores and shelves, and what each holds."""
    with connected(state_dir) as client:
        rows = records(client.stock_places() if save is None else client.save_place(save, name, not unusable))
    lines = [
        f"{row['id']:<24} {row['parts']:>6} parts {row['pieces']:>8} pieces {row['value']:>12,.2f}"
        f"  {row['name']}{'' if row['usable'] else '  (not usable)'}"
        for row in rows
    ]
    told({"places": rows}, lines, as_json)


@stock_app.command("moves")
def stock_moves(
    part: Annotated[str | None, typer.Option(help="Of this part.")] = None,
    order: Annotated[str | None, typer.Option(help="Of this order.")] = None,
    reason: Annotated[list[str] | None, typer.Option(help="Such as receipt, issue, count; also several.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the newest.", min=1, max=500)] = 50,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """The ledger, newest first."""
    with connected(state_dir) as client:
        rows = records(client.stock_moves(part, order, limit, **({"reason": reason} if reason else {})))
    told({"moves": rows}, [_move(row) for row in rows], as_json, "nothing was moved")


@stock_app.command("receive")
def stock_receive(
    part: PartArg,
    pieces: Quantity,
    to: Annotated[str, typer.Option(help="Store or shelf.")] = "main",
    cost: Annotated[float | None, typer.Option(help="Of one piece (default: the price on the card).", min=0.0)] = None,
    batch: Annotated[str, typer.Option(help="Pieces that came together.")] = "",
    expires: Annotated[str | None, typer.Option(help="Last day, ISO 8601 with a zone.")] = None,
    serial: Serial = "",
    note: Note = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Take in what a supplier brought; who waits for it is served at once."""
    with connected(state_dir) as client:
        move = client.receive(part, pieces, to, unit_cost=cost, batch=batch, expires=expires, serial=serial, note=note)
    told(move, [_move(move)], as_json)


@stock_app.command("move")
def stock_move(
    reason: Annotated[str, typer.Argument(help="transfer, scrap, to_supplier, remove, opening or correction.")],
    part: Annotated[str | None, typer.Argument(metavar="PART", help="Id of the part; of a correction none.")] = None,
    pieces: Annotated[int | None, typer.Argument(metavar="PIECES", help="How many.", min=1)] = None,
    from_: Annotated[str | None, typer.Option("--from", help="Place.")] = None,
    to: Annotated[str | None, typer.Option(help="Place.")] = None,
    corrects: Annotated[int | None, typer.Option(help="Number of the move that was a mistake.")] = None,
    batch: Annotated[str, typer.Option(help="Which batch.")] = "",
    serial: Serial = "",
    note: Note = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Book another move: a transfer, scrap, a return to the supplier, a correction."""
    more: dict[str, Any] = {"from": from_, "to": to, "corrects": corrects}
    with connected(state_dir) as client:
        move = client.book_move(reason, part, pieces, batch=batch, serial=serial, note=note, **more)
    told(move, [_move(move)], as_json)


@stock_app.command("order")
def stock_order(order: OrderArg, state_dir: StateDir = None, as_json: Json = False) -> None:
    """The parts of an order: put aside, waited for, in hand, moved."""
    with connected(state_dir) as client:
        one = client.order_parts(order)
    told(one, _order(one), as_json)


@stock_app.command("reserve")
def stock_reserve(
    order: OrderArg,
    parts: Annotated[list[str] | None, typer.Argument(metavar="PART=PIECES", help="None: all of the order.")] = None,
    needed_by: Annotated[str | None, typer.Option(help="ISO 8601 time with a zone.")] = None,
    release: Annotated[bool, typer.Option("--release", help="Give free instead what was not handed out.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Put parts aside for an order, in total; what is short waits."""
    lines = [_line(text) for text in parts or []]
    with connected(state_dir) as client:
        if not release:
            one = client.reserve_parts(order, lines, needed_by)
        for part in [line["part"] for line in lines] or [None] if release else ():
            one = client.release_parts(order, part)
    told(one, _order(one), as_json)


@stock_app.command("issue")
def stock_issue(
    order: OrderArg,
    part: PartArg,
    pieces: Quantity = 1,
    serial: Serial = "",
    batch: Annotated[str, typer.Option(help="Which batch (default: what expires first).")] = "",
    place: Place = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Hand pieces out to an order; their cost goes onto it."""
    with connected(state_dir) as client:
        moves = client.issue_part(order, part, pieces, serial=serial, batch=batch, place=place)
    told({"moves": moves}, [_move(move) for move in moves], as_json)


@stock_app.command("return")
def stock_return(
    order: OrderArg,
    part: PartArg,
    pieces: Quantity = 1,
    broken: Annotated[bool, typer.Option("--broken", help="It cannot be used: to quarantine.")] = False,
    serial: Serial = "",
    place: Place = "",
    note: Note = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Take back what an order has in hand and did not use."""
    with connected(state_dir) as client:
        moves = client.return_part(order, part, pieces, usable=not broken, serial=serial, place=place, note=note)
    told({"moves": moves}, [_move(move) for move in moves], as_json)


@stock_app.command("use")
def stock_use(
    order: OrderArg,
    part: Annotated[str | None, typer.Argument(metavar="PART", help="None: all that the order has in hand.")] = None,
    pieces: Annotated[int | None, typer.Argument(metavar="PIECES", help="How many.", min=1)] = None,
    serial: Serial = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Note that pieces were built in or used up."""
    with connected(state_dir) as client:
        moves = client.use_parts(order, part, pieces, serial)
    told({"moves": moves}, [_move(move) for move in moves], as_json, "the order has nothing in hand")


@stock_app.command("waiting")
def stock_waiting(
    part: Annotated[str | None, typer.Argument(metavar="PART", help="For this part only.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Who waits for what, in the order in which they are served."""
    with connected(state_dir) as client:
        rows = records(client.parts_waiting(part))
    lines = [
        f"{row['part']:<20} {row['quantity']:>5} for {row['number']} of {row['asset']}, priority {row['priority']}"
        f"{_by(row['needed_by'])}; {row['available']} free now"
        for row in rows
    ]
    told({"waiting": rows}, lines, as_json, "nobody waits for parts")


@stock_app.command("kit")
def stock_kit(
    kit: PartArg,
    pieces: Quantity = 1,
    place: Place = "main",
    apart: Annotated[bool, typer.Option("--apart", help="Take apart instead.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Make kits of the parts that they contain."""
    with connected(state_dir) as client:
        moves = client.make_kits(kit, pieces, place, apart)
    told({"moves": moves}, [_move(move) for move in moves], as_json)


@stock_app.command("serials")
def stock_serials(
    part: PartArg,
    serial: Annotated[str | None, typer.Argument(metavar="SERIAL", help="The life of this piece.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Pieces of a rotable and where each one is; with a number, its life."""
    with connected(state_dir) as client:
        rows = records(client.serials(part) if serial is None else client.serial_history(part, serial))
    lines = [
        f"{row['serial']:<20} {row['place']}{' in ' + row['asset'] if row['asset'] else ''} since {row['since']}"
        if serial is None
        else _move(row)
        for row in rows
    ]
    told({"serials" if serial is None else "moves": rows}, lines, as_json, "there are none")


def records(table: DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as JSON has them, times in ISO 8601."""
    if not len(table):
        return []
    named = table.reset_index() if table.index.name is not None else table
    text = named.to_json(orient="records", date_format="iso", date_unit="s")
    rows: list[dict[str, Any]] = json.loads(text or "[]")
    return rows


def _line(text: str) -> dict[str, Any]:
    """PART=PIECES, or PART alone for one.

    >>> _line("6205=2"), _line("6205")
    ({'part': '6205', 'quantity': 2}, {'part': '6205', 'quantity': 1})
    """
    part, equals, pieces = text.rpartition("=")
    if not equals:
        return {"part": text, "quantity": 1}
    if not pieces.isdigit():
        raise Rejected("part_line", f"{text!r} is no PART=PIECES, such as 6205=2")
    return {"part": part, "quantity": int(pieces)}


def _part(row: dict[str, Any]) -> str:
    coming = f" on order {row['on_order']}" if row["on_order"] else ""
    amounts = f"{row['on_hand']:>6} on hand {row['reserved']:>5} put aside {row['available']:>6} free{coming}"
    return f"{row['id']:<20} {amounts} {row['value']:>12,.2f}  {row['name']}"


def _asset_part(row: dict[str, Any]) -> str:
    why = "; ".join(_need(need) for need in row["needs"])
    there = f"{row['on_hand']:>5} on hand" if row["known"] else "  no card"
    return f"{row['part']:<20} {row['quantity']:>3} a job {there}  {row['name']}  ({why})"


def _need(need: dict[str, Any]) -> str:
    modes = f" ({', '.join(need['failure_modes'])})" if need["failure_modes"] else ""
    via = f", as {' in '.join(need['via'])}" if need["via"] else ""
    return f"{need['source']} {need['name']}{' of ' + need['asset'] if need['asset'] else ''}{modes}{via}"


def _move(row: dict[str, Any]) -> str:
    what = f"{row['quantity']} x {row['part']}{' ' + row['serial'] if row['serial'] else ''}"
    about = f"  {row['note']}" if row["note"] else ""
    return f"{row['seq']:>6}  {row['at'][:16]}  {row['reason']:<10} {what}: {row['from']} to {row['to']}{about}"


def _order(one: dict[str, Any]) -> list[str]:
    lines = [f"{one['number']}  {one['status']}"]
    for mine in one["reservations"]:
        instead = f" instead of {mine['substitute_for']}" if mine["substitute_for"] else ""
        lines.append(f"  {mine['state']:<9} {mine['quantity']} x {mine['part']}{instead}, {mine['taken']} handed out")
    lines += [f"  in hand   {pieces} x {part}" for part, pieces in one["in_hand"].items()]
    return lines


def _by(time: str | None) -> str:
    return f", needed by {time[:10]}" if time else ""


def _until(time: str | None) -> str:
    return f"  until {time[:10]}" if time else ""
