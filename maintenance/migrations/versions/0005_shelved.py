"""Limits and machines that are shelved until a time."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shelved",
        sa.Column("asset", sa.String(200), nullable=False),
        sa.Column("limit", sa.String(200), nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("asset", "limit", name="pk_shelved"),
    )
