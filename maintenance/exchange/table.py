"""Every kind of table, read from top to bottom: what `forewarn table kinds` lists and the reference describes."""

from __future__ import annotations

from forewarn.maintenance.exchange.kind_assets import ASSETS
from forewarn.maintenance.exchange.kind_exports import FIGURES, MOVES, ORDERS, PURCHASES
from forewarn.maintenance.exchange.kind_history import HISTORY
from forewarn.maintenance.exchange.kind_parts import PARTS, STOCK, SUPPLIERS
from forewarn.maintenance.exchange.kind_people import PEOPLE
from forewarn.maintenance.exchange.kind_plans import PLANS
from forewarn.maintenance.exchange.kinds import TableKind

KINDS: tuple[TableKind, ...] = (
    ASSETS, PARTS, STOCK, SUPPLIERS, PEOPLE, PLANS, HISTORY, ORDERS, MOVES, PURCHASES, FIGURES,
)  # fmt: skip
