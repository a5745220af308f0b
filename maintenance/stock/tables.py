"""Tables of this folder; `maintenance/schema.py` puts all together."""

from __future__ import annotations

import sqlalchemy as sa

from forewarn.core.stock import MoveReason, ReservationState, Side
from forewarn.core.work import Status
from forewarn.maintenance.records_tables import METADATA, ROW_ID, one_of

STOCK_CARD = sa.Table(
    "stock_card",
    METADATA,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("changed_at_us", sa.BigInteger, nullable=False),
    sa.CheckConstraint("revision >= 1", name="revision"),
)

STOCK_PLACE = sa.Table(
    "stock_place",
    METADATA,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("usable", sa.Boolean, nullable=False),
    sa.Column("side", sa.String(16), nullable=False),
    one_of("side", Side),
)

STOCK_MOVE = sa.Table(  # the ledger: only ever added to, which triggers see to
    "stock_move",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("part", sa.String(200), sa.ForeignKey("stock_card.id"), nullable=False),
    sa.Column("from_place", sa.String(200), sa.ForeignKey("stock_place.id"), nullable=False),
    sa.Column("to_place", sa.String(200), sa.ForeignKey("stock_place.id"), nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.String(16), nullable=False),
    sa.Column("order", sa.String(36), sa.ForeignKey("work_order.id")),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("unit_cost", sa.Float, nullable=False),
    sa.Column("batch", sa.String(100), nullable=False),
    sa.Column("expires_us", sa.BigInteger),
    sa.Column("serial", sa.String(100), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("corrects", sa.BigInteger, sa.ForeignKey("stock_move.seq")),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.CheckConstraint("unit_cost >= 0", name="unit_cost"),
    sa.CheckConstraint("from_place <> to_place", name="places"),
    one_of("reason", MoveReason),
    sa.Index(None, "part", "seq"),
    sa.Index(None, "order"),
    sa.Index(None, "at_us"),
    sa.Index(None, "serial"),
    sa.Index(None, "corrects"),
)

STOCK_BALANCE = sa.Table(  # of stores only; a row stays at 0, for it knows when its batch expires
    "stock_balance",
    METADATA,
    sa.Column("part", sa.String(200), sa.ForeignKey("stock_card.id"), primary_key=True),
    sa.Column("place", sa.String(200), sa.ForeignKey("stock_place.id"), primary_key=True),
    sa.Column("batch", sa.String(100), primary_key=True),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("expires_us", sa.BigInteger),
    sa.CheckConstraint("quantity >= 0", name="quantity"),
)

STOCK_LEVEL = sa.Table(  # of a part over all stores
    "stock_level",
    METADATA,
    sa.Column("part", sa.String(200), sa.ForeignKey("stock_card.id"), primary_key=True),
    sa.Column("usable", sa.BigInteger, nullable=False),
    sa.Column("unusable", sa.BigInteger, nullable=False),
    sa.Column("reserved", sa.BigInteger, nullable=False),
    sa.CheckConstraint("usable >= 0", name="usable"),
    sa.CheckConstraint("unusable >= 0", name="unusable"),
    sa.CheckConstraint("reserved >= 0 AND reserved <= usable", name="reserved"),
)

STOCK_RESERVATION = sa.Table(
    "stock_reservation",
    METADATA,
    sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("order", sa.String(36), sa.ForeignKey("work_order.id"), nullable=False),
    sa.Column("part", sa.String(200), sa.ForeignKey("stock_card.id"), nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("taken", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("needed_by_us", sa.BigInteger),
    sa.Column("substitute_for", sa.String(200), sa.ForeignKey("stock_card.id")),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.CheckConstraint("taken >= 0 AND taken <= quantity", name="taken"),
    one_of("state", ReservationState),
    sa.Index(None, "order"),
    sa.Index(None, "part", "state"),
    sqlite_autoincrement=True,
)

STOCK_SERIAL = sa.Table(
    "stock_serial",
    METADATA,
    sa.Column("part", sa.String(200), sa.ForeignKey("stock_card.id"), primary_key=True),
    sa.Column("serial", sa.String(100), primary_key=True),
    sa.Column("place", sa.String(200), sa.ForeignKey("stock_place.id"), nullable=False),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Column("order", sa.String(36), sa.ForeignKey("work_order.id")),
    sa.Column("asset", sa.String(200), nullable=False),
    sa.Column("batch", sa.String(100), nullable=False),
)

STOCK_BILL = sa.Table(  # which line of an order's report the store room wrote for a part
    "stock_bill",
    METADATA,
    sa.Column("order", sa.String(36), sa.ForeignKey("work_order.id"), primary_key=True),
    sa.Column("part", sa.String(200), sa.ForeignKey("stock_card.id"), primary_key=True),
    sa.Column("line", sa.Integer, nullable=False),
)

STOCK_WAIT = sa.Table(  # orders that are to wait in WMATL; `back_to`: where they go when all is there
    "stock_wait",
    METADATA,
    sa.Column("order", sa.String(36), sa.ForeignKey("work_order.id"), primary_key=True),
    sa.Column("back_to", sa.String(8)),
    sa.CheckConstraint(f"back_to IN ('{Status.APPR}', '{Status.WSCH}')", name="back_to"),
)
