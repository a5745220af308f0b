"""Preventive maintenance plans, what they generated, and trials of their intervals; orders of other systems."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SLOT_STATES = "state IN ('open', 'done', 'cancelled', 'skipped', 'deferred')"
TRIAL_STATES = "state IN ('watching', 'passed', 'rolled_back', 'superseded')"


def upgrade() -> None:
    op.create_table(
        "pm_plan",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("changed_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pm_plan"),
        sa.CheckConstraint("revision >= 1", name="revision"),
    )
    op.create_table(
        "pm_slot",
        sa.Column("plan", sa.String(64), nullable=False),
        sa.Column("asset", sa.String(200), nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("due_us", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("order_id", sa.String(36)),
        sa.Column("done_at_us", sa.BigInteger),
        sa.Column("meter_at_done", sa.Float),
        sa.Column("until_us", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("plan", "asset", "key", name="pk_pm_slot"),
        sa.ForeignKeyConstraint(["plan"], ["pm_plan.id"], name="fk_pm_slot_plan"),
        sa.ForeignKeyConstraint(["order_id"], ["work_order.id"], name="fk_pm_slot_order_id"),
        sa.CheckConstraint(SLOT_STATES, name="state"),
    )
    op.create_index("ix_pm_slot_order_id", "pm_slot", ["order_id"])
    op.create_index("ix_pm_slot_state", "pm_slot", ["state"])
    op.create_table(
        "retired_asset",
        sa.Column("asset", sa.String(200), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("asset", name="pk_retired_asset"),
    )
    op.create_table(
        "pm_trial",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("plan", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("started_at_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("ended_at_us", sa.BigInteger),
        sa.Column("ended", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pm_trial"),
        sa.ForeignKeyConstraint(["plan"], ["pm_plan.id"], name="fk_pm_trial_plan"),
        sa.CheckConstraint(TRIAL_STATES, name="state"),
        sqlite_autoincrement=True,
    )
    watching = sa.text("state = 'watching'")
    op.create_index(
        "uq_pm_trial_watching", "pm_trial", ["plan"], unique=True, sqlite_where=watching, postgresql_where=watching
    )
    op.create_table(
        "imported_order",
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("source", "key", name="pk_imported_order"),
        sa.ForeignKeyConstraint(["order_id"], ["work_order.id"], name="fk_imported_order_order_id"),
    )
