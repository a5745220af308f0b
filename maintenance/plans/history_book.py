"""Imported history in the records: closed orders with their audit rows, once for each row of the source.

No order of the past is open, and nothing of it is told to the world: no messages.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from forewarn.core.faults import Fault
from forewarn.core.jobs import Job, LineKind, NewLine, ReportLine
from forewarn.core.ports import Actor
from forewarn.core.work import Cause, Json, OrderKind, Status, Verification, WorkOrder
from forewarn.maintenance.audit import AuditEntry, append_all
from forewarn.maintenance.bulk_insert import insert_many
from forewarn.maintenance.orders.bulk import insert_orders, next_numbers
from forewarn.maintenance.orders.desk import snapshot
from forewarn.maintenance.orders.rules import REPAIRS, KeptOrder
from forewarn.maintenance.plans.history_file import HistoryMap, Parsed, PastOrder, slug
from forewarn.maintenance.plans.tables import IMPORTED_ORDER
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_postgresql import in_turn

NAMESPACE = uuid.UUID("6b1f5c52-9a57-5f6c-8a5a-0f3f4c8f2d10")
"""Under which the id of an imported order is made of its source and key: the same row has the same id everywhere."""

AT_ONCE = 1_000
"""Orders that are made and written together."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do. `known` rows are in the records already; `changed` rows too, but they say
    something else now: they are left as they were, and named."""

    source: str
    rows: int
    new: int
    known: int
    changed: tuple[int, ...]
    wrong: int
    applied: bool
    first_us: int | None
    last_us: int | None
    by_asset: Mapping[str, int]
    by_kind: Mapping[str, int]
    cost: float


class HistoryBook:
    """Orders of other systems, in the records."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def preview(self, parsed: Parsed, mapping: HistoryMap) -> ImportReport:
        """What `apply` would do; changes nothing."""
        with self._records.read() as connection:
            new, known, changed = _sorted(connection, parsed, mapping.source)
        return _report(parsed, mapping, new, known, changed, applied=False)

    def apply(self, parsed: Parsed, mapping: HistoryMap, actor: Actor, at_us: int) -> ImportReport:
        """Write every new row as a closed order with its audit row "imported", in one transaction.

        Again, or in two programs at once, nothing is written twice: the second waits and finds them known.
        """
        with self._records.write() as connection:
            in_turn(connection, "import", mapping.source)
            new, known, changed = _sorted(connection, parsed, mapping.source)
            _write(connection, new, mapping, actor, at_us)
        return _report(parsed, mapping, new, known, changed, applied=True)


def _sorted(
    connection: sa.Connection, parsed: Parsed, source: str
) -> tuple[list[PastOrder], list[PastOrder], list[PastOrder]]:
    table = IMPORTED_ORDER.c
    rows = connection.execute(sa.select(table.key, table.digest).where(table.source == source)).all()
    digests = {row.key: row.digest for row in rows}
    new = [order for order in parsed.orders if order.key not in digests]
    known = [order for order in parsed.orders if digests.get(order.key) == order.digest]
    changed = [o for o in parsed.orders if o.key in digests and digests[o.key] != o.digest]
    return sorted(new, key=lambda order: (order.at_us, order.row)), known, changed


def _write(connection: sa.Connection, new: Sequence[PastOrder], mapping: HistoryMap, actor: Actor, at_us: int) -> None:
    if not new:
        return
    numbers = next_numbers(connection, len(new))
    for first in range(0, len(new), AT_ONCE):  # what was written need not be kept in memory
        some = slice(first, first + AT_ONCE)
        _write_some(connection, new[some], numbers[some], mapping, actor, at_us)


def _write_some(
    connection: sa.Connection,
    new: Sequence[PastOrder],
    numbers: Sequence[str],
    mapping: HistoryMap,
    actor: Actor,
    at_us: int,
) -> None:
    kept = [closed_order(past, number, mapping, actor) for past, number in zip(new, numbers, strict=True)]
    told = [snapshot(one) for one in kept]
    insert_orders(connection, kept, told)
    rows = [
        {"source": mapping.source, "key": past.key, "order_id": one.order.id, "digest": past.digest}
        for past, one in zip(new, kept, strict=True)
    ]
    insert_many(connection, IMPORTED_ORDER, rows)
    entries = (AuditEntry(at_us, actor, o.order.id, "imported", {}, after) for o, after in zip(kept, told, strict=True))
    append_all(connection, entries)


def closed_order(past: PastOrder, number: str, mapping: HistoryMap, actor: Actor) -> KeptOrder:
    """The order of a row. Repairs have a cause for each system, its mechanism being the word of the file; what is kept
    of the source stands in the report under `imported`."""
    told: Json = {
        "source": mapping.source,
        "key": past.key,
        "row": past.row,
        "components": list(past.components),
        "cost": past.cost,
        **past.words,
    }
    report: Json = {"imported": told, "text": past.text}
    if past.finding is not None:
        report["finding"] = past.finding.value
    causes: tuple[Cause, ...] = ()
    if past.kind in REPAIRS:
        mechanism = slug(past.words.get("failure_mode", "")) or "not-told"
        faults = [Fault(component, mechanism) for component in past.components or ("whole",)]
        causes = tuple(Cause(fault, past.failure_mode, told, past.at_us) for fault in faults)
        report["failure_mode_found"] = past.failure_mode
    order = WorkOrder(
        id=str(uuid.uuid5(NAMESPACE, f"{mapping.source}\n{past.key}")),
        number=number,
        asset=past.asset,
        kind=past.kind,
        status=Status.CLOSE,
        priority=_priority(past.kind),
        title=past.text,
        causes=causes,
        parts=(),
        steps=(),
        repair_hours=0.0,
        created_at_us=past.at_us,
        updated_at_us=past.at_us,
        revision=1,
        verification=Verification.WAIVED,
        report=report,
        currency=mapping.currency,
    )
    driver = causes[0].fault if causes else None
    return KeptOrder(order, driver, past.at_us, past.at_us, Job(lines=_lines(past, mapping, actor)))


def _priority(kind: OrderKind) -> int:
    return 1 if kind is OrderKind.EMERGENCY else 3


def _lines(past: PastOrder, mapping: HistoryMap, actor: Actor) -> tuple[ReportLine, ...]:
    told = []
    if past.words.get("part"):
        told.append(NewLine(LineKind.PART, past.words["part"][:200], 1.0, 0.0, mapping.currency))
    if past.cost is not None:
        told.append(NewLine(LineKind.COST, "as imported", 1.0, past.cost, mapping.currency))
    return tuple(ReportLine(seq, line, past.at_us, actor.name) for seq, line in enumerate(told, 1))


def _report(
    parsed: Parsed,
    mapping: HistoryMap,
    new: Sequence[PastOrder],
    known: Sequence[PastOrder],
    changed: Sequence[PastOrder],
    applied: bool,
) -> ImportReport:
    moments = [order.at_us for order in parsed.orders]
    return ImportReport(
        source=mapping.source,
        rows=len(parsed.orders) + len(parsed.errors),
        new=len(new),
        known=len(known),
        changed=tuple(order.row for order in changed),
        wrong=len(parsed.errors),
        applied=applied,
        first_us=min(moments, default=None),
        last_us=max(moments, default=None),
        by_asset=dict(sorted(Counter(order.asset for order in new).items())),
        by_kind=dict(sorted(Counter(order.kind.value for order in new).items())),
        cost=round(sum(order.cost or 0.0 for order in new), 2),
    )
