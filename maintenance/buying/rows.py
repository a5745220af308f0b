"""Buying to rows and back: suppliers, proposals, requests, quotes, within one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from forewarn.core.errors import Conflict
from forewarn.core.ports import Actor
from forewarn.core.quotes import AskedSupplier, Proposal, ProposalState, Quote, Rfq, RfqState, Supplier
from forewarn.core.work import Json
from forewarn.maintenance import audit, outbox
from forewarn.maintenance.audit import AuditEntry
from forewarn.maintenance.buying.buying_json import (
    as_json,
    differing,
    needs_from,
    quote_body,
    quote_from,
    rfq_lines_from,
    supplier_body,
    supplier_from,
)
from forewarn.maintenance.buying.tables import PROPOSAL, QUOTE, RFQ, RFQ_SUPPLIER, SUPPLIER
from forewarn.maintenance.records_tables import SEQUENCE


class AskingRows:
    """Suppliers, proposals, requests and quotes on one connection. Reading `for_update` is for writers."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def supplier(self, id: str) -> Supplier | None:
        """One supplier."""
        row = self.connection.execute(sa.select(SUPPLIER).where(SUPPLIER.c.id == id)).one_or_none()
        return None if row is None else supplier_from(row.id, row.revision, row.body)

    def suppliers(self) -> list[Supplier]:
        """All of them, by id."""
        rows = self.connection.execute(sa.select(SUPPLIER).order_by(SUPPLIER.c.id))
        return [supplier_from(row.id, row.revision, row.body) for row in rows]

    def keep_supplier(self, supplier: Supplier, at_us: int) -> None:
        """Insert (revision 1) or replace. Raises Conflict when somebody was faster."""
        values: Json = {"revision": supplier.revision, "body": supplier_body(supplier), "changed_at_us": at_us}
        self._keep(SUPPLIER, SUPPLIER.c.id == supplier.id, {"id": supplier.id}, values, f"supplier {supplier.id}")

    def proposal(self, id: int) -> Proposal | None:
        """One proposal."""
        found = self._proposals(PROPOSAL.c.id == id)
        return found[0] if found else None

    def proposals(self, part: str | None = None, states: Sequence[ProposalState] = ()) -> list[Proposal]:
        """Proposals, oldest first; of a part, in some states (none named: all)."""
        where: list[sa.ColumnElement[bool]] = [] if part is None else [PROPOSAL.c.part == part]
        if states:
            where.append(PROPOSAL.c.state.in_([state.value for state in states]))
        return self._proposals(*where)

    def add_proposal(self, new: Proposal) -> Proposal:
        """A new proposal with its number. Raises Conflict when one is open for the part."""
        values = _proposal_values(new)
        try:
            made = self.connection.execute(PROPOSAL.insert(), {"part": new.part, **values})
        except IntegrityError as error:
            raise Conflict(f"a proposal for {new.part} was opened elsewhere just now: read it again") from error
        assert made.inserted_primary_key is not None
        kept = self.proposal(int(made.inserted_primary_key[0]))
        assert kept is not None
        return kept

    def keep_proposal(self, proposal: Proposal) -> None:
        """Replace. Raises Conflict when somebody was faster, or another one is open for the part."""
        mine = (PROPOSAL.c.id == proposal.id) & (PROPOSAL.c.revision == proposal.revision - 1)
        try:
            done = self.connection.execute(PROPOSAL.update().where(mine).values(_proposal_values(proposal)))
        except IntegrityError as error:
            raise Conflict(f"another proposal for {proposal.part} is open") from error
        if done.rowcount != 1:
            raise Conflict(f"somebody else changed the proposal {proposal.id} just now: read it again")

    def rfq(self, id: str) -> Rfq | None:
        """One request by id or number."""
        found = self._rfqs((RFQ.c.id == id) | (RFQ.c.number == id))
        return found[0] if found else None

    def rfqs(self, states: Sequence[RfqState] = ()) -> list[Rfq]:
        """Requests, newest first."""
        return self._rfqs(*([RFQ.c.state.in_([state.value for state in states])] if states else []))

    def keep_rfq(self, rfq: Rfq) -> None:
        """Insert (revision 1) or replace, with who was asked."""
        values: Json = {
            "number": rfq.number,
            "state": rfq.state.value,
            "revision": rfq.revision,
            "answer_by_us": rfq.answer_by_us,
            "created_at_us": rfq.created_at_us,
            "body": as_json({"lines": rfq.lines, "note": rfq.note}),
        }
        self._keep(RFQ, RFQ.c.id == rfq.id, {"id": rfq.id}, values, f"request {rfq.number}")
        self.connection.execute(RFQ_SUPPLIER.delete().where(RFQ_SUPPLIER.c.rfq == rfq.id))
        fields = AskedSupplier.__dataclass_fields__
        rows = [{"rfq": rfq.id, **{name: getattr(one, name) for name in fields}} for one in rfq.asked]
        self.connection.execute(RFQ_SUPPLIER.insert(), rows)

    def add_quote(self, quote: Quote) -> None:
        """One more answer."""
        values = {"rfq": quote.rfq, "supplier": quote.supplier, "part": quote.part, "at_us": quote.at_us}
        self.connection.execute(QUOTE.insert(), {"body": quote_body(quote), **values})

    def quotes(self, rfq: str) -> list[Quote]:
        """The newest answer of each supplier for each part, by part and supplier."""
        query = sa.select(QUOTE).where(QUOTE.c.rfq == rfq).order_by(QUOTE.c.id)
        newest = {(row.part, row.supplier): quote_from(row.body) for row in self.connection.execute(query)}
        return [quote for _, quote in sorted(newest.items())]

    def newest_quotes(self) -> list[Quote]:
        """The newest answer of each active supplier for each part, of whichever request."""
        newest = sa.select(sa.func.max(QUOTE.c.id)).group_by(QUOTE.c.part, QUOTE.c.supplier)
        bodies = self.connection.execute(sa.select(QUOTE.c.body).where(QUOTE.c.id.in_(newest)).order_by(QUOTE.c.id))
        active = {one.id for one in self.suppliers() if one.active}
        return [quote for body in bodies.scalars() if (quote := quote_from(body)).supplier in active]

    def next_number(self, name: str, prefix: str) -> str:
        """The next human number, without gaps."""
        row = SEQUENCE.c.name == name
        self.connection.execute(SEQUENCE.update().where(row).values(value=SEQUENCE.c.value + 1))
        value = self.connection.execute(sa.select(SEQUENCE.c.value).where(row)).scalar_one()
        return f"{prefix}-{value:06d}"

    def record(self, at_us: int, actor: Actor, subject: str, action: str, before: object, after: object) -> int:
        """The audit row of what differs between two values; its number."""
        return self.record_json(at_us, actor, subject, action, *differing(before, after))

    def record_json(self, at_us: int, actor: Actor, subject: str, action: str, was: Json, became: Json) -> int:
        """The audit row of a change that is told in JSON; its number."""
        return audit.append(self.connection, AuditEntry(at_us, actor, subject, action, was, became))

    def post(self, kind: str, body: Json, at_us: int) -> None:
        """Put a message in the outbox."""
        outbox.post(self.connection, kind, body, at_us)

    def _keep(self, table: sa.Table, mine: sa.ColumnElement[bool], key: Json, values: Json, what: str) -> None:
        """Insert at revision 1, else update at the revision before."""
        revision = values["revision"]
        assert isinstance(revision, int)
        if revision == 1:
            try:
                self.connection.execute(table.insert(), {**key, **values})
            except IntegrityError as error:
                raise Conflict(f"the {what} was made elsewhere just now: read it again") from error
            return
        known = mine & (table.c.revision == revision - 1)
        if self.connection.execute(table.update().where(known).values(values)).rowcount != 1:
            raise Conflict(f"somebody else changed the {what} just now: read it again")

    def _proposals(self, *where: sa.ColumnElement[bool]) -> list[Proposal]:
        rows = self.connection.execute(sa.select(PROPOSAL).where(*where).order_by(PROPOSAL.c.id))
        return [_proposal(row) for row in rows]

    def _rfqs(self, *where: sa.ColumnElement[bool]) -> list[Rfq]:
        query = sa.select(RFQ).where(*where).order_by(RFQ.c.created_at_us.desc(), RFQ.c.number.desc())
        rows = self.connection.execute(query).all()
        asked: dict[str, list[AskedSupplier]] = {row.id: [] for row in rows}
        of_these = sa.select(RFQ_SUPPLIER).where(RFQ_SUPPLIER.c.rfq.in_(list(asked)))
        for one in self.connection.execute(of_these.order_by(RFQ_SUPPLIER.c.supplier)):
            answered = AskedSupplier(one.supplier, one.asked_at_us, one.answered_at_us, bool(one.declined))
            asked[one.rfq].append(answered)
        return [_rfq(row, asked[row.id]) for row in rows]


def _proposal_values(proposal: Proposal) -> Json:
    names = ("needs", "approved_by", "rfq", "purchase", "note")
    return {
        "state": proposal.state.value,
        "revision": proposal.revision,
        "created_at_us": proposal.created_at_us,
        "changed_at_us": proposal.changed_at_us,
        "body": as_json({name: getattr(proposal, name) for name in names}),
    }


def _proposal(row: sa.Row[tuple[object, ...]]) -> Proposal:
    told = json.loads(row.body)
    told["needs"] = needs_from(told["needs"])
    state = ProposalState(row.state)
    return Proposal(
        row.id, row.part, state, told.pop("needs"), row.revision, row.created_at_us, row.changed_at_us, **told
    )


def _rfq(row: sa.Row[tuple[object, ...]], asked: Sequence[AskedSupplier]) -> Rfq:
    told = json.loads(row.body)
    lines = rfq_lines_from(told["lines"])
    state = RfqState(row.state)
    return Rfq(
        row.id, row.number, state, lines, tuple(asked), row.answer_by_us, row.created_at_us, row.revision, told["note"]
    )
