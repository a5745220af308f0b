"""Spare parts on the shelf: a ledger of moves, reservations, counts, kits, and what the shelf is worth."""
