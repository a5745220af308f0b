"""Sensor events: what was wrong with which sensor, from when until when."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sensor_event",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("asset", sa.String(200), nullable=False),
        sa.Column("signal", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("ne107", sa.String(32), nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.Column("until_us", sa.BigInteger),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sensor_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sensor_event_asset_id", "sensor_event", ["asset", "id"])
    op.create_index(
        "uq_sensor_event_open",
        "sensor_event",
        ["asset", "signal", "kind"],
        unique=True,
        sqlite_where=sa.text("until_us IS NULL"),
        postgresql_where=sa.text("until_us IS NULL"),
    )
