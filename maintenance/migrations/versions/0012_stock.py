"""Spare parts: cards, places, the ledger of moves, balances, reservations, serial numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SIDES = ("supplier", "order", "used", "scrap", "difference", "opening", "assembly")
REASONS = (
    "'opening', 'receipt', 'to_supplier', 'transfer', 'issue', 'give_back', 'use', 'remove', 'scrap', 'count', "
    "'assemble', 'take_apart', 'correction'"
)


def upgrade() -> None:
    _cards_and_places()
    _ledger()
    _balances()
    _reservations()
    _orders()
    sequence = sa.table("sequence", sa.column("name", sa.String), sa.column("value", sa.BigInteger))
    op.bulk_insert(sequence, [{"name": "stock_move", "value": 0}])
    _refuse("UPDATE")
    _refuse("DELETE")
    if op.get_context().dialect.name == "postgresql":  # SQLite has no TRUNCATE
        _refuse("TRUNCATE", "STATEMENT")


def _cards_and_places() -> None:
    op.create_table(
        "stock_card",
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("changed_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stock_card"),
        sa.CheckConstraint("revision >= 1", name="revision"),
    )
    places = op.create_table(
        "stock_place",
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("usable", sa.Boolean, nullable=False),
        sa.Column("side", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stock_place"),
        sa.CheckConstraint("side IN ('store', " + ", ".join(f"'{side}'" for side in SIDES) + ")", name="side"),
    )
    stores = [("main", "Main store", True), ("quarantine", "Quarantine", False)]
    rows = [{"id": id, "name": name, "usable": usable, "side": "store"} for id, name, usable in stores]
    rows += [{"id": f"@{side}", "name": side, "usable": False, "side": side} for side in SIDES]
    op.bulk_insert(places, rows)


def _ledger() -> None:
    op.create_table(
        "stock_move",
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("from_place", sa.String(200), nullable=False),
        sa.Column("to_place", sa.String(200), nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("order", sa.String(36)),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("unit_cost", sa.Float, nullable=False),
        sa.Column("batch", sa.String(100), nullable=False),
        sa.Column("expires_us", sa.BigInteger),
        sa.Column("serial", sa.String(100), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("corrects", sa.BigInteger),
        sa.PrimaryKeyConstraint("seq", name="pk_stock_move"),
        sa.ForeignKeyConstraint(["part"], ["stock_card.id"], name="fk_stock_move_part"),
        sa.ForeignKeyConstraint(["from_place"], ["stock_place.id"], name="fk_stock_move_from_place"),
        sa.ForeignKeyConstraint(["to_place"], ["stock_place.id"], name="fk_stock_move_to_place"),
        sa.ForeignKeyConstraint(["order"], ["work_order.id"], name="fk_stock_move_order"),
        sa.ForeignKeyConstraint(["corrects"], ["stock_move.seq"], name="fk_stock_move_corrects"),
        sa.CheckConstraint("quantity > 0", name="quantity"),
        sa.CheckConstraint("unit_cost >= 0", name="unit_cost"),
        sa.CheckConstraint("from_place <> to_place", name="places"),
        sa.CheckConstraint(f"reason IN ({REASONS})", name="reason"),
    )
    for columns in (["part", "seq"], ["order"], ["at_us"], ["serial"], ["corrects"]):
        op.create_index(f"ix_stock_move_{'_'.join(columns)}", "stock_move", columns)


def _balances() -> None:
    op.create_table(
        "stock_balance",
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("batch", sa.String(100), nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("expires_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("part", "place", "batch", name="pk_stock_balance"),
        sa.ForeignKeyConstraint(["part"], ["stock_card.id"], name="fk_stock_balance_part"),
        sa.ForeignKeyConstraint(["place"], ["stock_place.id"], name="fk_stock_balance_place"),
        sa.CheckConstraint("quantity >= 0", name="quantity"),
    )
    op.create_table(
        "stock_level",
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("usable", sa.BigInteger, nullable=False),
        sa.Column("unusable", sa.BigInteger, nullable=False),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("part", name="pk_stock_level"),
        sa.ForeignKeyConstraint(["part"], ["stock_card.id"], name="fk_stock_level_part"),
        sa.CheckConstraint("usable >= 0", name="usable"),
        sa.CheckConstraint("unusable >= 0", name="unusable"),
        sa.CheckConstraint("reserved >= 0 AND reserved <= usable", name="reserved"),
    )


def _reservations() -> None:
    op.create_table(
        "stock_reservation",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("order", sa.String(36), nullable=False),
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("taken", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("needed_by_us", sa.BigInteger),
        sa.Column("substitute_for", sa.String(200)),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stock_reservation"),
        sa.ForeignKeyConstraint(["order"], ["work_order.id"], name="fk_stock_reservation_order"),
        sa.ForeignKeyConstraint(["part"], ["stock_card.id"], name="fk_stock_reservation_part"),
        sa.ForeignKeyConstraint(["substitute_for"], ["stock_card.id"], name="fk_stock_reservation_substitute_for"),
        sa.CheckConstraint("quantity > 0", name="quantity"),
        sa.CheckConstraint("taken >= 0 AND taken <= quantity", name="taken"),
        sa.CheckConstraint("state IN ('waiting', 'held', 'issued', 'released')", name="state"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_stock_reservation_order", "stock_reservation", ["order"])
    op.create_index("ix_stock_reservation_part_state", "stock_reservation", ["part", "state"])
    op.create_table(
        "stock_serial",
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("serial", sa.String(100), nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.Column("order", sa.String(36)),
        sa.Column("asset", sa.String(200), nullable=False),
        sa.Column("batch", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("part", "serial", name="pk_stock_serial"),
        sa.ForeignKeyConstraint(["part"], ["stock_card.id"], name="fk_stock_serial_part"),
        sa.ForeignKeyConstraint(["place"], ["stock_place.id"], name="fk_stock_serial_place"),
        sa.ForeignKeyConstraint(["order"], ["work_order.id"], name="fk_stock_serial_order"),
    )


def _orders() -> None:
    op.create_table(
        "stock_bill",
        sa.Column("order", sa.String(36), nullable=False),
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("order", "part", name="pk_stock_bill"),
        sa.ForeignKeyConstraint(["order"], ["work_order.id"], name="fk_stock_bill_order"),
        sa.ForeignKeyConstraint(["part"], ["stock_card.id"], name="fk_stock_bill_part"),
    )
    op.create_table(
        "stock_wait",
        sa.Column("order", sa.String(36), nullable=False),
        sa.Column("back_to", sa.String(8)),
        sa.PrimaryKeyConstraint("order", name="pk_stock_wait"),
        sa.ForeignKeyConstraint(["order"], ["work_order.id"], name="fk_stock_wait_order"),
        sa.CheckConstraint("back_to IN ('APPR', 'WSCH')", name="back_to"),
    )


def _refuse(event: str, each: str = "ROW") -> None:
    """A trigger that lets the statement fail, in the words of the dialect at hand."""
    trigger, message = f"stock_move_no_{event.lower()}", "moves of stock are only ever added: write a correction"
    if op.get_context().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER {trigger} BEFORE {event} ON stock_move BEGIN SELECT RAISE(ABORT, '{message}'); END")
        return
    op.execute(
        f"CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(f"CREATE TRIGGER {trigger} BEFORE {event} ON stock_move FOR EACH {each} EXECUTE FUNCTION {trigger}()")
