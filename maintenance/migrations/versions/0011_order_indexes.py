"""What a million closed orders need; how far each message is on its way; nobody empties a table of the record."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# SQLite has no TRUNCATE: there each row meets the guard against DELETE
NEVER_EMPTIED = ("audit", "audit_head", "order_cause")


def upgrade() -> None:
    op.add_column("outbox", sa.Column("subject", sa.String(200), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("outbox", sa.Column("retry_at_us", sa.BigInteger))
    op.add_column("outbox", sa.Column("dead_at_us", sa.BigInteger))
    op.add_column("outbox", sa.Column("error", sa.Text, nullable=False, server_default=""))
    waiting = sa.text("delivered_at_us IS NULL AND dead_at_us IS NULL")
    op.create_index("ix_outbox_waiting", "outbox", ["subject", "id"], sqlite_where=waiting, postgresql_where=waiting)
    dead = sa.text("dead_at_us IS NOT NULL")
    op.create_index("ix_outbox_dead", "outbox", ["id"], sqlite_where=dead, postgresql_where=dead)
    if op.get_context().dialect.name == "postgresql":
        for table in NEVER_EMPTIED:
            _refuse_truncate(table)


def _refuse_truncate(table: str) -> None:
    trigger = f"{table}_no_truncate"
    op.execute(
        f"CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        f"'the table {table} is never emptied' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(f"CREATE TRIGGER {trigger} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {trigger}()")
