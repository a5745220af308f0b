"""Kept forecasts of part demand, reorder policies and their monthly reviews."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = "'kept', 'proposed', 'applied', 'declined', 'reversed', 'overtaken'"


def upgrade() -> None:
    op.create_table(
        "demand_review",
        sa.Column("slot", sa.String(40), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("slot", name="pk_demand_review"),
    )
    op.create_table(
        "part_policy",
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("changed_at_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("part", name="pk_part_policy"),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_part_policy_revision")),
    )
    op.create_table(
        "policy_line",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("slot", sa.String(40), nullable=False),
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("policy_revision", sa.Integer, nullable=False),
        sa.Column("money", sa.Float, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("decided_at_us", sa.BigInteger),
        sa.Column("decided_by", sa.String(200), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policy_line"),
        sa.ForeignKeyConstraint(["slot"], ["demand_review.slot"], name="fk_policy_line_slot"),
        sa.UniqueConstraint("slot", "part", name="uq_policy_line_slot_part"),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_policy_line_state")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_policy_line_part", "policy_line", ["part"])
    op.create_index(
        "uq_policy_line_proposed",
        "policy_line",
        ["part"],
        unique=True,
        sqlite_where=sa.text("state = 'proposed'"),
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.create_table(
        "part_forecast",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False),
        sa.Column("to_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("issued", sa.Float),
        sa.Column("judged_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("month", "part", name="pk_part_forecast"),
        sa.CheckConstraint("from_us < to_us", name=op.f("ck_part_forecast_span")),
    )
