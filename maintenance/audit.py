"""The append-only record: who did what to which order, each row chained to the one before by SHA-256.

A change and its row are written in the same transaction, so what cannot be recorded does not happen. Triggers refuse
UPDATE and DELETE; who goes around them breaks the chain, and `verify_audit` names the first row that does not fit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forewarn.core.ports import Actor
from forewarn.core.work import Json
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import AUDIT, AUDIT_HEAD

START = "0" * 64
"""What the first row is chained to."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change of one subject (an order's id). `before` and `after` hold the changed fields only."""

    at_us: int
    actor: Actor
    subject: str
    action: str
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class AuditHead:
    """Number and hash of the newest row. Kept elsewhere too, it shows a tail that was cut off."""

    seq: int
    hash: str


def chained(entry: AuditEntry, head: AuditHead) -> dict[str, Any]:
    """The row that follows `head`: hash = sha256(prev + canonical JSON of all other fields)."""
    row: dict[str, Any] = {
        "seq": head.seq + 1,
        "at_us": entry.at_us,
        "actor": entry.actor.name,
        "role": entry.actor.role,
        "subject": entry.subject,
        "action": entry.action,
        "before": canonical(entry.before),
        "after": canonical(entry.after),
        "prev": head.hash,
    }
    return {**row, "hash": _hash(row)}


def as_history(row: Mapping[str, Any]) -> Json:
    """A row as people read it, `before` and `after` as objects."""
    return {**row, "before": json.loads(row["before"]), "after": json.loads(row["after"])}


def first_bad(rows: Iterable[Mapping[str, Any]], head: AuditHead) -> int | None:
    """Number of the first row that is missing, changed or moved, or None. `rows` ascend from the first one."""
    last = AuditHead(0, START)
    for row in rows:
        if row["seq"] != last.seq + 1 or row["prev"] != last.hash or row["hash"] != _hash(row):
            return last.seq + 1
        last = AuditHead(row["seq"], row["hash"])
    if last.seq < head.seq:
        return last.seq + 1
    return None if last == head else head.seq


def _hash(row: Mapping[str, Any]) -> str:
    told = {key: value for key, value in row.items() if key not in ("hash", "prev")}
    return hashlib.sha256((row["prev"] + canonical(told)).encode()).hexdigest()


def append(connection: sa.Connection, entry: AuditEntry) -> int:
    """Write the row in the caller's transaction and give its number. Locks the head, so numbers have no gap."""
    row = chained(entry, _head(connection, lock=True))
    connection.execute(AUDIT.insert().values(row))
    connection.execute(AUDIT_HEAD.update().values(seq=row["seq"], hash=row["hash"]))
    return int(row["seq"])


def audit_head(records: Records) -> AuditHead:
    """Newest row now; write it down somewhere else (paper, another machine) to be able to prove the tail."""
    with records.read() as connection:
        return _head(connection)


def verify_audit(records: Records, known: AuditHead | None = None) -> int | None:
    """Number of the first bad row, or None when the chain is whole.

    `known` is a head that was written down before: a record that was rolled back behind it, or rewritten, is found too.
    """
    with records.read() as connection:
        rows = (row._asdict() for row in connection.execute(AUDIT.select().order_by(AUDIT.c.seq)))
        bad = first_bad(rows, _head(connection))
        if bad is not None or known is None or known.seq == 0:
            return bad
        found = connection.execute(sa.select(AUDIT.c.hash).where(AUDIT.c.seq == known.seq)).scalar()
        return None if found == known.hash else known.seq


def history_of(connection: sa.Connection, subject: str) -> list[Json]:
    """Rows of one subject, oldest first."""
    query = AUDIT.select().where(AUDIT.c.subject == subject).order_by(AUDIT.c.seq)
    return [as_history(dict(row)) for row in connection.execute(query).mappings()]


def _head(connection: sa.Connection, lock: bool = False) -> AuditHead:
    query = sa.select(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.hash)
    row = connection.execute(query.with_for_update() if lock else query).one()
    return AuditHead(row.seq, row.hash)
