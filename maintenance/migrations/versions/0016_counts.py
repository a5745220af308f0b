"""Count sheets of the store room, their lines and what was counted."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "count_sheet",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("area", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("made_at_us", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("ended_at_us", sa.BigInteger),
        sa.Column("ended_by", sa.String(200), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.CheckConstraint("state IN ('open', 'recount', 'ready', 'posted', 'cancelled')", name="state"),
        sa.CheckConstraint("revision >= 1", name="revision"),
        sa.PrimaryKeyConstraint("id", name="pk_count_sheet"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_count_sheet_state", "count_sheet", ["state"])
    op.create_table(
        "count_line",
        sa.Column("sheet", ROW_ID, nullable=False),
        sa.Column("seq", sa.Integer, autoincrement=False, nullable=False),
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
        sa.Column("difference", sa.BigInteger),
        sa.Column("counted_at_us", sa.BigInteger),
        sa.Column("counted_by", sa.String(200)),
        sa.Column("under_way", sa.Boolean, nullable=False),
        sa.CheckConstraint("pieces >= 0 AND tolerance >= 0", name="pieces"),
        sa.ForeignKeyConstraint(["sheet"], ["count_sheet.id"], name="fk_count_line_sheet"),
        sa.PrimaryKeyConstraint("sheet", "seq", name="pk_count_line"),
    )
    op.create_index(
        "uq_count_line_under_way",
        "count_line",
        ["part", "place", "batch"],
        unique=True,
        sqlite_where=sa.text("under_way"),
        postgresql_where=sa.text("under_way"),
    )
    op.create_index("ix_count_line_counted", "count_line", ["part", "place", "counted_at_us"])
    op.create_index("ix_count_line_counted_at_us", "count_line", ["counted_at_us"])
    op.create_table(
        "count_entry",
        sa.Column("sheet", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("pieces", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("serials", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("replaced", sa.Boolean, nullable=False),
        sa.CheckConstraint("pieces >= 0", name="pieces"),
        sa.ForeignKeyConstraint(["sheet", "line"], ["count_line.sheet", "count_line.seq"], name="fk_count_entry_line"),
        sa.PrimaryKeyConstraint("sheet", "line", "n", name="pk_count_entry"),
    )
