"""Tables of this folder; `maintenance/schema.py` puts all together."""

from __future__ import annotations

import sqlalchemy as sa

from forewarn.maintenance.records_tables import METADATA

JOB_PLAN = sa.Table(  # a version is never changed; the newest one counts
    "job_plan",
    METADATA,
    sa.Column("id", sa.String(60), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.CheckConstraint("version >= 1", name="version"),
)

ORDER_JOB = sa.Table(  # the frozen copy of the plans that an order took
    "order_job",
    METADATA,
    sa.Column("order_id", sa.String(36), sa.ForeignKey("work_order.id"), primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
)

ORDER_RESULT = sa.Table(  # results of steps and their sign-offs, only ever added
    "order_result",
    METADATA,
    sa.Column("order_id", sa.String(36), sa.ForeignKey("work_order.id"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("what", sa.String(8), nullable=False),
    sa.Column("step", sa.String(60), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.CheckConstraint("what IN ('result', 'sign_off')", name="what"),
)

ORDER_LINE = sa.Table(  # the completion report, only ever added; `amount` in the currency of the order
    "order_line",
    METADATA,
    sa.Column("order_id", sa.String(36), sa.ForeignKey("work_order.id"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("what", sa.String(200), nullable=False),
    sa.Column("quantity", sa.Float, nullable=False),
    sa.Column("amount", sa.Float, nullable=False),
    sa.Column("corrects", sa.Integer),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    # A line is replaced once: two corrections of one line would both count.
    sa.UniqueConstraint("order_id", "corrects"),
)
