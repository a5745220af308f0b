"""Purchase orders, receipts and invoices to rows and back, within one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from forewarn.core.buying import (
    UNDER_WAY,
    Invoice,
    PurchaseLine,
    PurchaseOrder,
    PurchaseStatus,
    Receipt,
    ReceiptFault,
    ReceiptLine,
)
from forewarn.core.errors import Conflict
from forewarn.maintenance.buying.buying_json import as_json, needs_from
from forewarn.maintenance.buying.rows import AskingRows
from forewarn.maintenance.buying.tables import (
    INVOICE,
    PURCHASE,
    PURCHASE_FOR,
    PURCHASE_LINE,
    RECEIPT,
    RECEIPT_LINE,
)

HEAD = ("number", "supplier", "revision", "rfq", "created_at_us", "updated_at_us", "sent_at_us", "currency", "freight",
        "approved_by", "why", "note")  # fmt: skip
MOVED = ("accepted", "quarantined", "returned")


@dataclass(frozen=True, slots=True)
class WaitsFor:
    """A work order that waits for a line: the step of purchasing that tells it, and the date that it was told."""

    purchase: str
    line: int
    order_id: str
    quantity: int
    step: int | None = None
    told_us: int | None = None
    over: bool = False


class BuyingRows(AskingRows):
    """Everything of buying on one connection."""

    def purchase(self, id: str) -> PurchaseOrder | None:
        """One purchase order by id or number, with what was received."""
        found = self._purchases((PURCHASE.c.id == id) | (PURCHASE.c.number == id))
        return found[0] if found else None

    def purchases(
        self,
        statuses: Sequence[PurchaseStatus] = (),
        supplier: str | None = None,
        part: str | None = None,
        order_id: str | None = None,
        limit: int | None = None,
    ) -> list[PurchaseOrder]:
        """Purchase orders, newest first: in some statuses, of a supplier, with a part, that a work order waits for."""
        where: list[sa.ColumnElement[bool]] = (
            [PURCHASE.c.status.in_([status.value for status in statuses])] if statuses else []
        )
        if supplier is not None:
            where.append(PURCHASE.c.supplier == supplier)
        if part is not None:
            where.append(PURCHASE.c.id.in_(sa.select(PURCHASE_LINE.c.purchase).where(PURCHASE_LINE.c.part == part)))
        if order_id is not None:
            waits = sa.select(PURCHASE_FOR.c.purchase).where(PURCHASE_FOR.c.order_id == order_id)
            where.append(PURCHASE.c.id.in_(waits))
        return self._purchases(*where, limit=limit)

    def bought_from(self) -> dict[str, str]:
        """The supplier that each part was bought from last, by part; cancelled orders do not count."""
        query = (
            sa.select(PURCHASE_LINE.c.part, PURCHASE.c.supplier)
            .join(PURCHASE, PURCHASE.c.id == PURCHASE_LINE.c.purchase)
            .where(PURCHASE.c.status != PurchaseStatus.CANCELLED.value)
            .order_by(PURCHASE.c.created_at_us, PURCHASE.c.number)
        )
        return {row.part: row.supplier for row in self.connection.execute(query)}

    def keep_purchase(self, order: PurchaseOrder) -> None:
        """Insert (revision 1) or replace at the revision before. What was received stands elsewhere."""
        values = {name: getattr(order, name) for name in HEAD}
        self._keep(
            PURCHASE,
            PURCHASE.c.id == order.id,
            {"id": order.id},
            {**values, "status": order.status.value},
            f"purchase order {order.number}",
        )
        known = {row.line for row in self.connection.execute(_lines_of(order.id))}
        for line in order.lines:
            mine = (PURCHASE_LINE.c.purchase == order.id) & (PURCHASE_LINE.c.line == line.line)
            if line.line in known:
                self.connection.execute(PURCHASE_LINE.update().where(mine).values(_line_values(line)))
            else:
                row = {"purchase": order.id, "line": line.line, **_line_values(line)}
                self.connection.execute(PURCHASE_LINE.insert(), row)
                self._add_waiting(order.id, line)

    def _add_waiting(self, purchase: str, line: PurchaseLine) -> None:
        wanted: dict[str, int] = {}
        for need in line.needs:
            if need.order_id is not None:
                wanted[need.order_id] = wanted.get(need.order_id, 0) + need.quantity
        for order_id, quantity in wanted.items():
            row = {"purchase": purchase, "line": line.line, "order_id": order_id, "quantity": quantity, "over": False}
            self.connection.execute(PURCHASE_FOR.insert(), row)

    def overdue(self, now_us: int) -> list[tuple[PurchaseOrder, PurchaseLine]]:
        """Lines with open pieces whose due date has passed and was not told yet, the first due first."""
        line, statuses = PURCHASE_LINE.c, [status.value for status in UNDER_WAY]
        untold = line.warned_us.is_(None) | (line.warned_us != line.due_us)
        query = sa.select(line.purchase, line.line).join(PURCHASE, PURCHASE.c.id == line.purchase)
        query = query.where(PURCHASE.c.status.in_(statuses), line.due_us < now_us, untold)
        found = []
        for row in self.connection.execute(query.order_by(line.due_us, line.purchase, line.line)).all():
            order = self.purchase(row.purchase)
            late = order.line(row.line) if order is not None else None
            if order is not None and late is not None and late.open:
                found.append((order, late))
        return found

    def warned(self, purchase: str, line: PurchaseLine) -> None:
        """Its due date was told to have passed."""
        mine = (PURCHASE_LINE.c.purchase == purchase) & (PURCHASE_LINE.c.line == line.line)
        self.connection.execute(PURCHASE_LINE.update().where(mine).values(warned_us=line.due_us))

    def waits(self, purchase: str | None = None, order_id: str | None = None, live: bool = True) -> list[WaitsFor]:
        """Work orders that wait for lines; `live`: those that are not over yet."""
        query = sa.select(PURCHASE_FOR)
        if purchase is not None:
            query = query.where(PURCHASE_FOR.c.purchase == purchase)
        if order_id is not None:
            query = query.where(PURCHASE_FOR.c.order_id == order_id)
        if live:
            query = query.where(PURCHASE_FOR.c.over.is_(False))
        ordered = query.order_by(PURCHASE_FOR.c.purchase, PURCHASE_FOR.c.line, PURCHASE_FOR.c.order_id)
        return [WaitsFor(**{**row._asdict(), "over": bool(row.over)}) for row in self.connection.execute(ordered)]

    def keep_wait(self, one: WaitsFor) -> None:
        """Note step, told date and end."""
        key = PURCHASE_FOR.c
        mine = (key.purchase == one.purchase) & (key.line == one.line) & (key.order_id == one.order_id)
        values = {"step": one.step, "told_us": one.told_us, "over": one.over}
        self.connection.execute(PURCHASE_FOR.update().where(mine).values(values))

    def receipts(self, purchase: str) -> list[Receipt]:
        """Receipts of a purchase order by id, oldest first."""
        return self.receipts_of([purchase])[purchase]

    def receipts_of(self, purchases: Sequence[str]) -> dict[str, list[Receipt]]:
        """Receipts of many purchase orders by id, oldest first."""
        found: dict[str, list[Receipt]] = {id: [] for id in purchases}
        for receipt in self._receipts(RECEIPT.c.purchase.in_(purchases)):
            found[receipt.purchase].append(receipt)
        return found

    def receipt_of(self, purchase: str, note: str) -> tuple[Receipt, str] | None:
        """The receipt under a delivery note, and the digest of what was told."""
        found = self._receipts((RECEIPT.c.purchase == purchase) & (RECEIPT.c.note == note))
        digest = sa.select(RECEIPT.c.digest).where(RECEIPT.c.purchase == purchase, RECEIPT.c.note == note)
        return (found[0], str(self.connection.execute(digest).scalar_one())) if found else None

    def add_receipt(self, new: Receipt, digest: str) -> Receipt:
        """Keep a receipt. Raises Conflict when this note was received elsewhere just now."""
        row = {"purchase": new.purchase, "note": new.note, "at_us": new.at_us, "by": new.by, "digest": digest}
        try:
            made = self.connection.execute(RECEIPT.insert(), row)
        except IntegrityError as error:
            raise Conflict(f"the delivery note {new.note} was received elsewhere just now: read it again") from error
        assert made.inserted_primary_key is not None
        kept = replace(new, id=int(made.inserted_primary_key[0]))
        for line in kept.lines:
            self.connection.execute(RECEIPT_LINE.insert(), {"receipt": kept.id, "seq": line.seq, **_came(line)})
        return kept

    def keep_receipt_line(self, receipt: int, line: ReceiptLine) -> None:
        """Pieces of quarantine moved on."""
        mine = (RECEIPT_LINE.c.receipt == receipt) & (RECEIPT_LINE.c.seq == line.seq)
        self.connection.execute(RECEIPT_LINE.update().where(mine).values(_came(line)))

    def add_invoice(self, invoice: Invoice) -> None:
        """Keep an invoice. Raises Conflict when this number of the supplier is there."""
        row = {"supplier": invoice.supplier, "number": invoice.number, "purchase": invoice.purchase}
        body = as_json({"lines": invoice.lines, "freight": invoice.freight})
        try:
            self.connection.execute(INVOICE.insert(), {**row, "at_us": invoice.at_us, "body": body})
        except IntegrityError as error:
            raise Conflict(f"the invoice {invoice.number} of {invoice.supplier} is there already") from error

    def invoices(self, purchase: str) -> list[Invoice]:
        """Invoices for a purchase order, oldest first."""
        query = sa.select(INVOICE).where(INVOICE.c.purchase == purchase).order_by(INVOICE.c.at_us, INVOICE.c.number)
        return [_invoice(row) for row in self.connection.execute(query)]

    def _purchases(self, *where: sa.ColumnElement[bool], limit: int | None = None) -> list[PurchaseOrder]:
        newest = sa.select(PURCHASE).where(*where).order_by(PURCHASE.c.created_at_us.desc(), PURCHASE.c.number.desc())
        rows = self.connection.execute(newest.limit(limit) if limit else newest).all()
        ids = [row.id for row in rows]
        came = self._came(ids)
        lines: dict[str, list[PurchaseLine]] = {id: [] for id in ids}
        query = sa.select(PURCHASE_LINE).where(PURCHASE_LINE.c.purchase.in_(ids)).order_by(PURCHASE_LINE.c.line)
        for row in self.connection.execute(query):
            lines[row.purchase].append(_line(row, came.get((row.purchase, row.line), {})))
        return [_purchase(row, lines[row.id]) for row in rows]

    def _came(self, ids: Sequence[str]) -> dict[tuple[str, int], dict[str, int]]:
        """Received pieces by purchase order and line."""
        sums = [sa.func.sum(RECEIPT_LINE.c[name]).label(name) for name in MOVED]
        joined = RECEIPT_LINE.join(RECEIPT, RECEIPT.c.id == RECEIPT_LINE.c.receipt)
        query = sa.select(RECEIPT.c.purchase, RECEIPT_LINE.c.line, *sums).select_from(joined)
        query = query.where(RECEIPT.c.purchase.in_(ids), RECEIPT_LINE.c.line.is_not(None))
        rows = self.connection.execute(query.group_by(RECEIPT.c.purchase, RECEIPT_LINE.c.line))
        return {(row.purchase, row.line): {name: int(getattr(row, name)) for name in MOVED} for row in rows}

    def _receipts(self, where: sa.ColumnElement[bool]) -> list[Receipt]:
        rows = self.connection.execute(sa.select(RECEIPT).where(where).order_by(RECEIPT.c.id)).all()
        lines: dict[int, list[ReceiptLine]] = {row.id: [] for row in rows}
        joined = sa.select(RECEIPT_LINE).join(RECEIPT, RECEIPT.c.id == RECEIPT_LINE.c.receipt).where(where)
        for one in self.connection.execute(joined.order_by(RECEIPT_LINE.c.receipt, RECEIPT_LINE.c.seq)):
            told = {name: getattr(one, name) for name in ReceiptLine.__dataclass_fields__}
            serials = tuple(json.loads(one.serials))
            lines[one.receipt].append(ReceiptLine(**{**told, "fault": ReceiptFault(one.fault), "serials": serials}))
        return [Receipt(row.id, row.purchase, row.note, row.at_us, row.by, tuple(lines[row.id])) for row in rows]


def _lines_of(purchase: str) -> sa.Select[tuple[int]]:
    return sa.select(PURCHASE_LINE.c.line).where(PURCHASE_LINE.c.purchase == purchase)


def _line_values(line: PurchaseLine) -> dict[str, object]:
    names = ("part", "quantity", "unit_price", "promised_us", "due_us", "waived")
    more = {name: getattr(line, name) for name in ("needs", "lead_p50_days", "lead_p90_days")}
    return {**{name: getattr(line, name) for name in names}, "body": as_json(more)}


def _line(row: sa.Row[tuple[object, ...]], came: dict[str, int]) -> PurchaseLine:
    told = json.loads(row.body)
    return PurchaseLine(
        row.line, row.part, row.quantity, row.unit_price, needs_from(told["needs"]), row.promised_us, row.due_us,
        told["lead_p50_days"], told["lead_p90_days"], row.waived, **came,
    )  # fmt: skip


def _purchase(row: sa.Row[tuple[object, ...]], lines: Sequence[PurchaseLine]) -> PurchaseOrder:
    fields = {name: getattr(row, name) for name in HEAD}
    return PurchaseOrder(id=row.id, status=PurchaseStatus(row.status), lines=tuple(lines), **fields)


def _came(line: ReceiptLine) -> dict[str, object]:
    fields = {name: getattr(line, name) for name in ReceiptLine.__dataclass_fields__ if name != "seq"}
    return {**fields, "fault": line.fault.value, "serials": as_json(line.serials)}


def _invoice(row: sa.Row[tuple[object, ...]]) -> Invoice:
    told = json.loads(row.body)
    lines = tuple((line, quantity, price) for line, quantity, price in told["lines"])
    return Invoice(row.supplier, row.number, row.purchase, row.at_us, lines, told["freight"])
