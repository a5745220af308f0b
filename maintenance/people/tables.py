"""Tables of this folder; `maintenance/schema.py` puts all together."""

from __future__ import annotations

import sqlalchemy as sa

from forewarn.maintenance.records_tables import METADATA


def _documents(name: str) -> sa.Table:
    """Documents in versions: who writes names the revision that was read."""
    return sa.Table(
        name,
        METADATA,
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("changed_at_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.CheckConstraint("revision >= 1", name="revision"),
    )


PERSON = _documents("person")
OUTAGE = _documents("outage")
SCHEDULE = _documents("schedule")
"""One row, `week`: what the standing plan is worth, and its revision."""

ASSIGNMENT = sa.Table(  # `revision` is that of the schedule in which this last changed
    "assignment",
    METADATA,
    sa.Column("order_id", sa.String(100), primary_key=True),
    sa.Column("person", sa.String(100), sa.ForeignKey("person.id"), primary_key=True),
    sa.Column("start_us", sa.BigInteger, nullable=False),
    sa.Column("stop_us", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("seen", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.CheckConstraint("start_us < stop_us", name="span"),
    sa.Index(None, "person", "start_us"),
)

DOCUMENTS = {"person": PERSON, "outage": OUTAGE, "schedule": SCHEDULE}
