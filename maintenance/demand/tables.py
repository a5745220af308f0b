"""Tables of this folder; `maintenance/schema.py` puts all together."""

from __future__ import annotations

import sqlalchemy as sa

from forewarn.core.demand import LineState
from forewarn.maintenance.records_tables import METADATA, ROW_ID

_STATES = ", ".join(f"'{state.value}'" for state in LineState)

DEMAND_REVIEW = sa.Table(  # its slot is the month, or the moment of one that was asked for: claimed once
    "demand_review",
    METADATA,
    sa.Column("slot", sa.String(40), primary_key=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)

PART_POLICY = sa.Table(
    "part_policy",
    METADATA,
    sa.Column("part", sa.String(200), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("changed_at_us", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.CheckConstraint("revision >= 1", name="revision"),
)

POLICY_LINE = sa.Table(  # `policy_revision`: that of the policy it was compared with, 0 where there was none
    "policy_line",
    METADATA,
    sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("slot", sa.String(40), sa.ForeignKey("demand_review.slot"), nullable=False),
    sa.Column("part", sa.String(200), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("policy_revision", sa.Integer, nullable=False),
    sa.Column("money", sa.Float, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("decided_at_us", sa.BigInteger),
    sa.Column("decided_by", sa.String(200), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.CheckConstraint(f"state IN ({_STATES})", name="state"),
    sa.UniqueConstraint("slot", "part"),
    sa.Index(None, "part"),
    sa.Index(
        "uq_policy_line_proposed",
        "part",
        unique=True,
        sqlite_where=sa.text("state = 'proposed'"),
        postgresql_where=sa.text("state = 'proposed'"),
    ),
    sqlite_autoincrement=True,
)

PART_FORECAST = sa.Table(
    "part_forecast",
    METADATA,
    sa.Column("month", sa.String(7), primary_key=True),
    sa.Column("part", sa.String(200), primary_key=True),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("to_us", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("issued", sa.Float),
    sa.Column("judged_at_us", sa.BigInteger),
    sa.CheckConstraint("from_us < to_us", name="span"),
)
