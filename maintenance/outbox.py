"""Messages to the world (webhook, ERP, live page), written in the transaction of what they tell.

Whoever sends them takes what is `due`, sends, and marks: at least once, each with an id that never comes twice, so that
a receiver can tell repeats. Messages of one subject (an order, a model) are due one after the other, those of others go
on meanwhile. One that the receiver refuses for good, or that failed too often, is dead: it is kept, shown, and can be
sent again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from forewarn.core.errors import Rejected
from forewarn.core.work import Json
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import AUDIT_HEAD, OUTBOX

SUBJECTS = ("order", "model", "asset", "purchase")
"""Keys of a body; the first that it has names what its messages are in order about."""

ERROR_LIMIT = 500
_COLUMNS = OUTBOX.c
_WAITING = _COLUMNS.delivered_at_us.is_(None) & _COLUMNS.dead_at_us.is_(None)


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `kind` is order.opened, order.updated, order.status, order.verified and others; `attempts` failed
    so far, the last one with `error`; dead ones are not tried any more."""

    id: int
    kind: str
    body: Json
    created_at_us: int
    subject: str = ""
    attempts: int = 0
    retry_at_us: int | None = None
    dead_at_us: int | None = None
    error: str = ""

    @property
    def key(self) -> str:
        """What a receiver tells repeats by: the same at every attempt, and another one for another message, even where
        records were rolled back to a backup and count on from there.

        >>> Message(7, "order.opened", {"order": "a"}, 0).key
        'msg_7_993330a1d67e7196'
        """
        told = canonical({"id": self.id, "kind": self.kind, "body": self.body, "created_at_us": self.created_at_us})
        return f"msg_{self.id}_{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def post(connection: sa.Connection, kind: str, body: Json, at_us: int) -> None:
    """Put a message in the outbox, in the caller's transaction. Whoever posts waits for the one before to commit: a
    number that shows up below one that was seen already would be passed over for ever."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(AUDIT_HEAD.c.id).with_for_update())  # who audits holds it already
    subject = next((f"{name}:{body[name]}" for name in SUBJECTS if body.get(name)), "")
    row = {"kind": kind, "body": canonical(body), "created_at_us": at_us, "subject": subject[:200]}
    connection.execute(OUTBOX.insert(), row)


def pending(records: Records, limit: int = 100, after: int = 0) -> list[Message]:
    """Messages above a number that are neither delivered nor dead, oldest first."""
    query = sa.select(OUTBOX).where(_WAITING, _COLUMNS.id > after)
    return _read(records, query.order_by(_COLUMNS.id).limit(limit))


def due(records: Records, now_us: int, after: int = 0, limit: int = 100) -> list[Message]:
    """What may be sent now, oldest first: waiting messages above `after` whose time has come and that are the oldest
    one waiting of their subject."""
    earlier = OUTBOX.alias("earlier")
    waits = earlier.c.delivered_at_us.is_(None) & earlier.c.dead_at_us.is_(None) & (earlier.c.id > after)
    behind = sa.exists().where((earlier.c.subject == _COLUMNS.subject) & (earlier.c.id < _COLUMNS.id) & waits)
    ready = _COLUMNS.retry_at_us.is_(None) | (_COLUMNS.retry_at_us <= now_us)
    first = ~behind | (_COLUMNS.subject == "")
    query = sa.select(OUTBOX).where(_WAITING, _COLUMNS.id > after, ready, first).order_by(_COLUMNS.id).limit(limit)
    return _read(records, query)


def dead(records: Records, limit: int = 100) -> list[Message]:
    """Messages that are not tried any more, newest first."""
    return _read(
        records, sa.select(OUTBOX).where(_COLUMNS.dead_at_us.is_not(None)).order_by(_COLUMNS.id.desc()).limit(limit)
    )


def counted(records: Records, after: int = 0) -> tuple[int, int]:
    """How many wait (above `after`) and how many are dead."""
    waiting = sa.select(sa.func.count()).select_from(OUTBOX).where(_WAITING, _COLUMNS.id > after)
    dead = sa.select(sa.func.count()).select_from(OUTBOX).where(_COLUMNS.dead_at_us.is_not(None))
    with records.read() as connection:
        return connection.execute(waiting).scalar_one(), connection.execute(dead).scalar_one()


def posted_after(records: Records, id: int, limit: int = 100) -> list[Message]:
    """Messages with a higher number, delivered or not, oldest first: what a live page has not seen yet."""
    return _read(records, sa.select(OUTBOX).where(_COLUMNS.id > id).order_by(_COLUMNS.id).limit(limit))


def newest(records: Records) -> int:
    """The highest number so far, 0 before the first."""
    with records.read() as connection:
        return connection.execute(sa.select(sa.func.max(_COLUMNS.id))).scalar() or 0


def mark_delivered(records: Records, ids: Sequence[int], at_us: int) -> None:
    """Remember that these were sent. Marking twice changes nothing."""
    with records.write() as connection:
        unmarked = _COLUMNS.id.in_(ids) & _COLUMNS.delivered_at_us.is_(None)
        values = {"delivered_at_us": at_us, "retry_at_us": None, "dead_at_us": None}
        connection.execute(OUTBOX.update().where(unmarked).values(values))


def mark_failed(records: Records, message: Message, error: str, at_us: int, retry_at_us: int | None) -> None:
    """Remember that an attempt failed, and when the next one is due; None: never, the message is dead."""
    dead_at_us = at_us if retry_at_us is None else None
    values = {"attempts": message.attempts + 1, "error": error[:ERROR_LIMIT], "retry_at_us": retry_at_us}
    with records.write() as connection:
        mine = (_COLUMNS.id == message.id) & _COLUMNS.delivered_at_us.is_(None)
        connection.execute(OUTBOX.update().where(mine).values(**values, dead_at_us=dead_at_us))


def send_again(records: Records, id: int) -> None:
    """Let a dead message be tried again from the beginning. Raises Rejected for one that is not dead."""
    with records.write() as connection:
        mine = (_COLUMNS.id == id) & _COLUMNS.dead_at_us.is_not(None)
        values = {"attempts": 0, "retry_at_us": None, "dead_at_us": None}
        if not connection.execute(OUTBOX.update().where(mine).values(values)).rowcount:
            raise Rejected("not_dead", f"there is no dead message {id}: forewarn outbox list --dead names them")


def _read(records: Records, query: sa.Select[tuple[object, ...]]) -> list[Message]:
    with records.read() as connection:
        return [_message(row) for row in connection.execute(query)]


def _message(row: sa.Row[tuple[object, ...]]) -> Message:
    return Message(
        row.id,
        row.kind,
        json.loads(row.body),
        row.created_at_us,
        row.subject,
        row.attempts,
        row.retry_at_us,
        row.dead_at_us,
        row.error,
    )
