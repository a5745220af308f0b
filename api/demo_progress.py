"""What the demo shows while it runs: a table on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from forewarn.api.session import PlantSession
from forewarn.core.clock import US_PER_DAY

if TYPE_CHECKING:
    from rich.table import Table

SHOWN_ORDERS = 6


def progress_line(session: PlantSession, elapsed_s: float) -> str:
    """One line for a log."""
    return " | ".join([_time(session, elapsed_s), _readings(session), _machines(session), _orders(session)[0]])


def progress_table(session: PlantSession, elapsed_s: float) -> Table:
    """The same as a table, with the newest orders by title."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    headline, *titles = _orders(session)
    rows = [("Clock", _time(session, elapsed_s)), ("Readings", _readings(session)), ("Machines", _machines(session))]
    for name, text in [*rows, ("Orders", headline), *(("", title) for title in titles)]:
        table.add_row(f"[bold]{name}", text)
    return table


def _time(session: PlantSession, elapsed_s: float) -> str:
    days = (session.main.parts.room.now_us() - session.settings.clock.origin_plant_us) / US_PER_DAY
    return f"{elapsed_s:4.0f} s = day {days:4.1f}"


def _readings(session: PlantSession) -> str:
    counts = session.counts()
    return (
        f"{session.main.parts.room.meter.rate:6.0f} readings/s, {counts.stored} stored, "
        f"{counts.duplicates} duplicates, {counts.quarantined} quarantined"
    )


def _machines(session: PlantSession) -> str:
    states = Counter(str(known["state"]) for known in session.main.parts.room.assessments.latest().values())
    return "machines: " + (", ".join(f"{n} {state}" for state, n in sorted(states.items())) or "no assessment yet")


def _orders(session: PlantSession) -> list[str]:
    orders = session.main.parts.room.orders.orders(limit=10_000, evidence=False)
    opened = [order for order in orders if order.id not in session.orders_before]
    return [f"orders opened: {len(opened)}", *(f"{o.number}  {o.title}" for o in opened[:SHOWN_ORDERS])]
