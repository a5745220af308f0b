"""The append-only record: who did what to which order, each row chained to the one before by SHA-256.

A change and its row are written in the same transaction, so what cannot be recorded does not happen. Triggers refuse
UPDATE, DELETE and TRUNCATE; who goes around them breaks the chain, and `verify_audit` names the first row that does
not fit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from forewarn.core.ports import Actor
from forewarn.core.work import Json
from forewarn.maintenance.bulk_insert import insert_many
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import AUDIT, AUDIT_HEAD

START = "0" * 64
"""What the first row is chained to."""

ROWS_AT_ONCE = 2_000


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


class Doubt(NamedTuple):
    """The first row that does not fit, and what is wrong with it, for people."""

    seq: int
    why: str


def doubt(rows: Iterable[Mapping[str, Any]], head: AuditHead, known: Iterable[AuditHead] = ()) -> Doubt | None:
    """The first row that is missing, changed or moved, or None when all is whole. `rows` ascend from the first one.

    `known` are heads that were written down elsewhere before: they show what the record itself cannot, a tail that was
    cut off together with its head, and a record that was rolled back and went on.
    """
    noted: dict[int, list[str]] = {}
    for one in known:
        noted.setdefault(one.seq, []).append(one.hash)
    last, proven = AuditHead(0, START), 0
    for row in rows:
        seq = last.seq + 1
        if row["seq"] != seq:
            return Doubt(seq, f"the row after {last.seq} has the number {row['seq']}")
        if row["prev"] != last.hash:
            return Doubt(seq, f"row {seq} is not chained to row {last.seq}")
        if row["hash"] != _hash(row):
            return Doubt(seq, f"row {seq} was changed")
        if any(hash != row["hash"] for hash in noted.get(seq, ())):
            return Doubt(seq, f"row {seq} is not the one that was noted: rewritten somewhere behind row {proven}")
        proven = seq if seq in noted else proven
        last = AuditHead(seq, row["hash"])
    furthest = max([head.seq, *noted])
    if last.seq < furthest:
        return Doubt(last.seq + 1, f"rows {last.seq + 1} to {furthest} are missing")
    return None if last == head else Doubt(head.seq, f"row {head.seq} is not the newest one that was written")


def _hash(row: Mapping[str, Any]) -> str:
    told = {key: value for key, value in row.items() if key not in ("hash", "prev")}
    return hashlib.sha256((row["prev"] + canonical(told)).encode()).hexdigest()


def append(connection: sa.Connection, entry: AuditEntry) -> int:
    """Write the row in the caller's transaction and give its number. Locks the head, so numbers have no gap."""
    row = chained(entry, _head(connection, lock=True))
    connection.execute(AUDIT.insert(), row)
    connection.execute(AUDIT_HEAD.update().values(seq=row["seq"], hash=row["hash"]))
    return int(row["seq"])


def append_all(connection: sa.Connection, entries: Iterable[AuditEntry]) -> int:
    """`append` for many at once, in their order: one look at the head, one at the end. The number of the last row."""
    head, rows = _head(connection, lock=True), []
    for entry in entries:
        rows.append(chained(entry, head))
        head = AuditHead(rows[-1]["seq"], rows[-1]["hash"])
    if rows:
        insert_many(connection, AUDIT, rows)
        connection.execute(AUDIT_HEAD.update().values(seq=head.seq, hash=head.hash))
    return head.seq


def audit_head(records: Records) -> AuditHead:
    """Newest row now; write it down somewhere else (paper, another machine) to be able to prove the tail."""
    with records.read() as connection:
        return _head(connection)


def audit_doubt(records: Records, known: Iterable[AuditHead] = ()) -> Doubt | None:
    """The first row of the record that does not fit, or None when the chain is whole; see `doubt`."""
    with records.read() as connection:
        query = AUDIT.select().order_by(AUDIT.c.seq).execution_options(yield_per=ROWS_AT_ONCE)
        head = _head(connection)
        with connection.execute(query) as found:
            return doubt((row._asdict() for row in found), head, known)


def verify_audit(records: Records, *known: AuditHead) -> int | None:
    """Number of the first bad row, or None when the chain is whole.

    `known` are heads that were written down before: a record that was rolled back behind one, or rewritten, is found
    too.
    """
    found = audit_doubt(records, known)
    return found.seq if found else None


def history_of(connection: sa.Connection, subject: str) -> list[Json]:
    """Rows of one subject, oldest first."""
    query = AUDIT.select().where(AUDIT.c.subject == subject).order_by(AUDIT.c.seq)
    return [as_history(dict(row)) for row in connection.execute(query).mappings()]


def _head(connection: sa.Connection, lock: bool = False) -> AuditHead:
    query = sa.select(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.hash)
    row = connection.execute(query.with_for_update() if lock else query).one()
    return AuditHead(row.seq, row.hash)
