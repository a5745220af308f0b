"""What a supplier is sent: a request for quotation and a purchase order, as text and as CSV. Pure.

Cells that a table program would take for a formula are neutralised with an apostrophe (OWASP, CSV injection).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from forewarn.core.buying import PurchaseOrder
from forewarn.core.quotes import Rfq, Supplier
from forewarn.maintenance.orders.costs import money

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rfq_text(rfq: Rfq, supplier: Supplier) -> str:
    """The letter."""
    lines = [f"  {line.quantity} x {line.part}{_by(line.needed_by_us)}" for line in rfq.lines]
    return "\n".join(
        [
            f"{supplier.name}{f', {supplier.contact}' if supplier.contact else ''}",
            "",
            f"Request for quotation {rfq.number}",
            "Please quote for:",
            *lines,
            "",
            "For each part: unit price with quantity breaks, least quantity, pieces in a pack, freight, validity, and",
            "the delivery time in days, once as usual (half of your deliveries) and once as you would promise it (nine",
            "of ten).",
            f"We need your answer by {day(rfq.answer_by_us)}.",
            *([rfq.note] if rfq.note else []),
        ]
    )


def rfq_csv(rfq: Rfq) -> str:
    """The same as a table to fill in."""
    head = ("rfq", "part", "quantity", "needed_by", "unit_price", "min_quantity", "pack", "freight", "valid_until",
            "lead_p50_days", "lead_p90_days")  # fmt: skip
    rows = [(rfq.number, x.part, x.quantity, _date(x.needed_by_us), *("" for _ in head[4:])) for x in rfq.lines]
    return _table([head, *rows])


def purchase_text(order: PurchaseOrder, supplier: Supplier) -> str:
    """The letter of a purchase order."""
    lines = [
        f"  {x.line}. {x.quantity} x {x.part} at {money(x.unit_price, order.currency)}{_by(x.due_us)}"
        for x in order.lines
    ]
    return "\n".join(
        [
            f"{supplier.name}{f', {supplier.contact}' if supplier.contact else ''}",
            "",
            f"Purchase order {order.number}",
            *lines,
            f"Freight {money(order.freight, order.currency)}; total {money(order.total, order.currency)}",
            "Please confirm the delivery dates, and put our number on the delivery note and the invoice.",
            *([order.note] if order.note else []),
        ]
    )


def purchase_csv(order: PurchaseOrder) -> str:
    """The same as a table."""
    head = ("purchase", "line", "part", "quantity", "unit_price", "currency", "due")
    rows = [
        (order.number, x.line, x.part, x.quantity, x.unit_price, order.currency, _date(x.due_us)) for x in order.lines
    ]
    return _table([head, *rows])


def day(at_us: int) -> str:
    """A moment for people.

    >>> day(1_800_000_000_000_000)
    '2027-01-15 08:00 UTC'
    """
    return f"{EPOCH + timedelta(microseconds=at_us):%Y-%m-%d %H:%M} UTC"


def _by(at_us: int | None) -> str:
    return "" if at_us is None else f", by {day(at_us)}"


def _date(at_us: int | None) -> str:
    return "" if at_us is None else f"{EPOCH + timedelta(microseconds=at_us):%Y-%m-%dT%H:%MZ}"


def _table(rows: Iterable[Iterable[object]]) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows([[_cell(value) for value in row] for row in rows])
    return made.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
