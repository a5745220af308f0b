"""Tables of this folder; `maintenance/schema.py` puts all together."""

from __future__ import annotations

import sqlalchemy as sa

from forewarn.core.buying import PurchaseStatus
from forewarn.core.quotes import ProposalState, RfqState
from forewarn.maintenance.records_tables import METADATA, ROW_ID, one_of

SUPPLIER = sa.Table(
    "supplier",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("changed_at_us", sa.BigInteger, nullable=False),
    sa.CheckConstraint("revision >= 1", name="revision"),
)

PROPOSAL = sa.Table(  # needs of one part join the one that is open
    "purchase_proposal",
    METADATA,
    sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("part", sa.String(200), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("created_at_us", sa.BigInteger, nullable=False),
    sa.Column("changed_at_us", sa.BigInteger, nullable=False),
    one_of("state", ProposalState),
    sa.CheckConstraint("revision >= 1", name="revision"),
    sa.Index(None, "part", "state"),
    sa.Index(
        "uq_purchase_proposal_open",
        "part",
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    ),
    sqlite_autoincrement=True,
)

RFQ = sa.Table(
    "rfq",
    METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("number", sa.String(32), nullable=False, unique=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("answer_by_us", sa.BigInteger, nullable=False),
    sa.Column("created_at_us", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    one_of("state", RfqState),
    sa.CheckConstraint("revision >= 1", name="revision"),
)

RFQ_SUPPLIER = sa.Table(
    "rfq_supplier",
    METADATA,
    sa.Column("rfq", sa.String(36), sa.ForeignKey("rfq.id"), primary_key=True),
    sa.Column("supplier", sa.String(64), sa.ForeignKey("supplier.id"), primary_key=True),
    sa.Column("asked_at_us", sa.BigInteger, nullable=False),
    sa.Column("answered_at_us", sa.BigInteger),
    sa.Column("declined", sa.Boolean, nullable=False),
    sa.Index(None, "supplier"),
)

QUOTE = sa.Table(  # only ever added: the newest of a supplier and part counts
    "quote",
    METADATA,
    sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("rfq", sa.String(36), sa.ForeignKey("rfq.id"), nullable=False),
    sa.Column("supplier", sa.String(64), sa.ForeignKey("supplier.id"), nullable=False),
    sa.Column("part", sa.String(200), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index(None, "rfq", "part"),
    sqlite_autoincrement=True,
)

PURCHASE = sa.Table(
    "purchase_order",
    METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("number", sa.String(32), nullable=False, unique=True),
    sa.Column("supplier", sa.String(64), sa.ForeignKey("supplier.id"), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("rfq", sa.String(36), sa.ForeignKey("rfq.id")),
    sa.Column("created_at_us", sa.BigInteger, nullable=False),
    sa.Column("updated_at_us", sa.BigInteger, nullable=False),
    sa.Column("sent_at_us", sa.BigInteger),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("freight", sa.Float, nullable=False),
    sa.Column("approved_by", sa.String(200), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    one_of("status", PurchaseStatus),
    sa.CheckConstraint("revision >= 1", name="revision"),
    sa.Index(None, "status"),
    sa.Index(None, "supplier", "created_at_us"),
)

PURCHASE_LINE = sa.Table(  # what came of it stands in `goods_receipt_line`
    "purchase_line",
    METADATA,
    sa.Column("purchase", sa.String(36), sa.ForeignKey("purchase_order.id"), primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("part", sa.String(200), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("unit_price", sa.Float, nullable=False),
    sa.Column("promised_us", sa.BigInteger),
    sa.Column("due_us", sa.BigInteger),
    sa.Column("waived", sa.Integer, nullable=False),
    sa.Column("warned_us", sa.BigInteger),  # the due date whose passing was told
    sa.Column("body", sa.Text, nullable=False),
    sa.CheckConstraint("quantity >= 1 AND waived >= 0 AND waived <= quantity", name="quantity"),
    sa.Index(None, "part"),
)

PURCHASE_FOR = sa.Table(  # the work orders that wait for a line, with the step that tells them when it comes
    "purchase_for",
    METADATA,
    sa.Column("purchase", sa.String(36), sa.ForeignKey("purchase_order.id"), primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("order_id", sa.String(36), sa.ForeignKey("work_order.id"), primary_key=True),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("step", sa.BigInteger),
    sa.Column("told_us", sa.BigInteger),
    sa.Column("over", sa.Boolean, nullable=False),
    sa.Index(None, "order_id"),
)

RECEIPT = sa.Table(  # a delivery note of a purchase order is received once
    "goods_receipt",
    METADATA,
    sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("purchase", sa.String(36), sa.ForeignKey("purchase_order.id"), nullable=False),
    sa.Column("note", sa.String(100), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.UniqueConstraint("purchase", "note"),
    sqlite_autoincrement=True,
)

RECEIPT_LINE = sa.Table(
    "goods_receipt_line",
    METADATA,
    sa.Column("receipt", sa.BigInteger, sa.ForeignKey("goods_receipt.id"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("line", sa.Integer),
    sa.Column("part", sa.String(200), nullable=False),
    sa.Column("counted", sa.Integer, nullable=False),
    sa.Column("accepted", sa.Integer, nullable=False),
    sa.Column("quarantined", sa.Integer, nullable=False),
    sa.Column("returned", sa.Integer, nullable=False),
    sa.Column("fault", sa.String(16), nullable=False),
    sa.Column("batch", sa.String(100), nullable=False),
    sa.Column("expires_us", sa.BigInteger),
    sa.Column("serials", sa.Text, nullable=False),  # of the pieces in quarantine
    sa.Column("note", sa.Text, nullable=False),
    sa.CheckConstraint("accepted >= 0 AND quarantined >= 0 AND returned >= 0", name="pieces"),
    sa.CheckConstraint("counted = accepted + quarantined + returned", name="counted"),
)

INVOICE = sa.Table(
    "purchase_invoice",
    METADATA,
    sa.Column("supplier", sa.String(64), sa.ForeignKey("supplier.id"), primary_key=True),
    sa.Column("number", sa.String(100), primary_key=True),
    sa.Column("purchase", sa.String(36), sa.ForeignKey("purchase_order.id"), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index(None, "purchase"),
)
