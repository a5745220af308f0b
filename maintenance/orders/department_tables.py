"""Tables of what stands around orders: steps of other departments, verification, muted advice, clocks and calls."""

from __future__ import annotations

import sqlalchemy as sa

from forewarn.maintenance.records_tables import METADATA, ROW_ID

DEPARTMENT_STEP = sa.Table(  # what another department has to do before an order can start
    "department_step",
    METADATA,
    sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("order_id", sa.String(36), sa.ForeignKey("work_order.id"), nullable=False),
    sa.Column("department", sa.String(16), nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("owner", sa.String(200), nullable=False),
    sa.Column("required", sa.Boolean, nullable=False),
    sa.Column("due_us", sa.BigInteger, nullable=False),
    sa.Column("made_at_us", sa.BigInteger, nullable=False),
    sa.Column("done_at_us", sa.BigInteger),
    sa.Column("done_by", sa.String(200), nullable=False),
    sa.Column("dropped_at_us", sa.BigInteger),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("warned_due_us", sa.BigInteger),  # the due time whose slip was told
    sa.Column("revision", sa.Integer, nullable=False),
    sa.CheckConstraint("department IN ('production', 'safety', 'purchasing')", name="department"),
    sa.CheckConstraint("done_at_us IS NULL OR dropped_at_us IS NULL", name="one_end"),
    sa.CheckConstraint("revision >= 1", name="revision"),
    sa.Index(None, "order_id"),
    sa.Index(
        "ix_department_step_open",
        "department",
        "due_us",
        sqlite_where=sa.text("done_at_us IS NULL AND dropped_at_us IS NULL"),
        postgresql_where=sa.text("done_at_us IS NULL AND dropped_at_us IS NULL"),
    ),
    sqlite_autoincrement=True,
)

ORDER_VERIFICATION = sa.Table(  # what was compared when an order was verified by its signals
    "order_verification",
    METADATA,
    sa.Column("order_id", sa.String(36), sa.ForeignKey("work_order.id"), primary_key=True),
    sa.Column("at_us", sa.BigInteger, primary_key=True),
    sa.Column("result", sa.String(8), nullable=False),
    sa.Column("comparison", sa.Text, nullable=False),
    sa.CheckConstraint("result IN ('passed', 'failed')", name="result"),
)

MUTED_ADVICE = sa.Table(  # the newest advice on each fault of an asset that somebody works on
    "muted_advice",
    METADATA,
    sa.Column("asset", sa.String(200), primary_key=True),
    sa.Column("fault", sa.String(300), primary_key=True),
    sa.Column("order_id", sa.String(36), sa.ForeignKey("work_order.id"), nullable=False),
    sa.Column("first_at_us", sa.BigInteger, nullable=False),
    sa.Column("last_at_us", sa.BigInteger, nullable=False),
    sa.Column("advice", sa.Text, nullable=False),
)

ORDER_ESCALATION = sa.Table(  # who was called for which clock of an order: each level once
    "order_escalation",
    METADATA,
    sa.Column("order_id", sa.String(36), sa.ForeignKey("work_order.id"), primary_key=True),
    sa.Column("clock", sa.String(16), primary_key=True),
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("rota", sa.String(50), nullable=False),
    sa.Column("person", sa.String(200), nullable=False),
    sa.CheckConstraint("clock IN ('response', 'completion')", name="clock"),
)

ON_CALL = sa.Table(
    "on_call",
    METADATA,
    sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("rota", sa.String(50), nullable=False),
    sa.Column("person", sa.String(200), nullable=False),
    sa.Column("contact", sa.String(200), nullable=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    sa.CheckConstraint("until_us > from_us", name="span"),
    sa.Index(None, "rota", "until_us"),
    sqlite_autoincrement=True,
)
