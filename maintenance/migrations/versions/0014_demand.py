"""Kept forecasts of part demand, reorder policies and their monthly reviews."""

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
