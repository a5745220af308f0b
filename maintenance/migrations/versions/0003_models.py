"""Versions of models: their cards, stages, and which of them decides."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STAGES = "'candidate', 'shadow', 'challenger', 'champion', 'retired'"


def upgrade() -> None:
    op.create_table(
        "model_name",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("newest", sa.Integer, nullable=False),
        sa.CheckConstraint("newest >= 0", name="newest"),
        sa.PrimaryKeyConstraint("name", name="pk_model_name"),
    )
    op.create_table(
        "model_version",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("card", sa.Text, nullable=False),
        sa.Column("file_sha256", sa.String(64), nullable=False),
        sa.Column("changed_at_us", sa.BigInteger, nullable=False),
        sa.Column("report_sha256", sa.String(64), nullable=False),
        sa.Column("promoted_at_us", sa.BigInteger),
        sa.Column("failed", sa.Text, nullable=False),
        sa.CheckConstraint(f"stage IN ({STAGES})", name="stage"),
        sa.CheckConstraint("version >= 1", name="version"),
        sa.CheckConstraint("revision >= 1", name="revision"),
        sa.ForeignKeyConstraint(["name"], ["model_name.name"], name="fk_model_version_name"),
        sa.PrimaryKeyConstraint("name", "version", name="pk_model_version"),
    )
    op.create_index(
        "uq_model_version_champion",
        "model_version",
        ["name"],
        unique=True,
        sqlite_where=sa.text("stage = 'champion'"),
        postgresql_where=sa.text("stage = 'champion'"),
    )
