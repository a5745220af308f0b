"""`forewarn purchases`: purchase orders, their dates, receipts and invoices, by way of the running server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from forewarn.api.cli_server import connected, told
from forewarn.core.errors import Rejected

StateDir = Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
SupplierArg = Annotated[str, typer.Argument(metavar="SUPPLIER", help="Id of the supplier.")]
OrderArg = Annotated[str, typer.Argument(metavar="PURCHASE", help="Number, for instance PO-000001.")]
Note = Annotated[str, typer.Option(help="Why, or what else is to be known; it is kept in the record.")]
Proposals = Annotated[list[int], typer.Option("--proposal", help="Number of an approved proposal; also several.")]

purchases_app = typer.Typer(help="Purchase orders: send, confirm, receive, inspect, bill.", no_args_is_help=True)


@purchases_app.command("list")
def purchases_list(
    status: Annotated[list[str] | None, typer.Option(help="DRAFT, APPROVED, SENT, CONFIRMED, PARTLY, ...")] = None,
    supplier: Annotated[str | None, typer.Option("--supplier", help="Of one supplier.")] = None,
    part: Annotated[str | None, typer.Option(help="With one part.")] = None,
    order: Annotated[str | None, typer.Option(help="That a work order waits for.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Purchase orders, newest first."""
    query = {"status": status, "supplier": supplier, "part": part, "order": order}
    with connected(state_dir) as client:
        found = client.purchases(**{k: v for k, v in query.items() if v})
    told({"purchases": found}, [purchase_lines(one)[0] for one in found], as_json, "nothing is ordered")


@purchases_app.command("show")
def purchases_show(order: OrderArg, state_dir: StateDir = None, as_json: Json = False) -> None:
    """One purchase order: lines, receipts, invoices, what may be done."""
    with connected(state_dir) as client:
        one = client.purchase(order)
    lines = purchase_lines(one)
    for receipt in one["receipts"]:
        came = "; ".join(
            f"{x['counted']} x {x['part']}: {x['accepted']} to the shelf, {x['quarantined']} in quarantine,"
            f" {x['returned']} back"
            for x in receipt["lines"]
        )
        lines.append(f"  receipt {receipt['id']}, delivery note {receipt['note']}: {came}")
    lines += [f"  invoice {x['number']}: {x['total']:,.2f} {one['currency']}" for x in one["invoices"]]
    lines.append(f"  may become: {', '.join(one['allowed_actions']) or 'nothing more by hand'}")
    told(one, lines, as_json)


@purchases_app.command("direct")
def purchases_direct(
    supplier: SupplierArg,
    proposal: Proposals,
    terms: Annotated[list[str], typer.Option(help="PART=PRICE,P50,P90 (days); also several.")],
    note: Note,
    freight: Annotated[float, typer.Option(help="Once for the delivery.")] = 0.0,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Draft an order of approved proposals without asking for quotes, for a reason."""
    with connected(state_dir) as client:
        made = client.order_directly(proposal, supplier, [_terms(one) for one in terms], note, freight)
    told(made, purchase_lines(made), as_json)


@purchases_app.command("letter")
def purchases_letter(
    order: OrderArg,
    csv: Annotated[bool, typer.Option("--csv", help="The table instead of the letter.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """What the supplier is sent."""
    with connected(state_dir) as client:
        letter = client.purchase_letter(order)
    told(letter, [letter["csv" if csv else "text"].rstrip("\n")], as_json)


@purchases_app.command("amend")
def purchases_amend(
    order: OrderArg,
    line: Annotated[int, typer.Argument(metavar="LINE", help="Number of the line.")],
    quantity: Annotated[int | None, typer.Option(help="Pieces.")] = None,
    price: Annotated[float | None, typer.Option(help="Of one piece.")] = None,
    due: Annotated[str | None, typer.Option(help="ISO 8601 time with a zone.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Change a line of a draft."""
    with connected(state_dir) as client:
        done = client.amend_purchase(order, [{"line": line, "quantity": quantity, "unit_price": price, "due": due}])
    told(done, purchase_lines(done), as_json)


@purchases_app.command("move")
def purchases_move(
    order: OrderArg,
    to: Annotated[str, typer.Argument(metavar="STATUS", help="APPROVED, SENT, CONFIRMED, CLOSED, CANCELLED, DRAFT.")],
    note: Note = "",
    rebuy: Annotated[bool, typer.Option("--rebuy/--no-rebuy", help="Propose again what does not come.")] = True,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Move a purchase order to another status."""
    with connected(state_dir) as client:
        done = client.act_on_purchase(order, to.upper(), note, rebuy)
    told(done, purchase_lines(done), as_json)


@purchases_app.command("confirm")
def purchases_confirm(
    order: OrderArg,
    date: Annotated[list[str], typer.Option(help="LINE=TIME, ISO 8601 with a zone; also several.")],
    note: Note = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Take the dates that the supplier confirms or moves; work orders that wait move with them."""
    dates = {int(line): due for line, due in (pair(one) for one in date)}
    with connected(state_dir) as client:
        done = client.confirm_dates(order, dates, note)
    told(done, purchase_lines(done), as_json)


@purchases_app.command("receive")
def purchases_receive(
    order: OrderArg,
    delivery_note: Annotated[str, typer.Argument(metavar="NOTE", help="Number of the delivery note.")],
    line: Annotated[list[str], typer.Option(help="LINE=COUNTED[,QUARANTINE[,BACK]]; the rest goes to the shelf.")],
    place: Annotated[str, typer.Option(help="The shelf (default: the main store).")] = "",
    fault: Annotated[str, typer.Option(help="none, damaged, too_many, bad_quality.")] = "none",
    keep_surplus: Annotated[bool, typer.Option("--keep-surplus", help="Take more than is open.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Receive what came under a delivery note: shelf, quarantine, or back. The same note counts once."""
    with connected(state_dir) as client:
        parts = {one["line"]: one["part"] for one in client.purchase(order)["lines"]}
        more = {"place": place, "fault": fault, "keep_surplus": keep_surplus}
        done = client.receive_goods(order, delivery_note, *({**_counted(one, parts), **more} for one in line))
    told(done, purchase_lines(done), as_json)


@purchases_app.command("inspect")
def purchases_inspect(
    order: OrderArg,
    receipt: Annotated[int, typer.Argument(metavar="RECEIPT", help="Number of the receipt.")],
    seq: Annotated[int, typer.Argument(metavar="LINE", help="Line of the receipt.")],
    accepted: Annotated[int, typer.Option(help="Pieces that go to the shelf.")] = 0,
    returned: Annotated[int, typer.Option(help="Pieces that go back to the supplier.")] = 0,
    note: Note = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Pieces leave quarantine."""
    with connected(state_dir) as client:
        done = client.inspect_goods(order, receipt, seq, accepted=accepted, returned=returned, note=note)
    told(done, purchase_lines(done), as_json)


@purchases_app.command("invoice")
def purchases_invoice(
    order: OrderArg,
    number: Annotated[str, typer.Argument(metavar="INVOICE", help="Number of the invoice.")],
    line: Annotated[list[str], typer.Option(help="LINE=PIECES,PRICE; also several.")],
    freight: Annotated[float, typer.Option(help="Freight that is billed.")] = 0.0,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Hold an invoice against order and receipts."""
    lines = [_billed(one) for one in line]
    with connected(state_dir) as client:
        done = client.take_invoice(order, number, lines, freight)
    told(done, [one["text"] for one in done["differences"]] or ["as ordered and received"], as_json)


def pair(text: str) -> tuple[str, str]:
    """NAME=VALUE. Raises Rejected for something else."""
    name, found, value = text.partition("=")
    if not found or not name or not value:
        raise Rejected("option", f"{text!r}: NAME=VALUE is expected")
    return name, value


def numbers(text: str, least: int, most: int) -> list[float]:
    """So many numbers with commas between them. Raises Rejected for something else."""
    try:
        found = [float(one) for one in text.split(",")]
    except ValueError as error:
        raise Rejected("option", f"{text!r}: numbers with commas between them are expected") from error
    if not least <= len(found) <= most:
        raise Rejected("option", f"{text!r}: {least} to {most} numbers are expected")
    return found


def _terms(text: str) -> dict[str, Any]:
    part, value = pair(text)
    price, p50, p90 = numbers(value, 3, 3)
    return {"part": part, "unit_price": price, "lead_p50_days": p50, "lead_p90_days": p90}


def _counted(text: str, parts: dict[int, str]) -> dict[str, Any]:
    name, value = pair(text)
    line, told = int(numbers(name, 1, 1)[0]), [int(x) for x in numbers(value, 1, 3)]
    if line not in parts:
        raise Rejected("unknown_line", f"the order has lines {', '.join(map(str, parts))} only")
    counted, quarantined, returned = [*told, 0, 0][:3]
    shelf = counted - quarantined - returned
    told_line = {"line": line, "part": parts[line], "counted": counted, "accepted": shelf}
    return {**told_line, "quarantined": quarantined, "returned": returned}


def _billed(text: str) -> dict[str, Any]:
    line, value = pair(text)
    count, price = numbers(value, 2, 2)
    return {"line": int(numbers(line, 1, 1)[0]), "quantity": int(count), "unit_price": price}


def purchase_lines(one: dict[str, Any]) -> list[str]:
    """A purchase order for a person: its head, and a line for each of its lines."""
    head = f"{one['number']}  {one['status']:<9} {one['supplier']:<16} {one['total']:,.2f} {one['currency']}"
    lines = [
        f"  {x['line']}. {x['quantity']} x {x['part']} at {x['unit_price']:,.2f}, {x['open']} open"
        f"{', due ' + x['due'][:10] if x['due'] else ''}"
        for x in one["lines"]
    ]
    return [head, *lines]
