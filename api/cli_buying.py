"""`forewarn suppliers | rfqs | purchases | proposals`: buying, by way of the running server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from forewarn.api.cli_purchases import numbers, pair, purchase_lines, purchases_app
from forewarn.api.cli_server import connected, told

StateDir = Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
SupplierArg = Annotated[str, typer.Argument(metavar="SUPPLIER", help="Id of the supplier.")]
ProposalArg = Annotated[int, typer.Argument(metavar="PROPOSAL", help="Number of the proposal.")]
RfqArg = Annotated[str, typer.Argument(metavar="RFQ", help="Number of the request, for instance RFQ-000001.")]
PartArg = Annotated[str, typer.Argument(metavar="PART", help="Id of the part.")]
Note = Annotated[str, typer.Option(help="Why, or what else is to be known; it is kept in the record.")]
Proposals = Annotated[list[int], typer.Option("--proposal", help="Number of an approved proposal; also several.")]

suppliers_app = typer.Typer(help="Who sells parts, and how they have done.", no_args_is_help=True)
proposals_app = typer.Typer(help="What should be bought, with every need behind it.", no_args_is_help=True)
rfqs_app = typer.Typer(help="Requests for quotation: ask, quote, compare, choose.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.add_typer(suppliers_app, name="suppliers")
    app.add_typer(proposals_app, name="proposals")
    app.add_typer(rfqs_app, name="rfqs")
    app.add_typer(purchases_app, name="purchases")


@suppliers_app.command("list")
def suppliers_list(state_dir: StateDir = None, as_json: Json = False) -> None:
    """Every supplier."""
    with connected(state_dir) as client:
        found = client.suppliers()
    lines = [f"{x['id']:<16} {x['name']:<28} {x['email']}{'' if x['active'] else '  not active'}" for x in found]
    told({"suppliers": found}, lines, as_json, "no supplier yet: forewarn suppliers set SUPPLIER --name NAME")


@suppliers_app.command("set")
def suppliers_set(
    supplier: SupplierArg,
    name: Annotated[str | None, typer.Option(help="Name (a new one needs it).")] = None,
    email: Annotated[str | None, typer.Option(help="Where requests and orders go.")] = None,
    contact: Annotated[str | None, typer.Option(help="Person, telephone, address.")] = None,
    active: Annotated[bool | None, typer.Option("--active/--inactive", help="Is anything bought from them?")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Add a supplier, or change one."""
    given = {"name": name, "email": email, "contact": contact, "active": active}
    with connected(state_dir) as client:
        kept = client.save_supplier(supplier, **{k: v for k, v in given.items() if v is not None})
    told(kept, [f"{kept['id']} is kept, revision {kept['revision']}"], as_json)


@suppliers_app.command("score")
def suppliers_score(supplier: SupplierArg, state_dir: StateDir = None, as_json: Json = False) -> None:
    """How a supplier has done: each figure with its definition and how many rows are behind it."""
    with connected(state_dir) as client:
        score = client.supplier_score(supplier)
    lines = [f"{x['name']:<12} {x['text']} ({len(x['rows'])} rows)\n  {x['definition']}" for x in score["figures"]]
    lines += [
        f"{x['part']:<20} {x['p50_days']:.1f} days, {x['p90_days']:.1f} in nine of ten ({x['deliveries']} deliveries)"
        for x in score["leads"]
    ]
    told(score, lines, as_json)


@proposals_app.command("list")
def proposals_list(
    part: Annotated[str | None, typer.Option(help="Of one part.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="open, approved, asked, ordered, dropped.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """What should be bought, and why."""
    with connected(state_dir) as client:
        found = client.buy_proposals(part, state or ())
    told({"proposals": found}, [_proposal(one) for one in found], as_json, "nothing is proposed")


@proposals_app.command("add")
def proposals_add(
    part: PartArg,
    quantity: Annotated[int, typer.Argument(metavar="PIECES", min=1, help="How many.")],
    why: Annotated[str, typer.Option(help="Why.")] = "",
    needed_by: Annotated[str | None, typer.Option(help="ISO 8601 time with a zone.")] = None,
    order: Annotated[str | None, typer.Option(help="Number of the work order that waits for them.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Ask for pieces; they join the open proposal of their part."""
    with connected(state_dir) as client:
        made = client.buy_need(part, quantity, why=why, needed_by=needed_by, order=order)
    told(made, [_proposal(made)], as_json)


@proposals_app.command("approve")
def proposals_approve(
    proposal: ProposalArg, note: Note = "", state_dir: StateDir = None, as_json: Json = False
) -> None:
    """Agree to a proposal, within the limits of cost."""
    with connected(state_dir) as client:
        done = client.settle_proposal(proposal, "approved", note)
    told(done, [_proposal(done)], as_json)


@proposals_app.command("drop")
def proposals_drop(proposal: ProposalArg, note: Note, state_dir: StateDir = None, as_json: Json = False) -> None:
    """Nothing is bought of a proposal."""
    with connected(state_dir) as client:
        done = client.settle_proposal(proposal, "dropped", note)
    told(done, [_proposal(done)], as_json)


@proposals_app.command("on-order")
def proposals_on_order(
    part: Annotated[str | None, typer.Option(help="Of one part.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """What is on its way, by part: on purchase orders, and asked for."""
    with connected(state_dir) as client:
        found = client.pipelines(part)
    lines = [f"{x['part']:<20} {x['on_order']:>6} on order {x['asked']:>6} asked for" for x in found]
    told({"pipelines": found}, lines, as_json, "nothing is on its way")


@rfqs_app.command("list")
def rfqs_list(
    state: Annotated[list[str] | None, typer.Option(help="open, decided, cancelled.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Requests for quotation, newest first."""
    with connected(state_dir) as client:
        found = client.rfqs(state or ())
    told({"rfqs": found}, [_rfq(one) for one in found], as_json, "nobody is asked: forewarn rfqs ask")


@rfqs_app.command("ask")
def rfqs_ask(
    proposal: Proposals,
    supplier: Annotated[list[str], typer.Option("--supplier", help="Id of a supplier; also several.")],
    answer_by: Annotated[str, typer.Option(help="ISO 8601 time with a zone.")],
    late: Annotated[list[str] | None, typer.Option(help="PART=MONEY: what a day after its date costs.")] = None,
    note: Note = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Ask several suppliers for a price of approved proposals; the outbox sends each a letter and a table."""
    with connected(state_dir) as client:
        made = client.ask_suppliers(proposal, supplier, answer_by, late_per_day=_money(late or []), note=note)
    told(made, [_rfq(made)], as_json)


@rfqs_app.command("letter")
def rfqs_letter(
    rfq: RfqArg,
    supplier: SupplierArg,
    csv: Annotated[bool, typer.Option("--csv", help="The table instead of the letter.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """What a supplier is sent."""
    with connected(state_dir) as client:
        letter = client.rfq_letter(rfq, supplier)
    told(letter, [letter["csv" if csv else "text"].rstrip("\n")], as_json)


@rfqs_app.command("quote")
def rfqs_quote(
    rfq: RfqArg,
    supplier: SupplierArg,
    part: PartArg,
    price: Annotated[list[str], typer.Option(help="PRICE of a piece, or PIECES=PRICE from so many on; also several.")],
    p50: Annotated[float, typer.Option(help="Usual days from order to dock.")],
    p90: Annotated[float, typer.Option(help="Days within which nine of ten deliveries come.")],
    least: Annotated[int, typer.Option(help="Least quantity.")] = 1,
    pack: Annotated[int, typer.Option(help="Pieces in a pack.")] = 1,
    freight: Annotated[float, typer.Option(help="Once for the delivery.")] = 0.0,
    valid_until: Annotated[str | None, typer.Option(help="ISO 8601 time with a zone.")] = None,
    note: Note = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Note a supplier's answer for a part."""
    body = {"supplier": supplier, "part": part, "prices": _breaks(price), "lead_p50_days": p50, "lead_p90_days": p90}
    more = {"min_quantity": least, "pack": pack, "freight": freight, "valid_until": valid_until, "note": note}
    with connected(state_dir) as client:
        done = client.add_quotes(rfq, {**body, **more})
    told(done, [_rfq(done)], as_json)


@rfqs_app.command("decline")
def rfqs_decline(rfq: RfqArg, supplier: SupplierArg, state_dir: StateDir = None, as_json: Json = False) -> None:
    """A supplier does not offer."""
    with connected(state_dir) as client:
        done = client.decline_quote(rfq, supplier)
    told(done, [_rfq(done)], as_json)


@rfqs_app.command("compare")
def rfqs_compare(rfq: RfqArg, part: PartArg, state_dir: StateDir = None, as_json: Json = False) -> None:
    """Quotes side by side, the least expected cost first, with the reason and every number."""
    with connected(state_dir) as client:
        offers = client.compare_quotes(rfq, part)
    lines = [f"{x['rank']}. {x['quote']['supplier']}: {x['why']}" for x in offers]
    told({"offers": offers}, lines, as_json, "nobody has answered yet")


@rfqs_app.command("choose")
def rfqs_choose(
    rfq: RfqArg,
    part: PartArg,
    supplier: SupplierArg,
    note: Note = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Choose a supplier for a part: the draft of a purchase order."""
    with connected(state_dir) as client:
        made = client.choose_quote(rfq, part, supplier, note)
    told(made, purchase_lines(made), as_json)


@rfqs_app.command("cancel")
def rfqs_cancel(rfq: RfqArg, note: Note, state_dir: StateDir = None, as_json: Json = False) -> None:
    """Cancel a request; what is not ordered yet is approved again."""
    with connected(state_dir) as client:
        done = client.cancel_rfq(rfq, note)
    told(done, [_rfq(done)], as_json)


def _money(pairs: list[str]) -> dict[str, float]:
    return {part: numbers(value, 1, 1)[0] for part, value in map(pair, pairs)}


def _breaks(prices: list[str]) -> list[dict[str, float]]:
    found = [pair(one) if "=" in one else ("1", one) for one in prices]
    made = [{"from_quantity": int(numbers(n, 1, 1)[0]), "unit_price": numbers(p, 1, 1)[0]} for n, p in found]
    return sorted(made, key=lambda one: one["from_quantity"])


def _proposal(one: dict[str, Any]) -> str:
    why = "; ".join(f"{need['quantity']} for {need['order'] or need['why'] or need['key']}" for need in one["needs"])
    by = f" by {one['needed_by'][:10]}" if one["needed_by"] else ""
    return f"{one['id']:>5}  {one['state']:<9} {one['quantity']} x {one['part']}{by}, {one['cost']:,.2f}  ({why})"


def _rfq(one: dict[str, Any]) -> str:
    parts = ", ".join(f"{line['quantity']} x {line['part']}" for line in one["lines"])
    answered = sum(1 for asked in one["asked"] if asked["answered_at"])
    return f"{one['number']}  {one['state']:<9} {parts}  {answered} of {len(one['asked'])} answered"
