"""Every table of the records in one place: what the migrations must add up to.

A folder of `maintenance` keeps its own tables in `tables.py`, beside the code that reads and writes them; this module
imports all of them, so that `METADATA` is complete.
"""

from __future__ import annotations

from forewarn.maintenance.autonomy import tables as autonomy
from forewarn.maintenance.buying import tables as buying
from forewarn.maintenance.demand import tables as demand
from forewarn.maintenance.exchange import tables as exchange
from forewarn.maintenance.orders import department_tables
from forewarn.maintenance.orders import tables as orders
from forewarn.maintenance.people import tables as people
from forewarn.maintenance.plans import tables as plans
from forewarn.maintenance.records_tables import METADATA
from forewarn.maintenance.stock import count_tables
from forewarn.maintenance.stock import tables as stock

FAMILIES = (orders, department_tables, plans, people, autonomy, buying, stock, count_tables, demand, exchange)

__all__ = ["FAMILIES", "METADATA"]
