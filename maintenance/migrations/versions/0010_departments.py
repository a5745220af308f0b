"""Steps of other departments, verification, muted advice, clocks of orders and who is called when they slip."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "department_step",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("order_id", sa.String(36), nullable=False),
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
        sa.Column("warned_due_us", sa.BigInteger),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.CheckConstraint("department IN ('production', 'safety', 'purchasing')", name="department"),
        sa.CheckConstraint("done_at_us IS NULL OR dropped_at_us IS NULL", name="one_end"),
        sa.CheckConstraint("revision >= 1", name="revision"),
        sa.ForeignKeyConstraint(["order_id"], ["work_order.id"], name="fk_department_step_order_id"),
        sa.PrimaryKeyConstraint("id", name="pk_department_step"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_department_step_order_id", "department_step", ["order_id"])
    op.create_index(
        "ix_department_step_open",
        "department_step",
        ["department", "due_us"],
        sqlite_where=sa.text("done_at_us IS NULL AND dropped_at_us IS NULL"),
        postgresql_where=sa.text("done_at_us IS NULL AND dropped_at_us IS NULL"),
    )
    op.create_table(
        "order_verification",
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("result", sa.String(8), nullable=False),
        sa.Column("comparison", sa.Text, nullable=False),
        sa.CheckConstraint("result IN ('passed', 'failed')", name="result"),
        sa.ForeignKeyConstraint(["order_id"], ["work_order.id"], name="fk_order_verification_order_id"),
        sa.PrimaryKeyConstraint("order_id", "at_us", name="pk_order_verification"),
    )
    op.create_table(
        "muted_advice",
        sa.Column("asset", sa.String(200), nullable=False),
        sa.Column("fault", sa.String(300), nullable=False),
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("first_at_us", sa.BigInteger, nullable=False),
        sa.Column("last_at_us", sa.BigInteger, nullable=False),
        sa.Column("advice", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["work_order.id"], name="fk_muted_advice_order_id"),
        sa.PrimaryKeyConstraint("asset", "fault", name="pk_muted_advice"),
    )
    op.create_table(
        "order_escalation",
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("clock", sa.String(16), nullable=False),
        sa.Column("level", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("rota", sa.String(50), nullable=False),
        sa.Column("person", sa.String(200), nullable=False),
        sa.CheckConstraint("clock IN ('response', 'completion')", name="clock"),
        sa.ForeignKeyConstraint(["order_id"], ["work_order.id"], name="fk_order_escalation_order_id"),
        sa.PrimaryKeyConstraint("order_id", "clock", "level", name="pk_order_escalation"),
    )
    op.create_table(
        "on_call",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("rota", sa.String(50), nullable=False),
        sa.Column("person", sa.String(200), nullable=False),
        sa.Column("contact", sa.String(200), nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.CheckConstraint("until_us > from_us", name="span"),
        sa.PrimaryKeyConstraint("id", name="pk_on_call"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_on_call_rota_until_us", "on_call", ["rota", "until_us"])
