"""Tables of this folder; `maintenance/schema.py` puts all together."""

from __future__ import annotations

import sqlalchemy as sa

from forewarn.core.plans import SlotState, TrialState
from forewarn.maintenance.records_tables import METADATA, ROW_ID, one_of

PM_PLAN = sa.Table(
    "pm_plan",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("changed_at_us", sa.BigInteger, nullable=False),
    sa.CheckConstraint("revision >= 1", name="revision"),
)

PM_SLOT = sa.Table(  # the key of a slot is the same for whoever looks: two schedulers cannot both open its order
    "pm_slot",
    METADATA,
    sa.Column("plan", sa.String(64), sa.ForeignKey("pm_plan.id"), primary_key=True),
    sa.Column("asset", sa.String(200), primary_key=True),
    sa.Column("key", sa.String(100), primary_key=True),
    sa.Column("due_us", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("order_id", sa.String(36), sa.ForeignKey("work_order.id")),
    sa.Column("done_at_us", sa.BigInteger),
    sa.Column("meter_at_done", sa.Float),
    sa.Column("until_us", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False),
    one_of("state", SlotState),
    sa.Index(None, "order_id"),
    sa.Index(None, "state"),
)

RETIRED_ASSET = sa.Table(
    "retired_asset",
    METADATA,
    sa.Column("asset", sa.String(200), primary_key=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

PM_TRIAL = sa.Table(
    "pm_trial",
    METADATA,
    sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("plan", sa.String(64), sa.ForeignKey("pm_plan.id"), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("started_at_us", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("ended_at_us", sa.BigInteger),
    sa.Column("ended", sa.Text, nullable=False),
    one_of("state", TrialState),
    sa.Index(
        "uq_pm_trial_watching",
        "plan",
        unique=True,
        sqlite_where=sa.text("state = 'watching'"),
        postgresql_where=sa.text("state = 'watching'"),
    ),
    sqlite_autoincrement=True,
)

IMPORTED_ORDER = sa.Table(  # what came from another system: the same row of it never becomes two orders
    "imported_order",
    METADATA,
    sa.Column("source", sa.String(100), primary_key=True),
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("order_id", sa.String(36), sa.ForeignKey("work_order.id"), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
)
