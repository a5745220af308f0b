"""Suppliers, proposals, requests for quotation, quotes, purchase orders, receipts, invoices."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.create_table(
        "supplier",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("changed_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_supplier"),
        sa.CheckConstraint("revision >= 1", name="revision"),
    )
    op.create_table(
        "purchase_proposal",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("changed_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_purchase_proposal"),
        sa.CheckConstraint("state IN ('open', 'approved', 'asked', 'ordered', 'dropped')", name="state"),
        sa.CheckConstraint("revision >= 1", name="revision"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_purchase_proposal_part_state", "purchase_proposal", ["part", "state"])
    op.create_index(
        "uq_purchase_proposal_open",
        "purchase_proposal",
        ["part"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "rfq",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("answer_by_us", sa.BigInteger, nullable=False),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rfq"),
        sa.UniqueConstraint("number", name="uq_rfq_number"),
        sa.CheckConstraint("state IN ('open', 'decided', 'cancelled')", name="state"),
        sa.CheckConstraint("revision >= 1", name="revision"),
    )
    op.create_table(
        "rfq_supplier",
        sa.Column("rfq", sa.String(36), nullable=False),
        sa.Column("supplier", sa.String(64), nullable=False),
        sa.Column("asked_at_us", sa.BigInteger, nullable=False),
        sa.Column("answered_at_us", sa.BigInteger),
        sa.Column("declined", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("rfq", "supplier", name="pk_rfq_supplier"),
        sa.ForeignKeyConstraint(["rfq"], ["rfq.id"], name="fk_rfq_supplier_rfq"),
        sa.ForeignKeyConstraint(["supplier"], ["supplier.id"], name="fk_rfq_supplier_supplier"),
    )
    op.create_index("ix_rfq_supplier_supplier", "rfq_supplier", ["supplier"])
    op.create_table(
        "quote",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("rfq", sa.String(36), nullable=False),
        sa.Column("supplier", sa.String(64), nullable=False),
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quote"),
        sa.ForeignKeyConstraint(["supplier"], ["supplier.id"], name="fk_quote_supplier"),
        sa.ForeignKeyConstraint(["rfq"], ["rfq.id"], name="fk_quote_rfq"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_quote_rfq_part", "quote", ["rfq", "part"])
    op.create_table(
        "purchase_order",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("supplier", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("rfq", sa.String(36)),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("updated_at_us", sa.BigInteger, nullable=False),
        sa.Column("sent_at_us", sa.BigInteger),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("freight", sa.Float, nullable=False),
        sa.Column("approved_by", sa.String(200), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_purchase_order"),
        sa.ForeignKeyConstraint(["supplier"], ["supplier.id"], name="fk_purchase_order_supplier"),
        sa.ForeignKeyConstraint(["rfq"], ["rfq.id"], name="fk_purchase_order_rfq"),
        sa.UniqueConstraint("number", name="uq_purchase_order_number"),
        sa.CheckConstraint("revision >= 1", name="revision"),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'APPROVED', 'SENT', 'CONFIRMED', 'PARTLY', 'RECEIVED', 'CLOSED', 'CANCELLED')",
            name="status",
        ),
    )
    op.create_index("ix_purchase_order_status", "purchase_order", ["status"])
    op.create_index("ix_purchase_order_supplier_created_at_us", "purchase_order", ["supplier", "created_at_us"])
    op.create_table(
        "purchase_line",
        sa.Column("purchase", sa.String(36), nullable=False),
        sa.Column("line", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("unit_price", sa.Float, nullable=False),
        sa.Column("promised_us", sa.BigInteger),
        sa.Column("due_us", sa.BigInteger),
        sa.Column("waived", sa.Integer, nullable=False),
        sa.Column("warned_us", sa.BigInteger),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("purchase", "line", name="pk_purchase_line"),
        sa.ForeignKeyConstraint(["purchase"], ["purchase_order.id"], name="fk_purchase_line_purchase"),
        sa.CheckConstraint("quantity >= 1 AND waived >= 0 AND waived <= quantity", name="quantity"),
    )
    op.create_index("ix_purchase_line_part", "purchase_line", ["part"])
    op.create_table(
        "purchase_for",
        sa.Column("purchase", sa.String(36), nullable=False),
        sa.Column("line", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("step", sa.BigInteger),
        sa.Column("told_us", sa.BigInteger),
        sa.Column("over", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("purchase", "line", "order_id", name="pk_purchase_for"),
        sa.ForeignKeyConstraint(["order_id"], ["work_order.id"], name="fk_purchase_for_order_id"),
        sa.ForeignKeyConstraint(["purchase"], ["purchase_order.id"], name="fk_purchase_for_purchase"),
    )
    op.create_index("ix_purchase_for_order_id", "purchase_for", ["order_id"])
    op.create_table(
        "goods_receipt",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("purchase", sa.String(36), nullable=False),
        sa.Column("note", sa.String(100), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_goods_receipt"),
        sa.ForeignKeyConstraint(["purchase"], ["purchase_order.id"], name="fk_goods_receipt_purchase"),
        sa.UniqueConstraint("purchase", "note", name="uq_goods_receipt_purchase_note"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "goods_receipt_line",
        sa.Column("receipt", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer),
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("counted", sa.Integer, nullable=False),
        sa.Column("accepted", sa.Integer, nullable=False),
        sa.Column("quarantined", sa.Integer, nullable=False),
        sa.Column("returned", sa.Integer, nullable=False),
        sa.Column("fault", sa.String(16), nullable=False),
        sa.Column("batch", sa.String(100), nullable=False),
        sa.Column("expires_us", sa.BigInteger),
        sa.Column("serials", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("receipt", "seq", name="pk_goods_receipt_line"),
        sa.ForeignKeyConstraint(["receipt"], ["goods_receipt.id"], name="fk_goods_receipt_line_receipt"),
        sa.CheckConstraint("counted = accepted + quarantined + returned", name="counted"),
        sa.CheckConstraint("accepted >= 0 AND quarantined >= 0 AND returned >= 0", name="pieces"),
    )
    op.create_table(
        "purchase_invoice",
        sa.Column("supplier", sa.String(64), nullable=False),
        sa.Column("number", sa.String(100), nullable=False),
        sa.Column("purchase", sa.String(36), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("supplier", "number", name="pk_purchase_invoice"),
        sa.ForeignKeyConstraint(["supplier"], ["supplier.id"], name="fk_purchase_invoice_supplier"),
        sa.ForeignKeyConstraint(["purchase"], ["purchase_order.id"], name="fk_purchase_invoice_purchase"),
    )
    op.create_index("ix_purchase_invoice_purchase", "purchase_invoice", ["purchase"])

    sequence = sa.table("sequence", sa.column("name", sa.String), sa.column("value", sa.BigInteger))
    op.bulk_insert(sequence, [{"name": "purchase_order", "value": 0}, {"name": "rfq", "value": 0}])
