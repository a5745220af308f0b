"""Messages to the world (webhook, ERP, live page), written in the transaction of what they tell.

Whoever sends them reads `pending`, sends, and marks: at least once, each with a number that never comes twice, so that
a receiver can tell repeats.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from forewarn.core.work import Json
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import AUDIT_HEAD, OUTBOX


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `kind` is order.opened, order.updated, order.status or order.verified."""

    id: int
    kind: str
    body: Json
    created_at_us: int


def post(connection: sa.Connection, kind: str, body: Json, at_us: int) -> None:
    """Put a message in the outbox, in the caller's transaction. Whoever posts waits for the one before to commit: a
    number that shows up below one that was seen already would be passed over for ever."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(AUDIT_HEAD.c.id).with_for_update())  # who audits holds it already
    connection.execute(OUTBOX.insert().values(kind=kind, body=canonical(body), created_at_us=at_us))


def pending(records: Records, limit: int = 100) -> list[Message]:
    """Messages not yet marked as delivered, oldest first."""
    query = sa.select(OUTBOX).where(OUTBOX.c.delivered_at_us.is_(None)).order_by(OUTBOX.c.id).limit(limit)
    with records.read() as connection:
        return [_message(row) for row in connection.execute(query)]


def posted_after(records: Records, id: int, limit: int = 100) -> list[Message]:
    """Messages with a higher number, delivered or not, oldest first: what a live page has not seen yet."""
    query = sa.select(OUTBOX).where(OUTBOX.c.id > id).order_by(OUTBOX.c.id).limit(limit)
    with records.read() as connection:
        return [_message(row) for row in connection.execute(query)]


def mark_delivered(records: Records, ids: Sequence[int], at_us: int) -> None:
    """Remember that these were sent. Marking twice changes nothing."""
    with records.write() as connection:
        unmarked = OUTBOX.c.id.in_(ids) & OUTBOX.c.delivered_at_us.is_(None)
        connection.execute(OUTBOX.update().where(unmarked).values(delivered_at_us=at_us))


def _message(row: sa.Row[tuple[object, ...]]) -> Message:
    return Message(row.id, row.kind, json.loads(row.body), row.created_at_us)
