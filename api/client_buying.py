"""Calls of the client about buying: suppliers, proposals, requests for quotation, purchase orders."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

if TYPE_CHECKING:
    import httpx2

Record = dict[str, Any]
PLACE = "/api/buying"


class BuyingCalls(ABC):
    """What `api.client.Client` can ask about buying; field names are those of `schemas_buying` and
    `schemas_purchases`. Errors as there. Times are ISO 8601 with a zone. Purchase orders and requests are named by id
    or number; what is changed is changed as it is now."""

    @abstractmethod
    def _get(self, path: str, query: Record | None = None) -> Any:
        """GET, as JSON."""

    @abstractmethod
    def _once(self, path: str, body: Record, headers: dict[str, str] | None = None, method: str = "POST") -> Record:
        """A change under a key of its own."""

    @abstractmethod
    def _send(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx2.Response:
        """A request, with its headers."""

    def suppliers(self) -> list[Record]:
        """Every supplier (`SupplierOut`), by id."""
        return cast(list[Record], self._get(f"{PLACE}/suppliers"))

    def save_supplier(self, id: str, **told: Any) -> Record:
        """Add a supplier, or change fields of `SupplierIn` of the one that is there (`SupplierOut`)."""
        there = next((one for one in self.suppliers() if one["id"] == id), None)
        known = {k: v for k, v in (there or {}).items() if k not in ("id", "revision")}
        revision = there["revision"] if there else 0
        return self._once(f"{PLACE}/suppliers/{_part(id)}", {**known, **told}, {"If-Match": f'"{revision}"'}, "PUT")

    def supplier_score(self, id: str) -> Record:
        """How a supplier has done (`SupplierScoreOut`)."""
        return cast(Record, self._get(f"{PLACE}/suppliers/{_part(id)}/score"))

    def buy_proposals(self, part: str | None = None, states: Sequence[str] = ()) -> list[Record]:
        """Proposals to buy (`ProposalOut`), oldest first."""
        query: Record = ({"part": part} if part else {}) | ({"state": list(states)} if states else {})
        return cast(list[Record], self._get(f"{PLACE}/proposals", query))

    def buy_need(self, part: str, quantity: int, **more: Any) -> Record:
        """Ask for pieces (`ProposalOut`); `more`: fields of `NeedIn` (why, needed_by, order, key)."""
        return self._once(f"{PLACE}/proposals", {"part": part, "quantity": quantity, **more})

    def settle_proposal(self, id: int, to: str, note: str = "") -> Record:
        """Approve a proposal as it is now, or drop it with a note (`ProposalOut`)."""
        return self._changed(f"{PLACE}/proposals/{id}", "/actions", {"to": to, "note": note})

    def rfqs(self, states: Sequence[str] = ()) -> list[Record]:
        """Requests for quotation (`RfqOut`), newest first."""
        return cast(list[Record], self._get(f"{PLACE}/rfqs", {"state": list(states)} if states else None))

    def rfq(self, id: str) -> Record:
        """One request with its answers and record (`RfqOut`)."""
        return cast(Record, self._get(_rfq(id)))

    def ask_suppliers(self, proposals: Sequence[int], suppliers: Sequence[str], answer_by: str, **more: Any) -> Record:
        """Ask several suppliers for a price (`RfqOut`); `more`: `late_per_day` by part, `note`."""
        body: Record = {"proposals": list(proposals), "suppliers": list(suppliers), "answer_by": answer_by, **more}
        return self._once(f"{PLACE}/rfqs", body)

    def rfq_letter(self, id: str, supplier: str) -> Record:
        """What a supplier is sent (`LetterOut`)."""
        return cast(Record, self._get(f"{_rfq(id)}/letters/{_part(supplier)}"))

    def add_quotes(self, id: str, *quotes: Record) -> Record:
        """Note quotes (`QuoteIn`), all or none (`RfqOut`)."""
        return self._once(f"{_rfq(id)}/quotes", {"quotes": list(quotes)})

    def decline_quote(self, id: str, supplier: str) -> Record:
        """A supplier does not offer (`RfqOut`)."""
        return self._once(f"{_rfq(id)}/decline", {"supplier": supplier})

    def cancel_rfq(self, id: str, reason: str) -> Record:
        """Cancel a request (`RfqOut`)."""
        return self._once(f"{_rfq(id)}/cancel", {"reason": reason})

    def compare_quotes(self, id: str, part: str) -> list[Record]:
        """Quotes for a part side by side, the least expected cost first (`OfferOut`)."""
        return cast(list[Record], self._get(f"{_rfq(id)}/comparison", {"part": part}))

    def choose_quote(self, id: str, part: str, supplier: str, reason: str = "") -> Record:
        """Choose a supplier for a part: the draft of a purchase order (`PurchaseDetail`)."""
        return self._once(f"{_rfq(id)}/choose", {"part": part, "supplier": supplier, "reason": reason})

    def pipelines(self, part: str | None = None) -> list[Record]:
        """What is on order and asked for, by part (`PipelineOut`)."""
        return cast(list[Record], self._get(f"{PLACE}/pipelines", {"part": part} if part else None))

    def purchases(self, **query: Any) -> list[Record]:
        """Purchase orders (`PurchaseRow`), newest first; `query`: status (list), supplier, part, order, limit."""
        return cast(list[Record], self._get(f"{PLACE}/orders", query))

    def purchase(self, id: str) -> Record:
        """One purchase order with receipts, invoices and record (`PurchaseDetail`)."""
        return cast(Record, self._get(_order(id)))

    def order_directly(
        self, proposals: Sequence[int], supplier: str, terms: Sequence[Record], reason: str, freight: float = 0.0
    ) -> Record:
        """Draft an order without quotes (`PurchaseDetail`); `terms`: `TermsIn`."""
        body: Record = {"proposals": list(proposals), "supplier": supplier, "terms": list(terms), "reason": reason}
        return self._once(f"{PLACE}/orders", {**body, "freight": freight})

    def purchase_letter(self, id: str) -> Record:
        """What the supplier is sent (`LetterOut`)."""
        return cast(Record, self._get(f"{_order(id)}/letter"))

    def amend_purchase(self, id: str, lines: Sequence[Record] = (), **more: Any) -> Record:
        """Change a draft (`PurchaseDetail`); `lines`: `AmendLine`; `more`: freight, note."""
        return self._changed(_order(id), "", {"lines": list(lines), **more}, "PUT")

    def act_on_purchase(self, id: str, to: str, note: str = "", rebuy: bool = True) -> Record:
        """Move a purchase order (`PurchaseDetail`)."""
        return self._changed(_order(id), "/actions", {"to": to, "note": note, "rebuy": rebuy})

    def confirm_dates(self, id: str, dates: Mapping[int, str], why: str = "") -> Record:
        """Take the dates that the supplier confirms or moves, by line (`PurchaseDetail`)."""
        lines = [{"line": line, "due": due} for line, due in dates.items()]
        return self._changed(_order(id), "/dates", {"lines": lines, "why": why})

    def receive_goods(self, id: str, note: str, *lines: Record) -> Record:
        """Receive what came under a delivery note (`PurchaseDetail`); `lines`: `ReceiptLineIn`."""
        return self._once(f"{_order(id)}/receipts", {"note": note, "lines": list(lines)})

    def inspect_goods(self, id: str, receipt: int, seq: int, **told: Any) -> Record:
        """Pieces leave quarantine (`PurchaseDetail`); `told`: accepted, returned, serials, place, note."""
        return self._changed(_order(id), "/inspections", {"receipt": receipt, "seq": seq, **told})

    def take_invoice(self, id: str, number: str, lines: Sequence[Record], freight: float = 0.0) -> Record:
        """Hold an invoice against order and receipts (`InvoiceAnswer`); `lines`: `InvoiceLine`."""
        return self._once(f"{_order(id)}/invoices", {"number": number, "lines": list(lines), "freight": freight})

    def _changed(self, place: str, action: str, body: Record, method: str = "POST") -> Record:
        """A change of something as it is now."""
        revision = self._send("GET", place).headers["ETag"]
        return self._once(f"{place}{action}", body, {"If-Match": revision}, method)


def _part(id: str) -> str:
    return quote(id, safe="")


def _rfq(id: str) -> str:
    return f"{PLACE}/rfqs/{_part(id)}"


def _order(id: str) -> str:
    return f"{PLACE}/orders/{_part(id)}"
