"""Spare parts: cards, places, the ledger of moves, reservations, counts, serial numbers."""

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
