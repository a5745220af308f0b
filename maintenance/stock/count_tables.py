"""Tables of count sheets; `maintenance/schema.py` puts all together."""

from __future__ import annotations

import sqlalchemy as sa

from forewarn.maintenance.records_tables import METADATA, ROW_ID
from forewarn.maintenance.stock.counting import SheetState

_STATES = ", ".join(f"'{state.value}'" for state in SheetState)

COUNT_SHEET = sa.Table(
    "count_sheet",
    METADATA,
    sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("area", sa.String(200), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),  # newest move of the ledger when it was drawn
    sa.Column("made_at_us", sa.BigInteger, nullable=False),
    sa.Column("made_by", sa.String(200), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("ended_at_us", sa.BigInteger),
    sa.Column("ended_by", sa.String(200), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.CheckConstraint(f"state IN ({_STATES})", name="state"),
    sa.CheckConstraint("revision >= 1", name="revision"),
    sa.Index(None, "state"),
    sqlite_autoincrement=True,
)

COUNT_LINE = sa.Table(
    "count_line",
    METADATA,
    sa.Column("sheet", ROW_ID, sa.ForeignKey("count_sheet.id"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("part", sa.String(200), nullable=False),
    sa.Column("place", sa.String(200), nullable=False),
    sa.Column("batch", sa.String(100), nullable=False),
    sa.Column("abc", sa.String(1), nullable=False),
    sa.Column("price", sa.Float, nullable=False),
    sa.Column("pieces", sa.BigInteger, nullable=False),
    sa.Column("serials", sa.Text, nullable=False),
    sa.Column("is_rotable", sa.Boolean, nullable=False),
    sa.Column("expires_us", sa.BigInteger),
    sa.Column("tolerance", sa.BigInteger, nullable=False),
    sa.Column("moves", sa.Text, nullable=False),
    sa.Column("difference", sa.BigInteger),  # what was booked; these three when the sheet was posted
    sa.Column("counted_at_us", sa.BigInteger),
    sa.Column("counted_by", sa.String(200)),
    sa.Column("under_way", sa.Boolean, nullable=False),
    sa.CheckConstraint("pieces >= 0 AND tolerance >= 0", name="pieces"),
    sa.Index(
        "uq_count_line_under_way",  # what is being counted stands on one sheet: two would book one difference twice
        "part",
        "place",
        "batch",
        unique=True,
        sqlite_where=sa.text("under_way"),
        postgresql_where=sa.text("under_way"),
    ),
    sa.Index("ix_count_line_counted", "part", "place", "counted_at_us"),
    sa.Index(None, "counted_at_us"),
)

COUNT_ENTRY = sa.Table(
    "count_entry",
    METADATA,
    sa.Column("sheet", ROW_ID, primary_key=True, autoincrement=False),
    sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("pieces", sa.BigInteger, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("serials", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("replaced", sa.Boolean, nullable=False),
    sa.CheckConstraint("pieces >= 0", name="pieces"),
    sa.ForeignKeyConstraint(["sheet", "line"], ["count_line.sheet", "count_line.seq"], name="fk_count_entry_line"),
)
