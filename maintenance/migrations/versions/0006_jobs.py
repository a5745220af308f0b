"""Job plans, their results and reports; orders that grew out of others, their planned cost and who approved it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FROZEN = ("job_plan", "order_result", "order_line")


def upgrade() -> None:
    _order_columns()
    _plans()
    _results()
    for table in FROZEN:
        _refuse(table, "UPDATE")
        _refuse(table, "DELETE")


def _order_columns() -> None:
    op.add_column("work_order", sa.Column("origin", sa.String(200)))
    op.add_column("work_order", sa.Column("planned_cost", sa.Float, nullable=False, server_default=sa.text("0")))
    op.add_column("work_order", sa.Column("currency", sa.String(3), nullable=False, server_default=sa.text("'EUR'")))
    op.add_column("work_order", sa.Column("approved_cost", sa.Float))
    op.add_column("work_order", sa.Column("approved_by", sa.String(200)))
    op.create_index("ix_work_order_follows", "work_order", ["follows"])
    op.create_index("uq_work_order_origin", "work_order", ["origin"], unique=True)


def _plans() -> None:
    op.create_table(
        "job_plan",
        sa.Column("id", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name="pk_job_plan"),
        sa.CheckConstraint("version >= 1", name="version"),
    )
    op.create_table(
        "order_job",
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("order_id", name="pk_order_job"),
        sa.ForeignKeyConstraint(["order_id"], ["work_order.id"], name="fk_order_job_order_id"),
    )


def _results() -> None:
    op.create_table(
        "order_result",
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("what", sa.String(8), nullable=False),
        sa.Column("step", sa.String(60), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "seq", name="pk_order_result"),
        sa.ForeignKeyConstraint(["order_id"], ["work_order.id"], name="fk_order_result_order_id"),
        sa.CheckConstraint("what IN ('result', 'sign_off')", name="what"),
    )
    op.create_table(
        "order_line",
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("what", sa.String(200), nullable=False),
        sa.Column("quantity", sa.Float, nullable=False),
        sa.Column("amount", sa.Float, nullable=False),
        sa.Column("corrects", sa.Integer),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "seq", name="pk_order_line"),
        sa.ForeignKeyConstraint(["order_id"], ["work_order.id"], name="fk_order_line_order_id"),
        sa.UniqueConstraint("order_id", "corrects", name="uq_order_line_order_id_corrects"),
    )


def _refuse(table: str, event: str) -> None:
    """A trigger that lets the statement fail, in the words of the dialect at hand."""
    trigger, message = f"{table}_no_{event.lower()}", f"rows of {table} are only ever added"
    if op.get_context().dialect.name == "sqlite":
        body = f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        op.execute(f"CREATE TRIGGER {trigger} BEFORE {event} ON {table} {body}")
        return
    op.execute(
        f"CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(f"CREATE TRIGGER {trigger} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {trigger}()")
