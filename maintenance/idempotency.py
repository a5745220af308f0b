"""Idempotency keys: a request that is sent again is answered again, not done again.

The key, the effect and the answer are written in one transaction, so a crash leaves all of them or none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Conflict, Rejected
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_postgresql import in_turn
from forewarn.maintenance.records_tables import IDEMPOTENCY

KEEP_US = US_PER_DAY


@dataclass(frozen=True, slots=True)
class Answer:
    """HTTP status and body, byte for byte what was answered first. `replayed`: it was not done this time."""

    status: int
    body: str
    replayed: bool


def idempotent(
    records: Records,
    key: str,
    actor: str,
    request_hash: str,
    work: Callable[[], tuple[int, str]],
    now_us: int,
) -> Answer:
    """Do `work` once per (actor, key) within 24 h of wall time `now_us`, and give its (status, body).

    `work` runs inside the transaction: what it writes to these records, and the key, become durable together. When it
    raises, nothing is kept and the key is free. Raises Rejected("idempotency_key_reused") when the key came with
    another request, Conflict when a twin, at work in another program at this moment, was faster; Retriable when such a
    twin is still at work after 10 s.
    """
    mine = (IDEMPOTENCY.c.actor == actor) & (IDEMPOTENCY.c.key == key)
    with records.write() as connection:
        in_turn(connection, "idempotency", actor, key)
        connection.execute(IDEMPOTENCY.delete().where(IDEMPOTENCY.c.expires_at_us <= now_us))
        known = connection.execute(sa.select(IDEMPOTENCY).where(mine)).one_or_none()
        if known is not None:
            if known.request_hash != request_hash:
                raise Rejected("idempotency_key_reused", f"the key {key} was used for another request")
            return Answer(known.status, known.body, replayed=True)
        status, body = work()
        row = {"actor": actor, "key": key, "request_hash": request_hash, "status": status, "body": body}
        try:
            connection.execute(IDEMPOTENCY.insert(), {**row, "expires_at_us": now_us + KEEP_US})
        except IntegrityError as error:
            raise Conflict(f"the request with the key {key} is at work elsewhere") from error
        return Answer(status, body, replayed=False)
