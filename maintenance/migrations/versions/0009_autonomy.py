"""Levels of autonomy, the weekly alarm budget, and windows without alarms."""

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
