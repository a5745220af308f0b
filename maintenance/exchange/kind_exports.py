"""Tables that only go out: work orders, moves of stock, lines of purchase orders, figures. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from forewarn.core.buying import PurchaseOrder
from forewarn.core.stock import StockMove
from forewarn.core.work import WorkOrder
from forewarn.maintenance.analysis.answers import Answer
from forewarn.maintenance.analysis.definitions import DEFINITIONS
from forewarn.maintenance.exchange.cells import Record
from forewarn.maintenance.exchange.converters import Moment, Number, Text
from forewarn.maintenance.exchange.kinds import Column, TableKind
from forewarn.maintenance.exchange.several import Items
from forewarn.maintenance.people.plain_people import iso

LONG = Text(2000)


def _text(name: str, help: str) -> Column:
    return Column(name, help, LONG, "", read_only=True)


def _number(name: str, help: str, unit: str = "") -> Column:
    return Column(name, help, Number(), "", unit=unit, read_only=True)


def _time(name: str, help: str) -> Column:
    return Column(name, help, Moment(), "", read_only=True)


ORDERS = TableKind(
    "orders",
    "Orders",
    "One row is one work order, newest first.",
    (
        _text("number", "its number"),
        _text("asset", "machine"),
        _text("kind", "kind of order"),
        _text("status", "status"),
        _number("priority", "1 (first) to 5"),
        _text("title", "title"),
        Column("faults", "what it is about", Items(), "", read_only=True),
        _time("created", "when it was made"),
        _time("updated", "when it last changed"),
        _time("order_by", "parts are ordered by then"),
        _time("start_by", "work begins by then"),
        _number("planned_hours", "hours of repair that are planned", "h"),
        _number("planned_cost", "cost of its plan", "money"),
        _text("currency", "of the cost"),
        _text("verification", "did the repair show in the signals"),
        _text("finding", "was the suspicion true"),
    ),
    exported=True,
)

MOVES = TableKind(
    "moves",
    "Moves",
    "One row is one move of the stock ledger, newest first.",
    (
        _number("seq", "number of the move"),
        _time("at", "when it was booked"),
        _text("part", "number of the part"),
        _text("from_place", "from where"),
        _text("to_place", "to where"),
        _number("quantity", "pieces"),
        _text("reason", "why"),
        _text("order", "work order, by its id"),
        _number("unit_cost", "of one piece", "money"),
        _number("amount", "of all pieces", "money"),
        _text("batch", "batch"),
        _text("serial", "serial number"),
        _text("by", "who moved it"),
        _text("note", "note"),
    ),
    exported=True,
)

PURCHASES = TableKind(
    "purchases",
    "Purchase orders",
    "One row is one line of a purchase order, newest order first.",
    (
        _text("number", "number of the purchase order"),
        _number("line", "number of the line"),
        _text("supplier", "number of the supplier"),
        _text("status", "status"),
        _text("part", "number of the part"),
        _number("quantity", "pieces that were ordered"),
        _number("unit_price", "of one piece", "money"),
        _text("currency", "of the price"),
        _number("accepted", "pieces that were taken in"),
        _number("quarantined", "pieces in quarantine"),
        _number("returned", "pieces that went back"),
        _time("promised", "first promised day"),
        _time("due", "day that counts now"),
        _time("created", "when it was made"),
        _time("sent", "when it was sent"),
    ),
    exported=True,
)

FIGURES = TableKind(
    "figures",
    "Figures",
    "One row is one figure of the year up to now, with its definition.",
    (
        _text("figure", "key"),
        _text("name", "name"),
        _number("value", "value; empty where it cannot be said"),
        _text("unit", "unit; 1 is a share"),
        _number("numerator", "what is counted"),
        _number("denominator", "over what"),
        _number("low", "95 % interval, lower end"),
        _number("high", "95 % interval, upper end"),
        _number("rows", "rows behind it"),
        _number("left_out", "what could not be judged"),
        _text("why", "why it cannot be said"),
        _text("note", "what else to know"),
        _text("definition", "definition"),
    ),
    exported=True,
)


def order_record(order: WorkOrder) -> Record:
    """The row of a work order."""
    finding = order.report.get("finding")
    return {
        "number": order.number,
        "asset": order.asset,
        "kind": order.kind.value,
        "status": order.status.value,
        "priority": order.priority,
        "title": order.title,
        "faults": [str(cause.fault) for cause in order.causes],
        "created": iso(order.created_at_us),
        "updated": iso(order.updated_at_us),
        "order_by": _iso(order.order_by_us),
        "start_by": _iso(order.start_by_us),
        "planned_hours": order.repair_hours,
        "planned_cost": order.planned_cost,
        "currency": order.currency,
        "verification": order.verification.value,
        "finding": finding if isinstance(finding, str) else "",
    }


def move_record(move: StockMove) -> Record:
    """The row of a move."""
    names = (
        "seq",
        "part",
        "from_place",
        "to_place",
        "quantity",
        "unit_cost",
        "amount",
        "batch",
        "serial",
        "by",
        "note",
    )
    told: Record = {name: getattr(move, name) for name in names}
    return {**told, "at": iso(move.at_us), "reason": move.reason.value, "order": move.order or ""}


def purchase_records(order: PurchaseOrder) -> Iterator[Record]:
    """The rows of a purchase order."""
    whole = {
        "number": order.number,
        "supplier": order.supplier,
        "status": order.status.value,
        "currency": order.currency,
        "created": iso(order.created_at_us),
        "sent": _iso(order.sent_at_us),
    }
    names = ("line", "part", "quantity", "unit_price", "accepted", "quarantined", "returned")
    for line in order.lines:
        told: Record = {name: getattr(line, name) for name in names}
        yield {**whole, **told, "promised": _iso(line.promised_us), "due": _iso(line.due_us)}


def figure_records(answers: Iterable[Answer]) -> Iterator[Record]:
    """The rows of figures."""
    definitions = {definition.key: definition for definition in DEFINITIONS}
    for answer in answers:
        definition = definitions[answer.key]
        names = ("value", "numerator", "denominator", "low", "high", "left_out", "why", "note")
        told: Record = {name: getattr(answer, name) for name in names}
        named = {"figure": answer.key, "name": definition.name, "definition": definition.definition}
        yield {**told, **named, "unit": answer.unit or definition.unit, "rows": len(answer.rows)}


def _iso(at_us: int | None) -> str:
    return "" if at_us is None else iso(at_us)
