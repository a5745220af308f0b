"""Heads of the audit, noted outside of the records: one line of JSON each in a file that is only ever added to.

Who can write to the database can rewrite all of it. What was noted on another machine, in a mail, on paper, or sent to
a webhook before, he cannot: a record that was cut or rolled back no longer fits it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from forewarn.core.errors import Rejected
from forewarn.maintenance import outbox
from forewarn.maintenance.audit import AuditHead, audit_head
from forewarn.maintenance.records import Records
from forewarn.maintenance.settings_table import keep_setting, setting

SENT = "audit_head_sent"


def noted_line(head: AuditHead, at_us: int) -> str:
    """One line for a file of heads."""
    return json.dumps({"seq": head.seq, "hash": head.hash, "at_us": at_us})


def note_head(file: Path, head: AuditHead, at_us: int) -> bool:
    """Add the head to a file, durable when this returns; False when its last line tells it already. Raises OSError."""
    known = read_heads(file) if file.exists() else []
    if head in known[-1:] or head.seq == 0:
        return False
    with file.open("ab") as out:
        out.write(b"\n" if _is_torn(file) else b"")
        out.write(noted_line(head, at_us).encode() + b"\n")
        out.flush()
        os.fsync(out.fileno())
    return True


def read_heads(file: Path) -> list[AuditHead]:
    """The heads of a file. A line that a power cut tore is passed over; Rejected names any other that is no head."""
    text = file.read_text()
    lines = text.split("\n")
    heads: list[AuditHead] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            heads.append(AuditHead(int(told["seq"]), str(told["hash"])))
        except (ValueError, KeyError, TypeError) as error:
            if not line.endswith("}"):
                continue  # torn: what was being noted is not promised
            raise Rejected("no_audit_head", f'{file}:{number} is no line {{"seq": ..., "hash": ...}}') from error
    return heads


def export_head(
    records: Records, file: Path | None, at_us: int, say: Callable[[str], None] = lambda text: None
) -> bool:
    """Note the head of now in the file and post it to the outbox (`audit.head`), unless nothing was written since;
    whether there was news. A file that cannot be written is told, and does not keep the message back."""
    head = audit_head(records)
    if head.seq == 0 or setting(records, SENT) == head.hash:
        return False
    if file is not None:
        try:
            note_head(file, head, at_us)
        except OSError as error:
            say(f"the head of the audit could not be noted in {file}: {error}")
    with records.write() as connection:
        outbox.post(connection, "audit.head", {"seq": head.seq, "hash": head.hash}, at_us)
        keep_setting(records, SENT, head.hash)
    return True


def _is_torn(file: Path) -> bool:
    size = file.stat().st_size
    if size == 0:
        return False
    with file.open("rb") as look:
        look.seek(size - 1)
        return look.read(1) != b"\n"
