"""Levels of autonomy, the weekly alarm budget, and windows without alarms."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("work_order", sa.Column("draft", sa.String(8), nullable=False, server_default=""))
    op.add_column("work_order", sa.Column("reserve_parts", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("work_order", sa.Column("changed", sa.Text, nullable=False, server_default=""))
    _standing()
    _orders()
    _held()
    _windows()


def _standing() -> None:
    standing = op.create_table(
        "autonomy_standing",
        sa.Column("of", sa.String(200), nullable=False),
        sa.Column("level", sa.String(8)),
        sa.Column("pinned", sa.Boolean, nullable=False),
        sa.Column("orders_per_week", sa.Integer),
        sa.Column("counted_from_us", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("changed_at_us", sa.BigInteger),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("of", name="pk_autonomy_standing"),
        sa.CheckConstraint("level IN ('advise', 'draft', 'open', 'reserve')", name=op.f("ck_autonomy_standing_level")),
        sa.CheckConstraint("orders_per_week >= 0", name=op.f("ck_autonomy_standing_orders_per_week")),
    )
    whole = {"of": "", "pinned": False, "counted_from_us": 0, "by": "", "reason": "", "revision": 0}
    op.bulk_insert(standing, [whole])


def _orders() -> None:
    op.create_table(
        "autonomy_order",
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("asset", sa.String(200), nullable=False),
        sa.Column("of", sa.String(200), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("overspent", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("order_id", name="pk_autonomy_order"),
        sa.ForeignKeyConstraint(["order_id"], ["work_order.id"], name="fk_autonomy_order_order_id"),
    )
    op.create_index("ix_autonomy_order_at_us_of", "autonomy_order", ["at_us", "of"])
    op.create_index("ix_autonomy_order_asset_at_us", "autonomy_order", ["asset", "at_us"])


def _held() -> None:
    op.create_table(
        "held_advice",
        sa.Column("asset", sa.String(200), nullable=False),
        sa.Column("component", sa.String(200), nullable=False),
        sa.Column("mechanism", sa.String(100), nullable=False),
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
        sa.Column("order_id", sa.String(36)),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("asset", "component", "mechanism", name="pk_held_advice"),
        sa.ForeignKeyConstraint(["order_id"], ["work_order.id"], name="fk_held_advice_order_id"),
        sa.CheckConstraint("state IN ('held', 'opened', 'ended')", name=op.f("ck_held_advice_state")),
        sa.CheckConstraint("why IN ('level', 'window', 'rate', 'budget')", name=op.f("ck_held_advice_why")),
    )
    op.create_index("ix_held_advice_state_priority", "held_advice", ["state", "priority"])


def _windows() -> None:
    op.create_table(
        "maintenance_window",
        sa.Column("id", sa.String(36), nullable=False),
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
        sa.PrimaryKeyConstraint("id", name="pk_maintenance_window"),
        sa.CheckConstraint("scope IN ('asset', 'area', 'class', 'plant')", name=op.f("ck_maintenance_window_scope")),
        sa.CheckConstraint(
            "repeat IN ('once', 'daily', 'weekly', 'monthly')", name=op.f("ck_maintenance_window_repeat")
        ),
    )
