"""Tables of this folder; `maintenance/schema.py` puts all together."""

from __future__ import annotations

import sqlalchemy as sa

from forewarn.maintenance.records_tables import METADATA

AUTONOMY_STANDING = sa.Table(  # the row of "" (the whole plant) is always there: who opens an order locks it
    "autonomy_standing",
    METADATA,
    sa.Column("of", sa.String(200), primary_key=True),
    sa.Column("level", sa.String(8)),  # none: the start level of the settings
    sa.Column("pinned", sa.Boolean, nullable=False),
    sa.Column("orders_per_week", sa.Integer),
    sa.Column("counted_from_us", sa.BigInteger, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("changed_at_us", sa.BigInteger),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.CheckConstraint("level IN ('advise', 'draft', 'open', 'reserve')", name="level"),
    sa.CheckConstraint("orders_per_week >= 0", name="orders_per_week"),
)

AUTONOMY_ORDER = sa.Table(  # what was opened by itself: the weekly budget and the rate of a machine count here
    "autonomy_order",
    METADATA,
    sa.Column("order_id", sa.String(36), sa.ForeignKey("work_order.id"), primary_key=True),
    sa.Column("asset", sa.String(200), nullable=False),
    sa.Column("of", sa.String(200), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("overspent", sa.Boolean, nullable=False),
    sa.Index(None, "at_us", "of"),
    sa.Index(None, "asset", "at_us"),
)

HELD_ADVICE = sa.Table(
    "held_advice",
    METADATA,
    sa.Column("asset", sa.String(200), primary_key=True),
    sa.Column("component", sa.String(200), primary_key=True),
    sa.Column("mechanism", sa.String(100), primary_key=True),
    sa.Column("of", sa.String(200), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("why", sa.String(8), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("until_us", sa.BigInteger),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("slack_h", sa.Float),
    sa.Column("risk_cost", sa.Float),
    sa.Column("emergency", sa.Boolean, nullable=False),
    sa.Column("first_at_us", sa.BigInteger, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("order_id", sa.String(36), sa.ForeignKey("work_order.id")),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.CheckConstraint("state IN ('held', 'opened', 'ended')", name="state"),
    sa.CheckConstraint("why IN ('level', 'window', 'rate', 'budget')", name="why"),
    sa.Index(None, "state", "priority"),
)

MAINTENANCE_WINDOW = sa.Table(
    "maintenance_window",
    METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("scope", sa.String(8), nullable=False),
    sa.Column("of", sa.String(200), nullable=False),
    sa.Column("start_us", sa.BigInteger, nullable=False),
    sa.Column("hours", sa.Float, nullable=False),
    sa.Column("repeat", sa.String(8), nullable=False),
    sa.Column("every", sa.Integer, nullable=False),
    sa.Column("until_us", sa.BigInteger),
    sa.Column("zone", sa.String(64), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.CheckConstraint("scope IN ('asset', 'area', 'class', 'plant')", name="scope"),
    sa.CheckConstraint("repeat IN ('once', 'daily', 'weekly', 'monthly')", name="repeat"),
)
