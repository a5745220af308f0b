"""People, skills, shifts, absences, assignments and outages."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("person", "outage", "schedule"):
        op.create_table(
            name,
            sa.Column("id", sa.String(100), nullable=False),
            sa.Column("revision", sa.Integer, nullable=False),
            sa.Column("changed_at_us", sa.BigInteger, nullable=False),
            sa.Column("body", sa.Text, nullable=False),
            sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
            sa.CheckConstraint("revision >= 1", name=op.f(f"ck_{name}_revision")),
        )
    op.create_table(
        "assignment",
        sa.Column("order_id", sa.String(100), nullable=False),
        sa.Column("person", sa.String(100), nullable=False),
        sa.Column("start_us", sa.BigInteger, nullable=False),
        sa.Column("stop_us", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("seen", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "person", name="pk_assignment"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_assignment_person"),
        sa.CheckConstraint("start_us < stop_us", name=op.f("ck_assignment_span")),
    )
    op.create_index("ix_assignment_person_start_us", "assignment", ["person", "start_us"])
